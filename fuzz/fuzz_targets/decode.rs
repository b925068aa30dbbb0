//! Any bytes under any named encoding. The first byte chooses the charset of the Content-Type; the rest
//! is the body.
#![no_main]

use std::borrow::Cow;

use libfuzzer_sys::fuzz_target;
use sdp_gateway::wire::{decode, read_text};
use sdp_gateway_fuzz::answers_hold;

const CHARSETS: [Option<&str>; 12] = [
    None,
    Some("utf-8"),
    Some("UTF-16"),
    Some("utf-16be"),
    Some("windows-1258"),
    Some("iso-8859-1"),
    Some("ibm866"),
    Some("gbk"),
    Some("shift_jis"),
    Some("iso-2022-jp"),
    Some("x-user-defined"),
    Some(""),
];

fuzz_target!(|input: &[u8]| {
    let Some((choice, body)) = input.split_first() else { return };
    let charset = CHARSETS[usize::from(*choice) % CHARSETS.len()];
    let text = decode::text(body, charset);
    // No encoding that is read makes more than three bytes of text of one.
    assert!(text.len() <= body.len() * 3 + 3, "{} bytes of {}", text.len(), body.len());
    if let Ok(plain) = std::str::from_utf8(body) {
        let marked = body.starts_with(b"\xEF\xBB\xBF");
        let utf_16 = body.iter().take(2).any(|byte| *byte == 0);
        assert!(utf_16 || text == plain.strip_prefix('\u{FEFF}').unwrap_or(plain));
        assert!(utf_16 || marked || matches!(text, Cow::Borrowed(_)));
    }
    answers_hold(&read_text(&text));
});
