//! `migrate`, and schemas that this binary does not know.

use rusqlite::Connection;

use crate::gateway::Gateway;
use crate::{cli, folder};

#[test]
fn migrate_makes_the_ledger_and_then_has_nothing_to_do() {
    let folder = folder();
    let first = cli(folder.path(), "", "migrate");
    assert!(first.check(0).out.contains("0 -> "), "{}", first.out);
    let second = cli(folder.path(), "", "migrate");
    assert!(second.check(0).out.contains("up to date"), "{}", second.out);
    cli(folder.path(), "", "notices list").check(0);
    let gateway = Gateway::start_in(folder.path(), "");
    cli(folder.path(), "", "migrate").check(0);
    assert_eq!(gateway.admin("/readyz").status, 200);
}

#[test]
fn the_ledgers_folder_is_made() {
    let folder = folder();
    let settings = "[ledger]\nurl = 'sqlite://a/b c/d%.db'\n";
    cli(folder.path(), settings, "migrate").check(0);
    assert!(folder.path().join("a/b c/d%.db").exists());
    let gateway = Gateway::start_in(folder.path(), settings);
    assert_eq!(gateway.admin("/readyz").status, 200);
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = folder();
    cli(folder.path(), "", "migrate").check(0);
    let ledger = Connection::open(folder.path().join("data/gateway.db")).expect("the ledger");
    let add = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
               VALUES (9999, 'of tomorrow', 1, x'00', 0)";
    ledger.execute(add, []).expect("a step of tomorrow");
    for arguments in
        ["migrate", "serve", "notices list", "notices retry --all", "subscriber show 84945989325"]
    {
        let ended = cli(folder.path(), "", arguments);
        let said = &ended.check(1).err;
        assert!(said.contains("9999") && said.contains("newer"), "{arguments}: {said}");
    }
    let steps: i64 = ledger
        .query_row("SELECT COUNT(*) FROM _sqlx_migrations WHERE version > 9998", [], |row| row.get(0))
        .expect("a count");
    assert_eq!(steps, 1);
}

#[test]
fn an_older_schema_is_for_migrate_or_serve() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    drop(Connection::open(folder.path().join("data/gateway.db")).expect("an empty file"));
    let empty = Connection::open(folder.path().join("data/gateway.db")).expect("a file");
    empty.execute_batch("CREATE TABLE t (x); DROP TABLE t;").expect("a database");
    let ended = cli(folder.path(), "", "notices list");
    assert!(ended.check(1).err.contains("sdp-gateway migrate"), "{}", ended.err);
    cli(folder.path(), "", "migrate").check(0);
    cli(folder.path(), "", "notices list").check(0);
}

#[test]
fn what_is_no_ledger_is_refused() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    std::fs::write(
        folder.path().join("data/gateway.db"),
        "not a database, but a long enough text\n".repeat(99),
    )
    .expect("written");
    for arguments in ["migrate", "serve", "notices list"] {
        let ended = cli(folder.path(), "", arguments);
        assert!(!ended.check(1).err.is_empty(), "{arguments}");
    }
}
