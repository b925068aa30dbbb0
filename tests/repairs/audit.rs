//! The audit: its pages, whose name it has, and what is written and shown.

use serde_json::{Value, json};

use super::{NUMBER, Way, audit_of, check_audit, command, post, said};
use crate::gateway::{Gateway, Ledger};
use crate::outbox;
use crate::said::register;

#[test]
fn pages_lead_to_the_end_without_a_gap_or_a_repeat() {
    let gateway = Gateway::start("");
    assert_eq!(gateway.admin("/api/v1/audit").json(), json!({"audit": [], "next": null}));
    let id = register("1", NUMBER).kept(&gateway);
    for n in 0..7 {
        let operation = if n % 2 == 0 { "discard" } else { "retry" };
        assert!(Way::Call.operate(&gateway, operation, id, &format!("repair {n}")).done);
    }
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    for rows in [3, 3, 1] {
        let page = gateway.admin(&format!("/api/v1/audit?limit=3{cursor}")).json();
        let audit = page["audit"].as_array().expect("a list").clone();
        assert_eq!(audit.len(), rows);
        seen.extend(audit.iter().map(|row| row["why"].as_str().expect("why").to_owned()));
        assert_eq!(page["next"].is_null(), rows == 1);
        cursor = format!("&cursor={}", page["next"].as_str().unwrap_or_default());
    }
    assert_eq!(seen, (0..7).rev().map(|n| format!("repair {n}")).collect::<Vec<_>>());
    for query in ["limit=0", "cursor=x", "msisdn=84945989325"] {
        assert_eq!(gateway.admin(&format!("/api/v1/audit?{query}")).status, 400, "{query}");
    }
}

#[test]
fn a_call_may_name_who_it_is_from_and_a_command_names_the_login() {
    let gateway = Gateway::start("");
    let id = register("1", NUMBER).kept(&gateway);
    for (body, who, why) in [
        (json!({"who": "ann", "why": "a test"}), "admin:ann", json!("a test")),
        (json!({"who": "command:root"}), "admin:command:root", Value::Null),
        (json!({}), "admin:127.0.0.1", Value::Null),
    ] {
        for operation in ["discard", "retry"] {
            let answer = post(&gateway, &format!("notices/{id}/{operation}"), &body);
            assert_eq!(answer.status, 200, "{}", answer.text());
            check_audit(&gateway, &json!({"who": who, "why": why, "action": operation}));
        }
    }
    let before = audit_of(&gateway);
    for body in
        [json!({"who": ""}), json!({"who": "x".repeat(101)}), json!({"why": "a\u{0}b"}), json!({"wy": "x"})]
    {
        assert_eq!(post(&gateway, &format!("notices/{id}/discard"), &body).status, 400, "{body}");
    }
    assert_eq!(audit_of(&gateway), before);
    for (environment, who) in
        [(vec![("SUDO_USER", "bob"), ("USER", "root")], "command:bob"), (vec![("USER", "")], "command:uid ")]
    {
        let mut command = Gateway::cli(&gateway.folder, "");
        let ran = command.envs(environment).args(["subscriber", "end", NUMBER]).output().expect("it runs");
        assert!(ran.status.success(), "{}", said(&ran));
        let named = audit_of(&gateway)[0]["who"].as_str().expect("who").to_owned();
        assert!(named.starts_with(who), "{named}");
        register(&format!("{}", named.len()), NUMBER)
            .with("subcribeTime", &crate::said::at(1))
            .tell(&gateway);
    }
}

#[test]
fn what_was_written_is_shown_with_its_controls_escaped() {
    let gateway = Gateway::start("");
    let id = register("1", NUMBER).kept(&gateway);
    let why = "line one\nline two \u{1b}[2J\u{202e}";
    assert!(Way::Command.operate(&gateway, "discard", id, why).done);
    check_audit(&gateway, &json!({"why": why}));
    for arguments in [vec!["subscriber", "show", NUMBER], vec!["subscriber", "show", NUMBER, "--json"]] {
        let shown = outbox::printed(&gateway, &arguments);
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
        assert!(shown.contains("line one\\nline two \\u001b[2J\\u202e"), "{shown}");
    }
}

#[test]
fn a_ledger_copy_takes_it_along_and_goes_on_counting() {
    let gateway = Gateway::start("");
    let id = register("1", NUMBER).kept(&gateway);
    assert!(Way::Call.operate(&gateway, "discard", id, "before the copy").done);
    let rows = |ledger: &Ledger| {
        ledger.rows("SELECT id, who, why, action, msisdn, before, after FROM audit ORDER BY id")
    };
    let source = rows(&Ledger::of(&gateway.folder));
    assert_eq!(source.len(), 1);
    let target = gateway.folder.join("copy.db");
    let (from, to) = (Ledger::of(&gateway.folder).url(), format!("sqlite://{}", target.display()));
    let ran = command(&gateway, &["ledger", "copy", "--from", &from, "--to", &to]);
    assert!(ran.status.success(), "{}", said(&ran));
    assert_eq!(rows(&Ledger::Sqlite(target)), source);
    let settings = format!("[ledger]\nurl = '{to}'\n");
    let ran = Gateway::cli(&gateway.folder, &settings)
        .args(["notices", "retry", &id.to_string()])
        .output()
        .expect("it runs");
    assert!(ran.status.success(), "{}", said(&ran));
    assert_eq!(rows(&Ledger::Sqlite(gateway.folder.join("copy.db"))).len(), 2);
}
