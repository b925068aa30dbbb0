//! What several targets ask of the gateway's answers: one line of well-formed XML that says what was
//! sent.

use roxmltree::Document;
use sdp_gateway::wire::accessgw;
use sdp_gateway::wire::code::Code;
use sdp_gateway::wire::rqst;
use sdp_gateway::wire::{Message, Unreadable};

/// Answers what was read with every code; each answer must be well-formed and repeat what it should.
pub fn answers_hold(read: &Result<Message, Unreadable>) {
    match read {
        Ok(Message::AccessGw(message)) => {
            let echo = message.echo();
            let fields = [
                ("queueID", echo.queue_id),
                ("msisdn", echo.msisdn),
                ("service_id", echo.service_id),
                ("package_id", echo.package_id),
            ];
            for code in Code::ALL {
                says(&accessgw::render(code, &echo), code, &fields);
            }
        }
        Ok(Message::Rqst(message)) => {
            let echo = message.echo();
            let fields = [
                ("requestid", echo.request_id),
                ("msisdn", echo.msisdn),
                ("service", echo.service),
                ("package", echo.package),
            ];
            for code in Code::ALL {
                says(&rqst::render(code, 1, &echo), code, &fields);
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn says(answer: &str, code: Code, fields: &[(&str, Option<&str>)]) {
    let breaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    assert!(!answer.contains(breaks), "more than one line: {answer:?}");
    let document = Document::parse(answer).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    let text = |name: &str| {
        let mut named = document.descendants().filter(|node| node.has_tag_name(name));
        let node = named.next().unwrap_or_else(|| panic!("no {name}: {answer:?}"));
        assert!(named.next().is_none(), "two {name}: {answer:?}");
        assert!(!node.children().any(|child| child.is_element()), "elements in {name}: {answer:?}");
        node.text().unwrap_or("").to_owned()
    };
    assert_eq!(text("error_id"), code.error_id());
    for (name, sent) in fields {
        assert_eq!(text(name), echoed(sent.unwrap_or("")), "{name}");
    }
}

/// What of a value comes back: all but what XML cannot carry.
fn echoed(sent: &str) -> String {
    let allowed = |c: &char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    sent.chars().filter(allowed).collect()
}
