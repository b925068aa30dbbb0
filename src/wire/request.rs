//! A whole request to the one message inside: XML, a form, or a query. The same for a request just
//! received and for one kept long ago and read again.

use super::accessgw::AccessGw;
use super::rqst::Rqst;
use super::{Message, Unreadable, decode, params, read_text};

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

/// Reads a POST's body: XML whatever its content type says, else a form where it says so.
///
/// # Errors
/// When it is no message.
pub fn body(expected: Expected, content_type: Option<&str>, body: &[u8]) -> Result<Message, Unreadable> {
    let text = decode::text(body, content_type.and_then(charset));
    let is_form = content_type.is_some_and(|kind| essence(kind).eq_ignore_ascii_case(FORM));
    if is_form && !decode::is_markup(&text) {
        return from_params(expected, body)?.ok_or(Unreadable::NotXml);
    }
    read_text(&text)
}

/// A kept notify read again; a message of another root is none.
///
/// # Errors
/// When it is no message, as [`query`] and [`body`].
pub fn notify(
    method: &str,
    sent_query: &str,
    content_type: Option<&str>,
    sent_body: &[u8],
) -> Result<AccessGw, Unreadable> {
    let message = match method {
        "GET" => query(Expected::Notify, sent_query)?.ok_or(Unreadable::NotXml)?,
        _ => body(Expected::Notify, content_type, sent_body)?,
    };
    match message {
        Message::AccessGw(message) => Ok(message),
        Message::Rqst(_) => Err(Unreadable::WrongRoot),
    }
}

/// Parameters carry no root, module or type: the path stands for them where they are not given.
fn from_params(expected: Expected, bytes: &[u8]) -> Result<Option<Message>, Unreadable> {
    let pairs = params::parse(bytes)?;
    Ok(match expected {
        Expected::Notify => params::has_any(&pairs, AccessGw::knows).then(|| {
            let mut message = AccessGw::from_params(pairs);
            message.module.get_or_insert_with(|| "SDP".to_owned());
            message.message_type.get_or_insert_with(|| "NOTIFY".to_owned());
            Message::AccessGw(message)
        }),
        Expected::Check => {
            params::has_any(&pairs, Rqst::knows).then(|| Message::Rqst(Rqst::from_params(pairs)))
        }
    })
}

fn essence(content_type: &str) -> &str {
    content_type.split_once(';').map_or(content_type, |(essence, _)| essence).trim()
}

/// The `charset` parameter of a content type.
fn charset(content_type: &str) -> Option<&str> {
    let parameters = content_type.split(';').skip(1);
    let mut named = parameters.filter_map(|parameter| parameter.split_once('='));
    let (_, value) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(value.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn module(expected: Expected, content_type: Option<&str>, sent: &[u8], module: Option<&str>) {
        let read = match body(expected, content_type, sent) {
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
    fn charsets_are_found() {
        assert_eq!(charset("text/xml; Charset=\"windows-1258\""), Some("windows-1258"));
        assert_eq!(charset("text/xml"), None);
    }
}
