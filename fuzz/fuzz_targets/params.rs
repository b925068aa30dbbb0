//! A query or a form body of any bytes, on either path. The first byte chooses path and content type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sdp_gateway::wire::accessgw::AccessGw;
use sdp_gateway::wire::content::{Sent, Unopened};
use sdp_gateway::wire::request::{self, Expected};
use sdp_gateway::wire::{Message, params};
use sdp_gateway_fuzz::answers_hold;

/// As much as is decoded.
const BYTES_MAX: usize = 65_536;

const CODINGS: [Option<&str>; 5] = [None, Some("gzip"), Some("deflate"), Some("br"), Some("gzip, br")];

const TYPES: [Option<&str>; 8] = [
    None,
    Some("application/x-www-form-urlencoded"),
    Some("application/x-www-form-urlencoded; charset=windows-1258"),
    Some("Application/X-WWW-Form-Urlencoded ;charset=\"utf-16\""),
    Some("text/xml; charset=iso-8859-1"),
    Some("nonsense;;charset"),
    Some("multipart/related; boundary=b"),
    Some("multipart/form-data; boundary=b"),
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, sent)) = input.split_first() else { return };
    let expected = if choice & 1 == 0 { Expected::Notify } else { Expected::Check };
    let content_type = TYPES[usize::from(choice >> 1) % TYPES.len()];

    // The codings that a body may be in, and parts, are chosen by the same byte.
    let content_encoding = CODINGS[usize::from(choice >> 4) % CODINGS.len()];
    let body = Sent { content_type, content_encoding, body: sent };
    let read = match request::body(expected, &body, BYTES_MAX) {
        Ok(message) => Ok(message),
        Err(Unopened::Unreadable(error)) => Err(error),
        Err(Unopened::TooLarge | Unopened::UnknownCoding) => return,
    };
    answers_hold(&read);
    // What is kept is read again to the same message.
    let again = request::notify("POST", "", &body);
    if let (Expected::Notify, Ok(Message::AccessGw(message))) = (expected, &read) {
        assert_eq!(again.as_ref(), Ok(message));
    }

    let Ok(query) = std::str::from_utf8(sent) else { return };
    match (request::query(expected, query), params::parse(sent)) {
        (Ok(Some(message)), Ok(pairs)) => {
            assert!(!pairs.is_empty());
            answers_hold(&Ok(message));
        }
        (Ok(None), Ok(pairs)) if expected == Expected::Notify => {
            assert!(!pairs.iter().any(|(name, _)| AccessGw::knows(name)));
        }
        (Ok(None), Ok(_)) => {}
        (Err(error), Err(_)) => answers_hold(&Err(error)),
        (query, pairs) => panic!("{query:?} from {pairs:?}"),
    }
});
