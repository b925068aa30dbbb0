//! `migrate`, and schemas that this binary does not know.

use crate::gateway::{Gateway, Ledger};
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
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = folder();
    cli(folder.path(), "", "migrate").check(0);
    let ledger = Ledger::of(folder.path());
    ledger.execute(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         SELECT 9999, 'of tomorrow', success, checksum, 0 FROM _sqlx_migrations WHERE version = 1",
    );
    for arguments in
        ["migrate", "serve", "notices list", "notices retry --all", "subscriber show 84945989325"]
    {
        let ended = cli(folder.path(), "", arguments);
        let said = &ended.check(1).err;
        assert!(said.contains("9999") && said.contains("newer"), "{arguments}: {said}");
    }
    let steps = ledger.rows("SELECT COUNT(*) FROM _sqlx_migrations WHERE version > 9998");
    assert_eq!(steps, [[Some("1".to_owned())]]);
}

#[test]
fn an_older_schema_is_for_migrate_or_serve() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("data")).expect("a folder");
    // A database without any table.
    Ledger::of(folder.path()).execute("CREATE TABLE t (x INTEGER); DROP TABLE t;");
    let ended = cli(folder.path(), "", "notices list");
    assert!(ended.check(1).err.contains("sdp-gateway migrate"), "{}", ended.err);
    cli(folder.path(), "", "migrate").check(0);
    cli(folder.path(), "", "notices list").check(0);
}
