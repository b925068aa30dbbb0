//! Strict writing of one-line XML: the elements of an answer, and what has to be escaped in them.
//! Which elements an answer has is left to the messages.

use super::names;

/// The fixed text of the longer answer, with its longest description.
const FIXED_BYTES: usize = 320;

/// Begins an answer with room for all of it, if nothing has to be escaped.
pub(super) fn begin(start: &str, echoes: &[Option<&str>]) -> String {
    let echoed: usize = echoes.iter().flatten().map(|value| value.len()).sum();
    let mut answer = String::with_capacity(FIXED_BYTES + echoed);
    answer.push_str(start);
    answer
}

/// Writes one element, empty where nothing of the value can be written.
pub(super) fn element(answer: &mut String, name: &str, value: Option<&str>) {
    answer.push('<');
    answer.push_str(name);
    match value.filter(|value| value.chars().any(names::is_char)) {
        None => answer.push_str("/>"),
        Some(value) => {
            answer.push('>');
            escape(answer, value);
            answer.push_str("</");
            answer.push_str(name);
            answer.push('>');
        }
    }
}

/// Writes a value as text that reads back as the value, on one line: line ends and tabs as
/// references, and what XML forbids left out. The plain stretches between are copied whole.
fn escape(answer: &mut String, value: &str) {
    let mut rest = value;
    // Nearly every value is, and bytes are looked at faster than characters.
    if value.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'&' | b'<' | b'>')) {
        return answer.push_str(value);
    }
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| !is_written_as_is(*c)) {
        answer.push_str(&rest[..at]);
        answer.push_str(written(c));
        rest = &rest[at + c.len_utf8()..];
    }
    answer.push_str(rest);
}

fn is_written_as_is(c: char) -> bool {
    match c {
        '&' | '<' | '>' | '\u{85}' | '\u{2028}' | '\u{2029}' => false,
        ' '..='~' => true,
        _ => c >= ' ' && names::is_char(c),
    }
}

/// How a character that cannot stand as it is gets written. Some readers take U+0085, U+2028 and
/// U+2029 for line ends too.
fn written(c: char) -> &'static str {
    match c {
        '&' => "&amp;",
        '<' => "&lt;",
        '>' => "&gt;",
        '\t' => "&#9;",
        '\n' => "&#10;",
        '\r' => "&#13;",
        '\u{85}' => "&#x85;",
        '\u{2028}' => "&#x2028;",
        '\u{2029}' => "&#x2029;",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements() {
        for (value, expected) in [
            (None, "<a/>"),
            (Some(""), "<a/>"),
            (Some("\u{1}\u{FFFF}"), "<a/>"),
            (Some("84945989325"), "<a>84945989325</a>"),
            (Some("KQ &<@]]>"), "<a>KQ &amp;&lt;@]]&gt;</a>"),
            (Some("a\u{1}b\u{FFFE}c"), "<a>abc</a>"),
            (Some("1\r\n2\t3\u{2028}4"), "<a>1&#13;&#10;2&#9;3&#x2028;4</a>"),
            (Some("gói \"cước\" '1'"), "<a>gói \"cước\" '1'</a>"),
        ] {
            let mut answer = String::new();
            element(&mut answer, "a", value);
            assert_eq!(answer, expected);
        }
    }
}
