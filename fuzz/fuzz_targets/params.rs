//! A query or a form body of any bytes, on either path. The first byte chooses path and content type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sdp_gateway::wire::accessgw::AccessGw;
use sdp_gateway::wire::request::{self, Expected};
use sdp_gateway::wire::{Message, params};
use sdp_gateway_fuzz::answers_hold;

const TYPES: [Option<&str>; 6] = [
    None,
    Some("application/x-www-form-urlencoded"),
    Some("application/x-www-form-urlencoded; charset=windows-1258"),
    Some("Application/X-WWW-Form-Urlencoded ;charset=\"utf-16\""),
    Some("text/xml; charset=iso-8859-1"),
    Some("nonsense;;charset"),
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, sent)) = input.split_first() else { return };
    let expected = if choice & 1 == 0 { Expected::Notify } else { Expected::Check };
    let content_type = TYPES[usize::from(choice >> 1) % TYPES.len()];

    let read = request::body(expected, content_type, sent);
    answers_hold(&read);
    // What is kept is read again to the same message.
    let again = request::notify("POST", "", content_type, sent);
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
