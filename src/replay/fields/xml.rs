//! Known fields among XML elements. A scanner and no parser, on purpose: messages that no parser
//! takes are replayed too, and a value may stand in a comment's neighbourhood, CDATA or references.

use super::{Found, field};

/// The local name, lower-cased, of the message's root: the first ACCESSGW or RQST at any depth.
pub(crate) fn root(text: &super::Text) -> Option<String> {
    let mut names = Tags { text: &text.view, at: 0 }.map(|tag| tag.local.to_ascii_lowercase());
    names.find(|name| name == "rqst" || name == "accessgw")
}

/// The known fields of an XML text.
pub(crate) fn in_xml(text: &str) -> Vec<Found> {
    let tags = Tags { text, at: 0 };
    tags.filter_map(|tag| {
        let field = field(tag.local)?;
        let at = tag.content_at?;
        let content = content(text, at)?;
        let (place, value) = value(content);
        let range = at + place.start..at + place.end;
        Some(Found { field, range, value })
    })
    .collect()
}

struct Tag<'a> {
    local: &'a str,
    /// Where its content begins; none for a self-closed element.
    content_at: Option<usize>,
}

/// The opening tags of a text, in order.
struct Tags<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            self.at += self.text[self.at..].find('<')?;
            let rest = &self.text[self.at..];
            if let Some(skipped) = skipped(rest) {
                self.at += skipped;
                continue;
            }
            let length = tag_length(rest)?;
            self.at += length;
            let inside = &rest[1..length - 1];
            let name = inside.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default();
            let local = name.rsplit(':').next().unwrap_or_default();
            let content_at = (!inside.ends_with('/')).then_some(self.at);
            return Some(Tag { local, content_at });
        }
    }
}

/// How much of what begins here is no opening tag.
fn skipped(rest: &str) -> Option<usize> {
    for (opens, closes) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
        if rest.starts_with(opens) {
            return Some(rest.find(closes).map_or(rest.len(), |at| at + closes.len()));
        }
    }
    let other = rest.starts_with("</") || rest.starts_with("<!");
    other.then_some(2)
}

/// The length of a tag up to its `>`, quoted attribute values passed over.
fn tag_length(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in rest.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

/// What stands between an opening tag that ends at `from` and its closing tag; none where another
/// element begins first or nothing closes it.
fn content(text: &str, from: usize) -> Option<&str> {
    let mut at = from;
    loop {
        at += text[at..].find('<')?;
        let rest = &text[at..];
        if rest.starts_with("</") {
            return Some(&text[from..at]);
        }
        if !rest.starts_with("<!--") && !rest.starts_with("<![CDATA[") {
            return None;
        }
        at += skipped(rest)?;
    }
}

/// Where in `content` its value stands, and the value. Plain text and a lone CDATA section keep what
/// is around the value; anything more tangled is replaced whole.
fn value(content: &str) -> (std::ops::Range<usize>, String) {
    let mut start = content.len() - content.trim_start().len();
    let mut inner = content.trim();
    let section = inner.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>"));
    if let Some(section) = section.filter(|section| !section.contains("]]>")) {
        start += "<![CDATA[".len() + section.len() - section.trim_start().len();
        inner = section.trim();
    } else if inner.contains(['<', '&']) {
        let value = resolved(inner).trim().to_owned();
        return (start..start + inner.len(), value);
    }
    (start..start + inner.len(), inner.to_owned())
}

/// The characters of a mixture of text, CDATA, comments and references.
fn resolved(content: &str) -> String {
    let mut out = String::new();
    let mut rest = content;
    while let Some(at) = rest.find(['<', '&']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = if rest.starts_with('<') { skipped(rest).unwrap_or(1) } else { reference(rest) };
        let piece = &rest[..length];
        match piece.strip_prefix("<![CDATA[") {
            Some(section) => out.push_str(section.trim_end_matches("]]>")),
            None if piece.starts_with('&') => out.push_str(&character(piece)),
            None => {}
        }
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

fn reference(rest: &str) -> usize {
    rest.find(';').map_or(1, |at| at + 1)
}

/// A numeric reference as its character; every other stays as it is written.
fn character(reference: &str) -> String {
    let number = reference.strip_prefix("&#").and_then(|rest| rest.strip_suffix(';'));
    let code = number.and_then(|number| match number.strip_prefix('x') {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => number.parse().ok(),
    });
    code.and_then(char::from_u32).map_or_else(|| reference.to_owned(), String::from)
}

#[cfg(test)]
mod tests {
    use super::super::{Field, New, Text, replaced};
    use super::*;

    #[track_caller]
    fn check(xml: &str, value: &str, changed: &str) {
        let found = in_xml(xml);
        assert_eq!(found.len(), 1, "{xml}");
        assert_eq!((found[0].field, found[0].value.as_str()), (Field::Queue, value), "{xml}");
        assert_eq!(replaced(xml, &found, |_| Some(New::Whole("9".into())), str::to_owned), changed);
    }

    #[test]
    fn a_value_is_found_and_replaced_in_its_place() {
        check("<a><queueID>12</queueID></a>", "12", "<a><queueID>9</queueID></a>");
        check("<q:QUEUE_ID x='>'> 12\n</q:QUEUE_ID >", "12", "<q:QUEUE_ID x='>'> 9\n</q:QUEUE_ID >");
        check("<queueID><![CDATA[ 12]]></queueID>", "12", "<queueID><![CDATA[ 9]]></queueID>");
        check("<queueID>1<!-- <x> -->2</queueID>", "12", "<queueID>9</queueID>");
        check("<queueID>1&#50;</queueID>", "12", "<queueID>9</queueID>");
        check(
            "<!-- <queueID>1</queueID> --><queueID>12</queueID>",
            "12",
            "<!-- <queueID>1</queueID> --><queueID>9</queueID>",
        );
    }

    #[test]
    fn what_is_no_value_is_left_alone() {
        for xml in ["<queueID/>", "<queueID><x/></queueID>", "<queueID>12", "<other>1</other>", "<queueID"] {
            assert_eq!(in_xml(xml), [], "{xml}");
        }
    }

    #[test]
    fn roots() {
        let root = |xml: &str| root(&Text::read(xml.as_bytes()));
        assert_eq!(root("<?xml version='1.0'?><s:Envelope><s:Body><n:RQST>").as_deref(), Some("rqst"));
        assert_eq!(root("<ACCESSGW><RQST/>").as_deref(), Some("accessgw"));
        assert_eq!(root("hello"), None);
    }
}
