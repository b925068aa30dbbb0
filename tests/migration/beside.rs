//! What commands say of a ledger that is still to be brought over, and of an old backup.

use super::interrupted::kill_in_the_middle;
use super::{Ledger, Old};

/// A command fails, with this on the error's side.
#[track_caller]
fn refused(old: &Old, arguments: &[&str], says: &str) {
    let output = old.run(arguments);
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
    assert!(told.contains(says), "{arguments:?}: {told}");
}

#[test]
fn commands_beside_say_what_is_to_be_done() {
    let old = Old::with(600);
    for arguments in [["subscriber", "show", "84900000001"], ["notices", "show", "1"]] {
        refused(&old, &arguments, "run `sdp-gateway migrate`");
    }
    kill_in_the_middle(&old);
    let shown = old.run(&["subscriber", "show", "84919999999"]);
    assert!(shown.status.success());
    let told = String::from_utf8_lossy(&shown.stderr);
    assert!(told.contains("not brought over to this version yet") && told.contains("migrate"), "{told}");
    for arguments in [
        &["notices", "retry", "20"][..],
        &["notices", "discard", "20"],
        &["subscriber", "end", "84900000001"],
        &["ledger", "verify"],
    ] {
        refused(&old, arguments, "sdp-gateway migrate");
    }
    old.says(&["migrate"]);
    let shown = old.run(&["subscriber", "show", "84900000001"]);
    assert!(shown.status.success() && shown.stderr.is_empty(), "{}", String::from_utf8_lossy(&shown.stderr));
    old.says(&["notices", "discard", "20"]);
    old.verify();
}

#[test]
fn an_old_backup_put_in_place_is_brought_over() {
    let old = Old::with(0);
    let Ledger::Sqlite(path) = old.ledger() else { return };
    let backup = path.with_file_name("backup.db");
    std::fs::copy(&path, &backup).expect("copied");
    old.says(&["migrate"]);
    let whole = old.content();
    let told = old.run(&["ledger", "restore", &backup.display().to_string()]);
    let told = format!("{}{}", String::from_utf8_lossy(&told.stdout), String::from_utf8_lossy(&told.stderr));
    assert!(told.contains("migrate") || told.contains("serve"), "{told}");
    refused(&old, &["ledger", "verify"], "run `sdp-gateway migrate`");
    old.says(&["migrate"]);
    assert_eq!(old.content(), whole);
    old.verify();
}

#[test]
fn a_gateway_that_was_killed_keeps_nobody_from_it() {
    let old = Old::with(0);
    old.ledger().execute(
        "INSERT INTO gateway (name, version, rules, offers, since, seen_at) \
         VALUES ('host 127.0.0.1:8080', '0.1.0', 'other', 4, 1, 9000000000000)",
    );
    let done = old.run(&["migrate"]);
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{told}");
    assert!(told.contains("the gateway host 127.0.0.1:8080 was seen") && told.contains("stop it"), "{told}");
    old.verify();
}
