//! Which characters and names XML 1.0 (fifth edition) and its namespaces allow. Where they may
//! stand is left to `xml` and `tag`.

/// Whether XML allows `c` at all.
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..)
}

/// Whether `c` is a blank of XML's own grammar.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// Where in `text` the first character stands that XML forbids. One pass without branches over the
/// bytes settles all but the rare text with a byte that could begin U+FFFE or U+FFFF.
pub(super) fn forbidden_at(text: &str) -> Option<usize> {
    let (mut control, mut suspect) = (false, false);
    for byte in text.bytes() {
        control |= byte < b' ' && byte != b'\t' && byte != b'\n' && byte != b'\r';
        suspect |= byte == 0xEF;
    }
    if !control && !suspect {
        return None;
    }
    text.char_indices().find(|(_, c)| !is_char(*c)).map(|(at, _)| at)
}

/// Splits a qualified name into prefix (empty where it has none) and local name; `None` when it is
/// not a name, or its colons stand where namespaces do not allow them.
pub(super) fn split(name: &str) -> Option<(&str, &str)> {
    if is_plain(name) {
        return Some(("", name));
    }
    let (prefix, local) = name.split_once(':')?;
    (is_plain(prefix) && is_plain(local)).then_some((prefix, local))
}

/// Whether `name` is a name without a colon.
pub(super) fn is_plain(name: &str) -> bool {
    // Nearly every name is ASCII, and bytes are looked at faster than characters.
    if let [first, rest @ ..] = name.as_bytes()
        && (first.is_ascii_alphabetic() || *first == b'_')
        && rest.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    {
        return true;
    }
    let mut chars = name.chars();
    chars.next().is_some_and(is_start) && chars.all(is_part)
}

fn is_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || (!c.is_ascii() && is_start_beyond_ascii(c))
}

fn is_part(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' | '.' => true,
        '\0'..='\x7F' => false,
        '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}' => true,
        _ => is_start_beyond_ascii(c),
    }
}

/// The ranges of `NameStartChar` after ASCII.
fn is_start_beyond_ascii(c: char) -> bool {
    matches!(c,
        '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}'
        | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}'
        | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// What a reference between `&` and `;` stands for: one of the five names XML knows by itself, or
/// the number of an allowed character. Without a DOCTYPE there are no others.
pub(super) fn referred(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => numbered(name.strip_prefix('#')?),
    }
}

fn numbered(digits: &str) -> Option<char> {
    let (digits, radix) = match digits.strip_prefix('x') {
        Some(hexadecimal) => (hexadecimal, 16),
        None => (digits, 10),
    };
    // `from_str_radix` alone would take a sign.
    let all_digits = digits.chars().all(|c| c.is_digit(radix));
    let number = u32::from_str_radix(digits, radix).ok().filter(|_| all_digits)?;
    char::from_u32(number).filter(|c| is_char(*c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, expected) in [
            ("queueID", Some(("", "queueID"))),
            ("soap-env:Body", Some(("soap-env", "Body"))),
            ("_a.1", Some(("", "_a.1"))),
            ("gói", Some(("", "gói"))),
            ("a\u{B7}", Some(("", "a\u{B7}"))),
            ("", None),
            (":a", None),
            ("a:", None),
            ("a:b:c", None),
            ("a:1", None),
            ("1a", None),
            ("-a", None),
            ("\u{B7}a", None),
            ("a\u{D7}", None),
            ("a/b", None),
        ] {
            assert_eq!(split(name), expected, "{name}");
        }
    }

    #[test]
    fn references() {
        for (name, expected) in [
            ("amp", Some('&')),
            ("#65", Some('A')),
            ("#x1F4F7", Some('\u{1F4F7}')),
            ("#000000000000000065", Some('A')),
            ("nbsp", None),
            ("AMP", None),
            ("#", None),
            ("#x", None),
            ("#X41", None),
            ("#+65", None),
            ("#0", None),
            ("#xD800", None),
            ("#xFFFE", None),
            ("#x110000", None),
            ("#99999999999", None),
        ] {
            assert_eq!(referred(name), expected, "{name}");
        }
    }

    #[test]
    fn forbidden_characters() {
        assert_eq!(forbidden_at("a\t\r\n\u{7F}\u{85}ộ\u{FFFD}\u{10FFFF}"), None);
        for (text, at) in [("\0", 0), ("a\x0B", 1), ("\x1F", 0), ("\u{FFFE}", 0), ("ộ\u{FFFF}", 3)] {
            assert_eq!(forbidden_at(text), Some(at), "{text:?}");
        }
    }
}
