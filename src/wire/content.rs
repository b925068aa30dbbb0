//! What a body holds, whatever it came in: its codings taken off, and of several parts the one that
//! counts. The same for a body just received and for one kept long ago; what the inside means is left to
//! whoever asked.

use std::borrow::Cow;

use super::coding::{self, Undecoded};
use super::multipart::{self, Part};
use super::{Unreadable, decode, media};

/// The most that is decoded of a body kept earlier, in bytes. It was taken under the bound of its day,
/// which was not above this.
pub const KEPT_BYTES_MAX: usize = 16 << 20;

/// The field of a form that names the charset of the others (RFC 7578).
const CHARSET_FIELD: &str = "_charset_";

/// A body as it came, and what its headers say of it.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Content-Encoding`; several lines as one.
    pub content_encoding: Option<&'a str>,
    /// The bytes.
    pub body: &'a [u8],
}

/// What was in it.
#[derive(Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// Something of this content type.
    Whole(Option<Cow<'a, str>>, Cow<'a, [u8]>),
    /// The fields of a `multipart/form-data`, in their order.
    Fields(Vec<(String, String)>),
}

/// Why it was not found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// In a coding that we do not know: 415.
    #[error("the body is in an unknown coding")]
    UnknownCoding,
    /// More than may be decoded: 413.
    #[error("the body is too large once decoded")]
    TooLarge,
    /// Damaged.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl<'a> Sent<'a> {
    /// Opens it; no coding may give more than `bytes_max` bytes. A body that begins like XML or JSON is
    /// taken for that, whatever its content type says.
    ///
    /// # Errors
    /// [`Unopened`].
    pub fn open(&self, bytes_max: usize) -> Result<Content<'a>, Unopened> {
        let decoded =
            coding::decode(self.content_encoding, self.body, bytes_max).map_err(|error| match error {
                Undecoded::Unknown => Unopened::UnknownCoding,
                Undecoded::TooLarge => Unopened::TooLarge,
                Undecoded::Damaged => Unopened::Unreadable(Unreadable::Coding),
            })?;
        let whole = |decoded| Ok(Content::Whole(self.content_type.map(Cow::Borrowed), decoded));
        let Some(kind) = self.content_type.filter(|kind| is_multipart(kind)) else { return whole(decoded) };
        if decode::text(&decoded, None).trim_start().starts_with(['<', '{']) {
            return whole(decoded);
        }
        let parts = multipart::parts(kind, &decoded)?;
        if media::is(Some(kind), FORM_DATA) {
            Ok(Content::Fields(fields(&parts)?))
        } else {
            Ok(root(kind, &parts)?)
        }
    }
}

const FORM_DATA: &str = "multipart/form-data";

fn is_multipart(kind: &str) -> bool {
    media::is(Some(kind), FORM_DATA) || media::is(Some(kind), "multipart/related")
}

/// The part that `start` names, else the first.
fn root(kind: &str, parts: &[Part<'_>]) -> Result<Content<'static>, Unreadable> {
    let root = match media::parameter(kind, "start") {
        Some(start) => {
            parts.iter().find(|part| part.header("Content-ID").is_some_and(|id| bare(id) == bare(&start)))
        }
        None => parts.first(),
    };
    let root = root.ok_or(Unreadable::Multipart("has no root"))?;
    let kind = root.header("Content-Type").map(|kind| Cow::Owned(kind.to_owned()));
    Ok(Content::Whole(kind, Cow::Owned(root.content()?.into_owned())))
}

fn bare(id: &str) -> &str {
    id.trim().trim_start_matches('<').trim_end_matches('>')
}

/// Parts without a name are no fields. U+0000 is U+FFFF, as in every other parameter.
fn fields(parts: &[Part<'_>]) -> Result<Vec<(String, String)>, Unreadable> {
    let mut named = Vec::with_capacity(parts.len());
    for part in parts {
        let name = media::parameter(part.header("Content-Disposition").unwrap_or_default(), "name");
        if let Some(name) = name {
            named.push((name.into_owned(), part, part.content()?));
        }
    }
    let charset = named.iter().find(|(name, ..)| name == CHARSET_FIELD);
    let charset = charset.map(|(_, _, value)| String::from_utf8_lossy(value).trim().to_owned());
    let field = |(name, part, value): &(String, &Part<'_>, Cow<'_, [u8]>)| {
        let own = part.header("Content-Type").and_then(|kind| media::parameter(kind, "charset"));
        let text = decode::text(value, own.as_deref().or(charset.as_deref()));
        (name.replace('\0', "\u{FFFF}"), text.replace('\0', "\u{FFFF}"))
    };
    Ok(named.iter().filter(|(name, ..)| name != CHARSET_FIELD).map(field).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open<'a>(content_type: &'a str, body: &'a str) -> Result<Content<'a>, Unopened> {
        Sent { content_type: Some(content_type), content_encoding: None, body: body.as_bytes() }.open(100)
    }

    #[track_caller]
    fn whole(content_type: &str, body: &str, kind: Option<&str>, inside: &str) {
        let expected = Content::Whole(kind.map(Cow::Borrowed), Cow::Borrowed(inside.as_bytes()));
        assert_eq!(open(content_type, body), Ok(expected), "{content_type}");
    }

    #[test]
    fn the_root_is_the_first_part_or_the_one_named() {
        let body =
            "--b\nContent-ID: <1@x>\n\none\n--b\nContent-Type: text/xml\nContent-Id: <2@x>\n\ntwo\n--b--";
        whole("multipart/related; boundary=b", body, None, "one");
        whole("Multipart/Related; boundary=b; start=\"<2@x>\"", body, Some("text/xml"), "two");
        whole("multipart/related; start=2@x; boundary=b", body, Some("text/xml"), "two");
        assert!(open("multipart/related; boundary=b; start=\"<3@x>\"", body).is_err());
        assert!(open("multipart/related; boundary=b", "--b--").is_err(), "no part at all");
    }

    #[test]
    fn what_looks_like_xml_or_json_is_no_multipart() {
        for body in ["\u{FEFF} <a/>", "{\"a\":1}"] {
            whole("multipart/related; boundary=b", body, Some("multipart/related; boundary=b"), body);
        }
        let mixed = "multipart/mixed; boundary=b";
        whole(mixed, "--b\n\none\n--b--", Some(mixed), "--b\n\none\n--b--");
    }

    #[test]
    fn fields_have_names_and_charsets() {
        let body = b"--b\nContent-Disposition: form-data; name=\"_charset_\"\n\nlatin1\n\
            --b\nContent-Disposition: form-data; name=\"a b\"\n\nk\xFD\n\
            --b\nContent-Disposition: form-data\n\nnobody\n\
            --b\nContent-Disposition: form-data; name=f; filename=\"x\"\nContent-Type: text/plain; charset=windows-1258\n\n\xD0\n--b--";
        let kind = Some("multipart/form-data; boundary=b");
        let opened = Sent { content_type: kind, content_encoding: None, body }.open(0);
        let fields = vec![("a b".to_owned(), "ký".to_owned()), ("f".to_owned(), "Đ".to_owned())];
        assert_eq!(opened, Ok(Content::Fields(fields)));
    }
}
