//! What is not copied, and not copied into.

use crate::kit::Book;
use crate::{Ledger, postgres, send};

/// A ledger with some notices.
fn filled(ledger: Ledger) -> Ledger {
    let gateway = ledger.gateway();
    send(&Book::new(), &gateway, 20);
    assert!(gateway.stop().success());
    ledger
}

fn path(ledger: &Ledger) -> &str {
    ledger.url.strip_prefix("sqlite://").expect("a file")
}

/// Statements for either engine.
fn execute(ledger: &Ledger, sql: &str) {
    if ledger.url.starts_with("postgres") {
        postgres::Client::open(&ledger.url).and_then(|mut client| client.rows(sql)).expect(sql);
    } else {
        rusqlite::Connection::open(path(ledger)).expect("a file").execute_batch(sql).expect(sql);
    }
}

#[test]
fn a_target_with_rows_of_its_own() {
    let source = filled(Ledger::file());
    for target in [filled(Ledger::file()), filled(Ledger::database())] {
        let before = target.export();
        source.copy(&target).refused("the target is not empty");
        assert!(target.export() == before);
        target.verify();
    }
}

#[test]
fn a_target_that_was_only_opened_is_empty() {
    let source = filled(Ledger::file());
    for target in [Ledger::file(), Ledger::database()] {
        assert!(target.gateway().stop().success());
        source.copy(&target).check(0);
        assert!(target.export() == source.export());
    }
}

#[test]
fn a_target_that_somebody_has_open() {
    let source = filled(Ledger::file());
    for target in [Ledger::file(), Ledger::database()] {
        let gateway = target.gateway();
        source.copy(&target).refused("is in use");
        send(&Book::new(), &gateway, 20);
        assert!(gateway.stop().success());
        target.verify();
    }
}

#[test]
fn another_ones_copy() {
    let (one, other) = (filled(Ledger::file()), filled(Ledger::file()));
    for target in [Ledger::file(), Ledger::database()] {
        one.copy(&target).check(0);
        other.copy(&target).refused("the target is a copy from");
        assert!(target.export() == one.export());
    }
}

#[test]
fn itself() {
    let ledger = filled(Ledger::file());
    let folder = ledger.folder.path();
    std::os::unix::fs::symlink(path(&ledger), folder.join("link.db")).expect("a link");
    let spelled = format!("sqlite://{}/./gateway.db", folder.display());
    for to in [&ledger.url, "sqlite://gateway.db", "sqlite://./gateway.db", "sqlite://link.db", &spelled] {
        ledger.run(&["ledger", "copy", "--from", &ledger.url, "--to", to]).refused("the same ledger");
    }
    let server = filled(Ledger::database());
    server.copy(&server).refused("the same ledger");
    // The same by another name.
    let other = server.url.replace("127.0.0.1", "localhost");
    server.run(&["ledger", "copy", "--from", &server.url, "--to", &other]).refused("is in use");
    server.verify();
}

#[test]
fn tables_that_only_one_side_has_or_that_have_no_key() {
    for (source, target) in [(Ledger::file(), Ledger::database()), (Ledger::database(), Ledger::file())] {
        source.run(&["migrate"]).check(0);
        execute(&source, "CREATE TABLE of_tomorrow (id BIGINT NOT NULL PRIMARY KEY)");
        source.copy(&target).refused("table of_tomorrow is not the same");
        execute(&source, "DROP TABLE of_tomorrow; CREATE TABLE of_tomorrow (id BIGINT)");
        source.copy(&target).refused("of_tomorrow cannot be copied: it has no primary key");
        execute(&source, "DROP TABLE of_tomorrow; CREATE TABLE of_tomorrow (id REAL PRIMARY KEY)");
        source.copy(&target).refused("its column id is of an unknown type");
        execute(&source, "DROP TABLE of_tomorrow");
        source.copy(&target).check(0);
    }
}

#[test]
fn a_key_that_the_server_orders_by_words() {
    let (source, target) = (Ledger::database(), Ledger::file());
    source.run(&["migrate"]).check(0);
    execute(&source, "CREATE TABLE of_tomorrow (id TEXT PRIMARY KEY)");
    source.copy(&target).refused("its column id is not ordered by its bytes");
}

#[test]
fn a_source_that_is_none() {
    let target = Ledger::file();
    Ledger::file().copy(&target).refused("there is no ledger at");
    let empty = Ledger::file();
    execute(&empty, "CREATE TABLE t (id BIGINT)");
    empty.copy(&target).refused("sdp-gateway migrate");
    assert!(!std::path::Path::new(path(&target)).exists(), "nothing was made");
}

#[test]
fn wrong_usage_shows_no_password() {
    let target = Ledger::file();
    for from in ["postgres://gateway:not-a-password@/x", "mysql://u:not-a-password@h/d", "not-a-password"] {
        let ended = target.run(&["ledger", "copy", "--from", from, "--to", &target.url]);
        assert!(ended.check(2).err.contains("--from"), "{}", ended.err);
        assert!(!ended.err.contains("not-a-password"), "{}", ended.err);
    }
    target.run(&["ledger", "copy", "--from", &target.url]).check(2);
    let from = "postgres://gateway:not-a-password@127.0.0.1:1/ledger";
    let ended = target.run(&["ledger", "copy", "--from", from, "--to", &target.url]);
    assert!(ended.check(1).err.contains("no connection to"), "{}", ended.err);
    assert!(!ended.err.contains("not-a-password"), "{}", ended.err);
}
