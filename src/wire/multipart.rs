//! Bodies of several parts, as `multipart/related` and `multipart/form-data` have them. As strict as XML
//! is read here: what was cut short has no closing delimiter, and is refused. Only lines that end with a
//! line feed alone are forgiven.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quoted_printable::ParseMode;

use super::params::PAIRS_MAX;
use super::{Unreadable, media};

/// The longest boundary, by RFC 2046.
const BOUNDARY_BYTES_MAX: usize = 70;

/// Headers of one part.
const HEADERS_MAX: usize = 32;

/// One part, its headers unfolded.
pub(super) struct Part<'a> {
    headers: Vec<(String, String)>,
    body: &'a [u8],
}

/// Takes a body apart at the boundary that its content type names.
///
/// # Errors
/// [`Unreadable::Multipart`].
pub(super) fn parts<'a>(content_type: &str, body: &'a [u8]) -> Result<Vec<Part<'a>>, Unreadable> {
    let boundary = media::parameter(content_type, "boundary").unwrap_or_default();
    let boundary = boundary.trim_end();
    if !(1..=BOUNDARY_BYTES_MAX).contains(&boundary.len()) {
        return Err(Unreadable::Multipart("has no boundary"));
    }
    let mut parts = Vec::new();
    let mut at = delimiter(body, 0, boundary).ok_or(Unreadable::Multipart("does not begin"))?;
    while !at.closes {
        if parts.len() == PAIRS_MAX {
            return Err(Unreadable::TooMany("parts"));
        }
        let next = delimiter(body, at.end, boundary).ok_or(Unreadable::Multipart("does not end"))?;
        parts.push(Part::read(&body[at.end..next.start.max(at.end)])?);
        at = next;
    }
    Ok(parts)
}

/// A line that parts the body, with the line end before it.
struct Delimiter {
    start: usize,
    end: usize,
    closes: bool,
}

/// The next delimiter at or after the beginning of a line at `from`.
fn delimiter(body: &[u8], from: usize, boundary: &str) -> Option<Delimiter> {
    let mut line = from;
    loop {
        let length = body[line..].iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let end = length.map_or(body.len(), |length| line + length);
        let rest =
            body[line..end].strip_prefix(b"--").and_then(|rest| rest.strip_prefix(boundary.as_bytes()));
        if let Some(rest) = rest {
            let after = rest.strip_prefix(b"--");
            // Blanks may follow, and nothing else: else it is a longer boundary, or text.
            if after.unwrap_or(rest).trim_ascii().is_empty() && (after.is_some() || length.is_some()) {
                return Some(Delimiter { start: text_end(body, line), end, closes: after.is_some() });
            }
        }
        length?;
        line = end;
    }
}

/// Where the text before a line ends: the line end before a delimiter belongs to the delimiter.
fn text_end(body: &[u8], line: usize) -> usize {
    let before = &body[..line];
    let before = before.strip_suffix(b"\n").map_or(before, |text| text.strip_suffix(b"\r").unwrap_or(text));
    before.len()
}

impl<'a> Part<'a> {
    fn read(part: &'a [u8]) -> Result<Self, Unreadable> {
        let mut headers: Vec<(String, String)> = Vec::new();
        let mut rest = part;
        loop {
            let end = rest.iter().position(|byte| *byte == b'\n');
            let end = end.ok_or(Unreadable::Multipart("has a part without an end of its headers"))?;
            let line = String::from_utf8_lossy(&rest[..end]);
            rest = &rest[end + 1..];
            let line = line.strip_suffix('\r').unwrap_or(&line);
            if line.is_empty() {
                return Ok(Self { headers, body: rest });
            }
            let count = headers.len();
            match (line.starts_with([' ', '\t']), headers.last_mut(), line.split_once(':')) {
                (true, Some((_, value)), _) => *value = format!("{value} {}", line.trim()),
                (false, _, Some((name, value))) if count < HEADERS_MAX => {
                    headers.push((name.trim().to_owned(), value.trim().to_owned()));
                }
                _ => return Err(Unreadable::Multipart("has a part with other than headers at its head")),
            }
        }
    }

    /// The first header of that name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The bytes inside, its transfer encoding taken off.
    ///
    /// # Errors
    /// [`Unreadable::Multipart`] for one that we do not know, or that they are not in.
    pub(super) fn content(&self) -> Result<Cow<'a, [u8]>, Unreadable> {
        let encoding = self.header("Content-Transfer-Encoding").unwrap_or("binary").to_ascii_lowercase();
        let decoded = match encoding.as_str() {
            "7bit" | "8bit" | "binary" => return Ok(self.body.into()),
            "base64" => base64(self.body),
            "quoted-printable" => quoted_printable(self.body),
            _ => return Err(Unreadable::Multipart("has a part in an unknown transfer encoding")),
        };
        decoded
            .map(Cow::Owned)
            .ok_or(Unreadable::Multipart("has a part that is not in its transfer encoding"))
    }
}

fn base64(body: &[u8]) -> Option<Vec<u8>> {
    let dense: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(dense).ok()
}

/// Longer lines than the standard's, and small hexadecimal digits, are taken; what it cannot mean is not.
fn quoted_printable(body: &[u8]) -> Option<Vec<u8>> {
    let plain = |byte: &u8| matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~');
    let escapes = body.split(|byte| *byte == b'=').skip(1);
    let is_escape = |text: &[u8]| {
        let line_end = || text.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r')) == Some(&b'\n');
        matches!(text, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit()) || line_end()
    };
    let can_be = body.iter().all(plain) && escapes.into_iter().all(is_escape);
    if can_be { quoted_printable::decode(body, ParseMode::Robust).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: &str = "multipart/related; boundary=\"b\"";

    /// Each part as `name: value|body`.
    fn told(body: &str) -> Result<Vec<String>, Unreadable> {
        let tell = |part: &Part<'_>| {
            let headers: String =
                part.headers.iter().map(|(name, value)| format!("{name}: {value}|")).collect();
            Ok(headers + &String::from_utf8_lossy(&part.content()?))
        };
        parts(KIND, body.as_bytes())?.iter().map(tell).collect()
    }

    #[track_caller]
    fn check(body: &str, expected: &[&str]) {
        for body in [body.to_owned(), body.replace('\n', "\r\n")] {
            let told = told(&body).unwrap_or_else(|error| panic!("{body}: {error}"));
            let told: Vec<_> = told.iter().map(|part| part.replace("\r\n", "\n")).collect();
            assert_eq!(told, expected, "{body}");
        }
    }

    #[track_caller]
    fn refuse(body: &str) {
        assert!(told(body).is_err(), "{body}: {:?}", told(body));
    }

    #[test]
    fn parts_are_what_stands_between_delimiters() {
        check("--b\n\none\n--b--", &["one"]);
        check(
            "before\n--b \nA: 1\nB:\n 2\n  3\n\none\n\n--b\t\n\n\n--b--\nafter\n--b\n",
            &["A: 1|B:  2 3|one\n", ""],
        );
        check("--b\n\n--bc\n--\n --b\nx--b\n--b--\n", &["--bc\n--\n --b\nx--b"]);
        check("--b--\n", &[]);
    }

    #[test]
    fn transfer_encodings_are_taken_off() {
        check(
            "--b\nContent-Transfer-Encoding: BASE64\n\nPGE\n+eTwvYT4=\n--b--",
            &["Content-Transfer-Encoding: BASE64|<a>y</a>"],
        );
        check(
            "--b\ncontent-transfer-encoding: quoted-printable\n\n=3Ca b=3d'=C3=A9'=\n/>\n--b--",
            &["content-transfer-encoding: quoted-printable|<a b='é'/>"],
        );
        check("--b\nContent-Transfer-Encoding: 8bit\n\né\n--b--", &["Content-Transfer-Encoding: 8bit|é"]);
    }

    #[test]
    fn what_is_no_multipart() {
        for body in
            ["", "--b", "--b\n", "--b\n\none", "--b\n\none\n--bc--", "--b\n\none --b--", "--c\n\none\n--c--"]
        {
            refuse(body);
        }
        for part in ["A: 1\n--b--", "no header\n\none\n--b--", " folded\n\none\n--b--"] {
            refuse(&format!("--b\n{part}"));
        }
        for (encoding, text) in [
            ("base64", "PGE+eTwvYT4"),
            ("base64", "%"),
            ("quoted-printable", "=3"),
            ("quoted-printable", "=ZZ"),
            ("quoted-printable", "é"),
            ("x-uuencode", "x"),
        ] {
            refuse(&format!("--b\nContent-Transfer-Encoding: {encoding}\n\n{text}\n--b--"));
        }
        refuse(&("--b\n\n\n".repeat(PAIRS_MAX + 1) + "--b--"));
        refuse(&format!("--b\n{}\n\n--b--", "A: 1\n".repeat(HEADERS_MAX + 1)));
        assert!(parts("multipart/related", b"--\n\n\n----").is_err());
        assert!(parts(&format!("multipart/related; boundary={}", "b".repeat(71)), b"").is_err());
    }
}
