//! `ledger verify` has the server check its own tables and indexes.

use crate::cli;
use crate::gateway::{Gateway, Ledger};
use crate::notice;

#[test]
fn verify_runs_the_engines_own_check_first() {
    let gateway = Gateway::start("");
    assert_eq!(notice(&gateway, 1, "84912000001"), 200);
    let folder = &gateway.folder;
    let ledger = Ledger::of(folder);
    if let Ledger::Sqlite(_) = ledger {
        // What it finds is tried with the ledger's files.
        let told = cli(folder, "ledger verify");
        assert!(told.check(0).out.contains("quick_check"), "{}", told.out);
        return;
    }
    let told = cli(folder, "ledger verify");
    assert!(told.check(0).out.contains("no amcheck"), "{}", told.out);
    ledger.execute("CREATE SCHEMA elsewhere; CREATE EXTENSION amcheck SCHEMA elsewhere");
    let told = cli(folder, "ledger verify --json");
    let told: serde_json::Value = serde_json::from_str(&told.check(0).out).expect("JSON");
    assert_eq!((&told["engine"], &told["faults"]), (&"amcheck".into(), &0.into()));
    // An index that does not know a row: its function has become another.
    ledger.execute(
        "CREATE FUNCTION fold(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT $1 $$; \
         CREATE INDEX damaged ON notice (fold(caller)); \
         CREATE OR REPLACE FUNCTION fold(text) RETURNS text IMMUTABLE LANGUAGE sql AS $$ SELECT $1 || 'x' $$",
    );
    let told = cli(folder, "ledger verify");
    assert!(told.check(1).out.contains("damaged: ") && told.out.contains("1 faults"), "{}", told.out);
}
