//! What others wrote, as commands print it: shown, and not obeyed by the terminal.

use serde_json::Value;

use crate::gateway::{Gateway, Ledger, request};
use crate::said::REG;
use crate::{Ended, cli};

const NUMBER: &str = "84945989325";

/// Clears a screen, sets a title, turns the direction of writing, forges a line.
const HOSTILE: &str = "a\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{202e}b\n! forged\r\t\u{feff}";
const SHOWN: &str = r"a\u001b[2J\u001b]0;x\u0007\u009b31m\u202eb\n! forged";

/// Nothing of it moves a cursor or hides.
#[track_caller]
fn harmless(text: &str) {
    let hidden = |c: char| c.is_control() && c != '\n' || "\u{202e}\u{feff}".contains(c);
    assert!(!text.contains(hidden), "{}", text.escape_debug());
    assert!(!text.lines().any(|line| line.starts_with("! forged")), "{text}");
}

fn beside(gateway: &Gateway, arguments: &str, code: i32) -> Ended {
    let ended = cli(&gateway.folder, "", arguments);
    ended.check(code);
    harmless(&ended.out);
    harmless(&ended.err);
    ended
}

#[test]
fn fields_of_notices_are_shown_escaped_and_json_is_the_same_json() {
    let gateway = Gateway::start("[worker]\nenabled = false\n");
    let fields = [
        ("queueID", HOSTILE),
        ("msisdn", NUMBER),
        ("regType", "1"),
        ("service_id", HOSTILE),
        ("package_id", "1003013"),
        ("channel", HOSTILE),
        ("subcribeTime", "20261001000000"),
    ];
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    assert_eq!(request(gateway.main, "POST", REG, &headers, form.as_bytes()).element("error_id"), "0");
    for (arguments, is_json) in [
        (format!("subscriber show {NUMBER}"), false),
        ("notices list".to_owned(), false),
        (format!("subscriber show {NUMBER} --json"), true),
        ("notices list --json".to_owned(), true),
        ("notices show 1".to_owned(), true),
        ("notices export".to_owned(), true),
    ] {
        let ended = beside(&gateway, &arguments, 0);
        if is_json {
            let printed: Value = serde_json::from_str(&ended.out).expect("JSON");
            let text = printed.to_string();
            assert!(text.contains("forged"), "{arguments}: {text}");
        } else {
            assert!(ended.out.contains(SHOWN), "{arguments}: {}", ended.out);
        }
    }
    let shown: Value = serde_json::from_str(&beside(&gateway, "notices show 1", 0).out).expect("JSON");
    assert_eq!(shown, gateway.admin("/api/v1/notices/1").json(), "it is what was sent");
}

#[test]
fn what_stands_in_the_ledger_from_before_is_shown_escaped() {
    let gateway =
        Gateway::start("[worker]\nenabled = false\n[[partner]]\nname = 'app'\ntoken = 'app-token'\n");
    let path = format!("/v1/subscribers/{NUMBER}/devices/cam-1");
    let headers = [("Authorization", "Bearer app-token")];
    let body = br#"{"user_account": "ann", "camera": "door"}"#;
    assert_eq!(request(gateway.main, "PUT", &path, &headers, body).status, 200);
    crate::said::register("1", NUMBER).tell(&gateway);
    let ledger = Ledger::of(&gateway.folder);
    ledger.execute(&format!("UPDATE device SET camera = '{HOSTILE}'"));
    ledger.execute(&format!("UPDATE task SET last_error = '{HOSTILE}', state = 'dead'"));
    let story = beside(&gateway, &format!("subscriber show {NUMBER}"), 0);
    assert!(story.out.contains(SHOWN), "{}", story.out);
    beside(&gateway, "tasks list", 0);
    beside(&gateway, "tasks list --json", 0);
}

#[test]
fn a_fault_that_quotes_others_is_told_on_its_own_lines() {
    let gateway = Gateway::start("");
    std::fs::write(gateway.folder.join("codes.csv"), format!("code,kind,days\nABC,{HOSTILE},1\n"))
        .expect("written");
    assert!(!beside(&gateway, "codes import codes.csv", 1).err.is_empty());
    let mut command = Gateway::cli(&gateway.folder, "");
    let ended = crate::run(command.args(["replay", "--target", "http://127.0.0.1:1", HOSTILE]));
    assert_ne!(ended.code, 0);
    harmless(&ended.err);
}
