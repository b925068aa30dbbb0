//! The ledger's file: what only SQLite has.

use crate::gateway::Gateway;
use crate::{bare, cli, folder, output, run};

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

#[test]
fn commands_without_a_ledger_say_so() {
    let folder = folder();
    for arguments in [
        "subscriber show 84945989325",
        "notices list",
        "notices show 1",
        "notices retry 1",
        "notices discard --all",
        "notices export",
    ] {
        let ended = run(&mut bare(folder.path(), arguments));
        let said = &ended.check(1).err;
        assert!(said.contains("there is no ledger at data/gateway.db"), "{arguments}: {said}");
        assert!(said.contains("migrate"), "{arguments}: {said}");
        assert_eq!(ended.out, "", "{arguments}");
    }
    assert!(!folder.path().join("data").exists(), "none was made");
}

#[test]
fn a_copy_tells_a_full_device_too() {
    let folder = folder();
    cli(folder.path(), "", "migrate").check(0);
    let told = output::ended(
        folder.path(),
        "ledger copy --from sqlite://data/gateway.db --to sqlite://new.db",
        output::full(),
    );
    assert!(told.check(1).err.contains("No space left"), "{}", told.err);
}
