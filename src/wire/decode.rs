//! Bytes to text, forgivingly: what the bytes are counts for more than what they are said to be.
//! Whether the text is XML at all is left to `xml`.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How far into a body its declaration is looked for. The longest one in use is under 80 bytes.
const DECLARATION_BYTES_MAX: usize = 256;

/// Decodes a body. Valid UTF-8 is borrowed and wins over any declared encoding; UTF-16 is known by
/// its byte order mark or by its first character; then a single-byte encoding named by the XML
/// declaration, or by `charset` (of the Content-Type) where the declaration names none; what is
/// left is UTF-8 with U+FFFD for every byte sequence that is not. The byte order mark is dropped.
#[must_use]
pub fn text<'a>(body: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    if let Some((order, bytes)) = utf_16(body) {
        return order.decode_without_bom_handling(bytes).0;
    }
    let (bytes, marked) = match body.strip_prefix(b"\xEF\xBB\xBF") {
        Some(rest) => (rest, true),
        None => (body, false),
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) if marked => String::from_utf8_lossy(bytes),
        Err(_) => legacy(bytes, charset).decode_without_bom_handling(bytes).0,
    }
}

/// Whether the first character that is not blank is `<`.
#[must_use]
pub fn is_markup(text: &str) -> bool {
    text.trim_start().starts_with('<')
}

/// The byte order and the bytes of a body in UTF-16. Without a mark, a first character that is `<`
/// or a blank has one zero byte, which no XML in an ASCII-like encoding can have.
fn utf_16(body: &[u8]) -> Option<(&'static Encoding, &[u8])> {
    match body {
        [0xFF, 0xFE, rest @ ..] => Some((UTF_16LE, rest)),
        [0xFE, 0xFF, rest @ ..] => Some((UTF_16BE, rest)),
        [b'<' | b' ' | b'\t' | b'\r' | b'\n', 0, ..] => Some((UTF_16LE, body)),
        [0, b'<' | b' ' | b'\t' | b'\r' | b'\n', ..] => Some((UTF_16BE, body)),
        _ => None,
    }
}

/// The encoding of bytes that are not UTF-8. Encodings of several bytes a character are not
/// guessed at: in them a stray byte can swallow a `<`.
fn legacy(bytes: &[u8], charset: Option<&str>) -> &'static Encoding {
    declared(bytes)
        .or(charset.map(str::as_bytes))
        .and_then(Encoding::for_label)
        .filter(|encoding| encoding.is_single_byte())
        .unwrap_or(UTF_8)
}

/// The encoding an XML declaration names. Only enough of it is understood to find the name;
/// `xml` checks its form.
fn declared(bytes: &[u8]) -> Option<&[u8]> {
    let rest = bytes.trim_ascii_start().strip_prefix(b"<?xml")?;
    let rest = &rest[..rest.len().min(DECLARATION_BYTES_MAX)];
    let rest = &rest[..find(rest, b"?>")?];
    let after = find(rest, b"encoding")? + b"encoding".len();
    let value = rest[after..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first().filter(|(quote, _)| matches!(quote, b'"' | b'\''))?;
    value.split(|byte| byte == quote).next()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf_16_bytes(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn valid_utf_8_is_borrowed_and_wins() {
        for (body, charset) in [
            ("<a>Đăng ký</a>", None),
            ("<a>Đăng ký</a>", Some("windows-1258")),
            ("<?xml version='1.0' encoding='iso-8859-1'?><a>ký</a>", None),
            ("<?xml version='1.0' encoding='utf-16'?><a>ký</a>", Some("utf-16")),
        ] {
            assert!(matches!(text(body.as_bytes(), charset), Cow::Borrowed(t) if t == body), "{body}");
        }
        assert_eq!(text(b"\xEF\xBB\xBF<a/>", None), "<a/>");
    }

    #[test]
    fn declared_single_byte_encodings() {
        for (body, charset, expected) in [
            (&b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>"[..], None, "é"),
            (b"\r\n<?xml version=\"1.0\" encoding = \"windows-1258\" ?><a>\xD0</a>", None, "Đ"),
            (b"<?xml version='1.0'?><a>\xD0</a>", Some("windows-1258"), "Đ"),
            (b"<a>\xE9</a>", Some("latin1"), "é"),
            (b"<a>\xE9</a>", None, "\u{FFFD}"),
            (b"<a>\xE9</a>", Some("nonsense"), "\u{FFFD}"),
            // The declaration is closer to the bytes than the header is.
            (b"<?xml version='1.0' encoding='utf-8'?><a>\xE9</a>", Some("latin1"), "\u{FFFD}"),
            (b"<?xml version='1.0' encoding='x-none'?><a>\xE9</a>", Some("latin1"), "\u{FFFD}"),
            // Several bytes a character: not guessed at.
            (b"<?xml version='1.0' encoding='gbk'?><a>\xC4</a>", None, "\u{FFFD}"),
            // The mark says UTF-8 whatever the declaration does.
            (b"\xEF\xBB\xBF<?xml version='1.0' encoding='latin1'?><a>\xE9</a>", None, "\u{FFFD}"),
        ] {
            let decoded = text(body, charset);
            assert!(decoded.ends_with(&format!("<a>{expected}</a>")), "{decoded}");
        }
    }

    #[test]
    fn utf_16_by_mark_or_first_character() {
        for body in ["<a>ký</a>", "\r\n<a>ký</a>"] {
            assert_eq!(text(&utf_16_bytes(body, u16::to_le_bytes), None), body);
            assert_eq!(text(&utf_16_bytes(body, u16::to_be_bytes), None), body);
            let marked = format!("\u{FEFF}{body}");
            assert_eq!(text(&utf_16_bytes(&marked, u16::to_le_bytes), Some("utf-8")), body);
            assert_eq!(text(&utf_16_bytes(&marked, u16::to_be_bytes), None), body);
        }
        assert_eq!(text(b"<\0a\0/\0>\0\0", None), "<a/>\u{FFFD}", "half a character");
    }

    #[test]
    fn markup_is_known_by_its_first_character() {
        for (body, markup) in [
            (&b" \r\n<a"[..], true),
            (b"\xEF\xBB\xBF\n<", true),
            (b"\xFF\xFE<\0", true),
            (b"msisdn=1&x=<", false),
            (b"", false),
            (b"{\"a\":1}", false),
        ] {
            assert_eq!(is_markup(&text(body, None)), markup, "{body:?}");
        }
    }
}
