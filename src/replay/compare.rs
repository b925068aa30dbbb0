//! Two replies compared as XML: names, attributes, texts and the order of elements count; blanks
//! between elements, comments, and how a character is written do not.

use roxmltree::{Document, Node};

/// How many differences of one reply are listed.
const DIFFERENCES_MAX: usize = 50;

/// Each difference on one line; none when the replies say the same. An expected reply that is no XML
/// (or empty) is compared as text.
pub(super) fn differences(expected: &[u8], came: &[u8]) -> Vec<String> {
    let expected = String::from_utf8_lossy(expected);
    let expected = expected.trim_start_matches('\u{feff}').trim();
    let came = match std::str::from_utf8(came) {
        Ok(came) => came.trim_start_matches('\u{feff}').trim(),
        Err(error) => return vec![format!("the answer is not UTF-8: {error}")],
    };
    let mut found = Vec::new();
    match (Document::parse(expected), Document::parse(came)) {
        (Ok(expected), Ok(came)) => elements("", expected.root_element(), came.root_element(), &mut found),
        (Ok(_), Err(error)) => found.push(format!("the answer is not XML: {error}")),
        (Err(_), _) if expected == came => {}
        (Err(_), _) => found.push("the answer is another text".to_owned()),
    }
    found.truncate(DIFFERENCES_MAX);
    found
}

fn elements(above: &str, expected: Node<'_, '_>, came: Node<'_, '_>, found: &mut Vec<String>) {
    let path = format!("{above}/{}", name(expected));
    if name(expected) != name(came) {
        return found.push(format!("{path}: expected this element, came {}", name(came)));
    }
    attributes(&path, expected, came, found);
    let (want, got) = (text(expected), text(came));
    if want != got {
        found.push(format!("{path}: expected {want:?}, came {got:?}"));
    }
    let (want, got) = (inner(expected), inner(came));
    let names = |nodes: &[Node<'_, '_>]| nodes.iter().map(|node| name(*node)).collect::<Vec<_>>().join(", ");
    if names(&want) == names(&got) {
        want.iter().zip(&got).for_each(|(want, got)| elements(&path, *want, *got, found));
    } else {
        found.push(format!("{path}: expected the elements [{}], came [{}]", names(&want), names(&got)));
    }
}

fn attributes(path: &str, expected: Node<'_, '_>, came: Node<'_, '_>, found: &mut Vec<String>) {
    let list = |node: Node<'_, '_>| {
        let mut list: Vec<String> =
            node.attributes().map(|a| format!("{}={:?}", a.name(), a.value())).collect();
        list.sort();
        list.join(" ")
    };
    let (want, got) = (list(expected), list(came));
    if want != got {
        found.push(format!("{path}: expected the attributes [{want}], came [{got}]"));
    }
}

fn inner<'a, 'input>(node: Node<'a, 'input>) -> Vec<Node<'a, 'input>> {
    node.children().filter(Node::is_element).collect()
}

/// A name as it counts: its namespace and local part, not its prefix.
fn name(node: Node<'_, '_>) -> String {
    let tag = node.tag_name();
    tag.namespace().map_or_else(|| tag.name().to_owned(), |space| format!("{{{space}}}{}", tag.name()))
}

/// The element's own characters, exactly; blanks alone are none.
fn text(node: Node<'_, '_>) -> String {
    let pieces = node.children().filter(Node::is_text).filter_map(|text| text.text());
    let text: String = pieces.collect();
    if text.trim().is_empty() { String::new() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(expected: &str, came: &str) {
        assert_eq!(differences(expected.as_bytes(), came.as_bytes()), [""; 0], "{came}");
    }

    #[track_caller]
    fn other(expected: &str, came: &str, said: &str) {
        let found = differences(expected.as_bytes(), came.as_bytes());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(said), "{found:?}");
    }

    #[test]
    fn what_xml_does_not_tell_apart_is_the_same() {
        same("<a>\n  <b/>\n</a>", "\u{feff}<a><b></b></a>\n");
        same("<a x='1' y='2'>&lt;</a>", "<?xml version='1.0'?><a y=\"2\" x=\"1\"><![CDATA[<]]></a>");
        same("<a><!-- why -->1</a>", "<a>1</a>");
        same("<n:a xmlns:n='u'/>", "<a xmlns='u'/>");
        same("not found", "not found\n");
        same("", "");
    }

    #[test]
    fn what_differs_is_said() {
        other("<a><b>1</b></a>", "<a><b>2</b></a>", r#"/a/b: expected "1", came "2""#);
        other("<a><b>1</b></a>", "<a><b> 1</b></a>", r#"came " 1""#);
        other("<a><b/><c/></a>", "<a><c/><b/></a>", "[b, c], came [c, b]");
        other("<a><b/></a>", "<a><b/><b/></a>", "[b], came [b, b]");
        other("<a x='1'/>", "<a/>", r#"attributes [x="1"], came []"#);
        other("<a/>", "<b/>", "/a: expected this element, came b");
        other("<a/>", "<a>", "not XML");
        other("<a/>", "", "not XML");
        other("", "<a/>", "another text");
        assert_eq!(differences(b"<a/>", b"<a>\xff</a>").len(), 1);
    }
}
