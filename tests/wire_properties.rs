//! What holds for every input: reading never panics, and every answer is one line of well-formed
//! XML that says what was sent.

#[path = "support/wire.rs"]
mod bytes;
#[path = "support/properties.rs"]
mod properties;

use bytes::{looks_like_xml, read_xml};
use proptest::prelude::*;
use roxmltree::Document;
use sdp_gateway::wire::accessgw::{self, AccessGw};
use sdp_gateway::wire::code::Code;
use sdp_gateway::wire::rqst::{self, Rqst};
use sdp_gateway::wire::{Message, decode, params, read_text};

/// What of a value comes back: trimmed, and without what XML cannot carry.
fn echoed(sent: &str) -> String {
    let allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    sent.trim().chars().filter(allowed).collect()
}

/// Each element of the answer that has no elements in it, with its text, in order.
fn leaves(answer: &str) -> Vec<(String, String)> {
    let line_end = |c: char| matches!(c, '\n' | '\r' | '\t' | '\u{85}' | '\u{2028}' | '\u{2029}');
    assert!(!answer.contains(line_end), "{answer:?}");
    let document = Document::parse(answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
    let elements = document.descendants().filter(|node| node.is_element());
    let leaves = elements.filter(|node| !node.children().any(|child| child.is_element()));
    leaves.map(|leaf| (leaf.tag_name().name().to_owned(), leaf.text().unwrap_or("").to_owned())).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// Values of every kind: any characters, and those that matter in XML more often than by chance.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\x00-\\x20<>&'\"\\]\\[!;#a0\u{85}\u{2028}\u{FFFE}\u{FFFF}ộ]{0,12}",
        "84[0-9]{9}",
    ]
}

proptest! {
    #![proptest_config(properties::tried(2000, "tests/regressions/wire_properties.txt"))]

    #[test]
    fn any_bytes_are_read_without_panic(body in prop::collection::vec(any::<u8>(), 0..200), charset in value()) {
        let text = decode::text(&body, Some(&charset));
        prop_assert_eq!(read_xml(&body, Some(&charset)), read_text(&text));
        prop_assert_eq!(looks_like_xml(&body, Some(&charset)), decode::is_markup(&text));
        prop_assert!(params::parse(&body).is_ok());
    }

    #[test]
    fn anything_like_xml_is_read_without_panic(text in "[<>/&;!?='\" \n\\[\\]:x-]{0,60}", charset in "utf-16|latin1|gbk") {
        for text in [text.clone(), format!("<RQST>{text}</RQST>"), format!("<?xml {text}?><RQST/>")] {
            prop_assert_eq!(read_xml(text.as_bytes(), Some(&charset)), read_text(&text));
        }
    }

    #[test]
    fn answers_to_a_notify_say_what_was_sent(a in value(), b in value(), c in value(), d in value()) {
        let sent = [("queueID", &a), ("msisdn", &b), ("service_id", &c), ("package_id", &d)];
        let message = AccessGw::from_params(sent);
        for code in Code::ALL {
            let expected = pairs(&[
                ("MODULE", "SDP NOTIFIER"),
                ("MESSAGE_TYPE", "RESPONSE"),
                ("error_id", code.error_id()),
                ("error_desc", code.notify_desc()),
                ("queueID", &echoed(&a)),
                ("msisdn", &echoed(&b)),
                ("service_id", &echoed(&c)),
                ("package_id", &echoed(&d)),
            ]);
            prop_assert_eq!(leaves(&accessgw::render(code, &message.echo())), expected);
        }
    }

    #[test]
    fn answers_to_a_check_say_what_was_sent(a in value(), b in value(), c in value(), d in value(), status in 0..=1_u8) {
        let sent = [("requestid", &a), ("msisdn", &b), ("service", &c), ("package", &d)];
        let message = Rqst::from_params(sent);
        for code in Code::ALL {
            let expected = pairs(&[
                ("requestid", &echoed(&a)),
                ("msisdn", &echoed(&b)),
                ("service", &echoed(&c)),
                ("package", &echoed(&d)),
                ("status", &status.to_string()),
                ("error_id", code.error_id()),
                ("error_desc", code.check_desc()),
            ]);
            prop_assert_eq!(leaves(&rqst::render(code, status, &message.echo())), expected);
        }
    }

    /// What the gateway writes, it reads back the same: the root of our answer to a notify is a
    /// message to the reader too.
    #[test]
    fn written_values_are_read_back(a in value(), b in value()) {
        let sent = AccessGw::from_params([("queueID", echoed(&a)), ("msisdn", echoed(&b))]);
        let answer = accessgw::render(Code::Kept, &sent.echo());
        let Ok(Message::AccessGw(read)) = read_xml(answer.as_bytes(), None) else { panic!("{answer}") };
        prop_assert_eq!(read.echo(), sent.echo());
    }
}
