//! The parameters of a query string or of a form body. Which of them a message knows is left to
//! the messages.

use std::borrow::Cow;

use super::Unreadable;

/// Parameters in one request. A notify has twenty-four.
pub const PAIRS_MAX: usize = 256;

/// Names and values in the order they came, decoded.
pub type Pairs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Decodes a query string (without its `?`) or a form body: `%` escapes, `+` as a blank, and U+FFFD
/// for what is not UTF-8. For U+0000, which not every database can keep, it is U+FFFF: XML can have neither, so
/// both are left out of an answer.
///
/// # Errors
/// When there are more than [`PAIRS_MAX`].
pub fn parse(bytes: &[u8]) -> Result<Pairs<'_>, Unreadable> {
    let pairs = form_urlencoded::parse(bytes).map(|(name, value)| (without_nul(name), without_nul(value)));
    let pairs: Pairs<'_> = pairs.take(PAIRS_MAX + 1).collect();
    if pairs.len() > PAIRS_MAX { Err(Unreadable::TooMany("parameters")) } else { Ok(pairs) }
}

fn without_nul(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{FFFF}").into() } else { text }
}

/// Whether any of the parameters is one that the message knows, with a value or without:
/// `has_any(&pairs, AccessGw::knows)`.
#[must_use]
pub fn has_any(pairs: &Pairs<'_>, knows: fn(&str) -> bool) -> bool {
    pairs.iter().any(|(name, _)| knows(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::accessgw::AccessGw;
    use crate::wire::rqst::Rqst;

    #[test]
    fn parameters_are_decoded() {
        let pairs = parse(b"msisdn=%2B84945989325&commandcode=DK+L1&note=%FF%00&&empty=&alone").unwrap();
        let expected = [
            ("msisdn", "+84945989325"),
            ("commandcode", "DK L1"),
            ("note", "\u{FFFD}\u{FFFF}"),
            ("empty", ""),
            ("alone", ""),
        ];
        assert_eq!(pairs, expected.map(|(name, value)| (name.into(), value.into())));
    }

    #[test]
    fn parameters_are_bounded() {
        assert_eq!(parse(&b"a=1&".repeat(PAIRS_MAX)).map(|pairs| pairs.len()), Ok(PAIRS_MAX));
        assert_eq!(parse(&b"a=1&".repeat(PAIRS_MAX + 1)), Err(Unreadable::TooMany("parameters")));
    }

    #[test]
    fn a_message_knows_its_parameters() {
        for (query, notify, check) in [
            ("wsdl", false, false),
            ("", false, false),
            ("MSISDN=", true, true),
            ("x=1&queue_id=2", true, false),
            ("service=1", false, true),
            ("MODULE=SDP", true, false),
        ] {
            let pairs = parse(query.as_bytes()).unwrap();
            assert_eq!(has_any(&pairs, AccessGw::knows), notify, "{query}");
            assert_eq!(has_any(&pairs, Rqst::knows), check, "{query}");
        }
    }
}
