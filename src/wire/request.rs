//! A whole request to the one message inside: XML, a form, or a query. The same for a request just
//! received and for one kept long ago and read again.

use super::accessgw::AccessGw;
use super::content::{Content, KEPT_BYTES_MAX, Sent, Unopened};
use super::params::Pairs;
use super::rqst::Rqst;
use super::{Message, Unreadable, decode, media, params, read_text};

/// The message that a path is for: decides where the root does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// `notify_reg` and its aliases.
    Notify,
    /// `notify_check` and its alias.
    Check,
}

/// What a request without XML in it carries.
const FORM: &str = "application/x-www-form-urlencoded";

/// Reads a GET's query. `Ok(None)`: none of the message's parameters is there, so it is no message.
///
/// # Errors
/// When there are too many parameters.
pub fn query(expected: Expected, query: &str) -> Result<Option<Message>, Unreadable> {
    from_params(expected, query.as_bytes())
}

/// Reads a POST's body: XML whatever its content type says, else a form where it says so. Codings are taken
/// off while they give no more than `bytes_max` bytes.
///
/// # Errors
/// When it is no message, or its coding is not taken off.
pub fn body(expected: Expected, sent: &Sent<'_>, bytes_max: usize) -> Result<Message, Unopened> {
    let read = match sent.open(bytes_max)? {
        Content::Whole(content_type, bytes) => whole(expected, content_type.as_deref(), &bytes),
        Content::Fields(fields) => {
            let pairs = fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            from_pairs(expected, pairs).ok_or(Unreadable::NotXml)
        }
    };
    Ok(read?)
}

fn whole(expected: Expected, content_type: Option<&str>, body: &[u8]) -> Result<Message, Unreadable> {
    let charset = content_type.and_then(|kind| media::parameter(kind, "charset"));
    let text = decode::text(body, charset.as_deref());
    if media::is(content_type, FORM) && !decode::is_markup(&text) {
        return from_params(expected, body)?.ok_or(Unreadable::NotXml);
    }
    read_text(&text)
}

/// A kept notify read again; a message of another root is none.
///
/// # Errors
/// When it is no message, as [`query`] and [`body`].
pub fn notify(method: &str, sent_query: &str, sent: &Sent<'_>) -> Result<AccessGw, Unopened> {
    let message = match method {
        "GET" => query(Expected::Notify, sent_query)?.ok_or(Unreadable::NotXml)?,
        _ => body(Expected::Notify, sent, KEPT_BYTES_MAX)?,
    };
    match message {
        Message::AccessGw(message) => Ok(message),
        Message::Rqst(_) => Err(Unreadable::WrongRoot.into()),
    }
}

fn from_params(expected: Expected, bytes: &[u8]) -> Result<Option<Message>, Unreadable> {
    Ok(from_pairs(expected, params::parse(bytes)?))
}

/// Parameters carry no root, module or type: the path stands for them where they are not given.
fn from_pairs(expected: Expected, pairs: Pairs<'_>) -> Option<Message> {
    match expected {
        Expected::Notify => params::has_any(&pairs, AccessGw::knows).then(|| {
            let mut message = AccessGw::from_params(pairs);
            message.module.get_or_insert_with(|| "SDP".to_owned());
            message.message_type.get_or_insert_with(|| "NOTIFY".to_owned());
            Message::AccessGw(message)
        }),
        Expected::Check => {
            params::has_any(&pairs, Rqst::knows).then(|| Message::Rqst(Rqst::from_params(pairs)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn module(expected: Expected, content_type: Option<&str>, sent: &[u8], module: Option<&str>) {
        let sent = Sent { content_type, content_encoding: None, body: sent };
        let read = match body(expected, &sent, 0) {
            Ok(Message::AccessGw(message)) => message.module,
            Ok(Message::Rqst(_)) => Some("check".to_owned()),
            Err(_) => None,
        };
        assert_eq!(read.as_deref(), module);
    }

    #[test]
    fn a_body_is_what_it_looks_like() {
        use Expected::{Check, Notify};
        let xml = b" <ACCESSGW><MODULE>X</MODULE></ACCESSGW>";
        module(Notify, None, xml, Some("X"));
        module(Notify, Some("application/x-www-form-urlencoded"), xml, Some("X"));
        module(Check, Some("text/plain"), xml, Some("X"));
        let form = b"msisdn=84945989325";
        module(Notify, Some("Application/X-WWW-Form-Urlencoded; charset=utf-8"), form, Some("SDP"));
        module(Check, Some("application/x-www-form-urlencoded"), form, Some("check"));
        module(Notify, Some("text/plain"), form, None);
        module(Notify, None, form, None);
        module(Notify, Some("application/x-www-form-urlencoded"), b"hello=1", None);
        module(Notify, Some("application/x-www-form-urlencoded"), b"", None);
    }

    #[test]
    fn a_form_of_parts_is_a_form() {
        let field = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let body = [&field("msisdn", "84945989325"), &field("regType", "1"), "--b--"].concat();
        let kind = Some("multipart/form-data; boundary=b");
        module(Expected::Notify, kind, body.as_bytes(), Some("SDP"));
        module(Expected::Check, kind, body.as_bytes(), Some("check"));
        module(Expected::Notify, kind, (field("hello", "1") + "--b--").as_bytes(), None);
        module(Expected::Notify, kind, field("msisdn", "84945989325").as_bytes(), None);
    }
}
