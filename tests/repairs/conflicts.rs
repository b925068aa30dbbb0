//! Conflicts settled: who holds the identity, and who loses it, is told before it happens.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{NUMBER, Way, check_audit, command, notice, said, verify};
use crate::gateway::Gateway;
use crate::said::{at, outcome, register};

/// A notice, and another content of its identity.
fn conflict(gateway: &Gateway) -> [i64; 2] {
    [24, 36].map(|hours| register("1", NUMBER).with("expiredTime", &at(hours)).kept(gateway))
}

#[test]
fn a_conflict_names_the_holder_of_its_identity() {
    let gateway = Gateway::start("");
    let [holder, conflict] = conflict(&gateway);
    let shown = |id: i64| {
        let ran = command(&gateway, &["notices", "show", &id.to_string()]);
        serde_json::from_slice::<Value>(&ran.stdout).expect("JSON")["holder"].clone()
    };
    for (id, named) in [(holder, Value::Null), (conflict, json!(holder))] {
        assert_eq!(notice(&gateway, id).get("holder"), Some(&named));
        assert_eq!(shown(id), named);
    }
    assert!(Way::Call.operate(&gateway, "retry", conflict, "a test").done);
    assert_eq!(notice(&gateway, holder)["holder"], json!(conflict));
    assert_eq!(notice(&gateway, conflict)["holder"], Value::Null);
}

#[test]
fn nobody_loses_by_a_command_that_nobody_agreed_to() {
    let gateway = Gateway::start("");
    let [holder, conflict] = conflict(&gateway);
    let sentence = format!(
        "notice {conflict} (84945***325) would rule, and notice {holder} (84945***325), which is applied now, \
         would become the conflict"
    );
    let id = conflict.to_string();
    for arguments in [
        vec!["notices", "retry", &id],
        vec!["notices", "retry", "--all"],
        vec!["notices", "retry", "--all", "--reason", "conflict", "--msisdn", NUMBER],
    ] {
        let ran = command(&gateway, &arguments);
        assert_eq!(ran.status.code(), Some(2), "{arguments:?}: {}", said(&ran));
        assert!(said(&ran).contains(&sentence) && said(&ran).contains("--yes"), "{}", said(&ran));
        assert_eq!([holder, conflict].map(|id| outcome(&gateway, id)), ["applied", "conflict"]);
    }
    let ran = command(&gateway, &["notices", "retry", "--all", "--reason", "unmapped"]);
    assert!(ran.status.success(), "no conflict is meant: {}", said(&ran));

    let ran = command(&gateway, &["notices", "retry", &id, "--yes", "--why", "the second is right"]);
    assert!(ran.status.success() && said(&ran).contains(&sentence), "{}", said(&ran));
    assert_eq!([holder, conflict].map(|id| outcome(&gateway, id)), ["conflict", "applied"]);
    check_audit(
        &gateway,
        &json!({"action": "retry", "notice": conflict, "why": "the second is right", "who": "command:ann"}),
    );
    let row = super::audit_of(&gateway).swap_remove(0);
    let (before, after) = (row["before"].as_str().expect("words"), row["after"].as_str().expect("words"));
    assert!(before.starts_with("parked (conflict); lovetv-day active until "), "{before}");
    let yields = format!("applied; notice {holder} is the conflict now; lovetv-day active until ");
    assert!(after.starts_with(&yields) && before != after, "{after}");
    verify(&gateway);
}

#[test]
fn many_losers_are_told_before_all_of_them() {
    let gateway = Gateway::start("");
    for queue in 1..=25 {
        for hours in [24, 36] {
            let number = format!("849451000{queue:02}");
            register(&queue.to_string(), &number).with("expiredTime", &at(hours)).tell(&gateway);
        }
    }
    let ran = command(&gateway, &["notices", "retry", "--all"]);
    assert_eq!(ran.status.code(), Some(2));
    let told = said(&ran);
    assert_eq!(told.matches("would become the conflict\n").count(), 20, "{told}");
    assert!(told.contains("25 notices would become conflicts (5 more than are named here)"), "{told}");
    let ran = command(&gateway, &["notices", "retry", "--all", "--yes", "--json"]);
    assert!(ran.status.success(), "{}", said(&ran));
    let tally: Value = serde_json::from_slice(&ran.stdout).expect("JSON alone on standard output");
    assert_eq!(tally["unknown"], 0);
    verify(&gateway);
}

/// On a terminal: what the answer is, and whether it happens.
#[test]
fn on_a_terminal_it_is_asked() {
    let gateway = Gateway::start("");
    let [holder, conflict] = conflict(&gateway);
    let settings = std::fs::read_to_string(gateway.folder.join("settings.toml")).expect("settings");
    for (answer, code, after) in [("n", 1, ["applied", "conflict"]), ("y", 0, ["conflict", "applied"])] {
        let own = Gateway::cli(&gateway.folder, &settings);
        let line = format!("{} notices retry {conflict}", own.get_program().display());
        let mut on_terminal = Command::new("script");
        on_terminal.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        on_terminal.current_dir(&gateway.folder).env_clear().env("PATH", "/usr/bin:/bin");
        on_terminal.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let mut running =
            on_terminal.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script runs");
        use std::io::Write as _;
        writeln!(running.stdin.take().expect("a terminal"), "{answer}").expect("written");
        let ran = running.wait_with_output().expect("its end");
        let shown = String::from_utf8_lossy(&ran.stdout).into_owned();
        assert_eq!(ran.status.code(), Some(code), "{shown}");
        assert!(shown.contains("would become the conflict: go on? [y/N]"), "{shown}");
        assert_eq!([holder, conflict].map(|id| outcome(&gateway, id)), after, "{shown}");
    }
}
