//! A body of any bytes: no panic, the same twice, a valid XML parser agrees with every acceptance, and
//! each answer to what was read is well-formed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use roxmltree::Document;
use sdp_gateway::wire::{decode, read_text};
use sdp_gateway_fuzz::answers_hold;

fuzz_target!(|body: &[u8]| {
    let text = decode::text(body, None);
    let read = read_text(&text);
    assert_eq!(read, read_text(&text));
    if read.is_ok() {
        assert!(decode::is_markup(&text));
        // Blanks before a declaration are forgiven, and whatever encoding it names is.
        if let Err(error) = Document::parse(text.trim_start()) {
            panic!("accepted, but {error}: {text:?}");
        }
    }
    answers_hold(&read);
});
