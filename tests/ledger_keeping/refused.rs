//! Notices that the database refuses though small commits succeed.

use std::time::Duration;

use crate::gateway::{Gateway, Ledger};
use crate::kit::until_ready_is;
use crate::{notice, ready};

/// What refuses rows of a table, on either engine, and what ends it.
fn refusal(ledger: &Ledger, table: &str, when: Option<&str>) -> (String, String) {
    match ledger {
        Ledger::Sqlite(_) => {
            let when = when.map_or(String::new(), |when| format!("WHEN NEW.{when}"));
            (
                format!(
                    "CREATE TRIGGER refuse BEFORE INSERT ON {table} {when} BEGIN SELECT RAISE(ABORT, 'no'); END"
                ),
                "DROP TRIGGER refuse".to_owned(),
            )
        }
        Ledger::Postgres(_) => {
            let check = when.map_or("false".to_owned(), |when| format!("NOT ({when})"));
            (
                format!("ALTER TABLE {table} ADD CONSTRAINT refuse CHECK ({check}) NOT VALID"),
                format!("ALTER TABLE {table} DROP CONSTRAINT refuse"),
            )
        }
    }
}

#[test]
fn a_table_that_refuses_every_row_is_not_ready_and_its_end_is_without_any_notice() {
    let gateway = Gateway::start("");
    let ledger = Ledger::of(&gateway.folder);
    for (at, table) in (0..).zip(["notice", "notice_raw", "identity", "subscription"]) {
        until_ready_is(&gateway, 200);
        let (begin, end) = refusal(&ledger, table, None);
        ledger.execute(&begin);
        until_ready_is(&gateway, 503);
        assert_eq!(notice(&gateway, 100 + at, "84912000001"), 503, "{table}");
        assert_eq!(ready(&gateway), 503, "{table}");
        assert_eq!(gateway.admin("/livez").status, 200);
        ledger.execute(&end);
        until_ready_is(&gateway, 200);
        assert_eq!(notice(&gateway, 200 + at, &format!("8491200000{at}")), 200, "{table}");
    }
    let left = ledger.rows("SELECT msisdn FROM subscription WHERE msisdn = '84000000000'");
    assert!(left.is_empty(), "a probe leaves nothing");
    assert_eq!(crate::kept(&gateway.folder), 4);
}

#[test]
fn one_numbers_trouble_is_its_own() {
    let gateway = Gateway::start("");
    let ledger = Ledger::of(&gateway.folder);
    let (begin, end) = refusal(&ledger, "subscription", Some("msisdn = '84912000666'"));
    ledger.execute(&begin);
    for at in 0..3 {
        assert_eq!(notice(&gateway, 10 + at, "84912000666"), 503);
        assert_eq!(ready(&gateway), 200, "others are kept");
    }
    assert_eq!(notice(&gateway, 20, "84912000001"), 200);
    ledger.execute(&end);
    assert_eq!(notice(&gateway, 10, "84912000666"), 200);
}

#[test]
fn refusals_of_all_numbers_speak_for_all_and_end_without_any_notice() {
    let gateway = Gateway::start("");
    let ledger = Ledger::of(&gateway.folder);
    until_ready_is(&gateway, 200);
    // Whatever a probe would write is taken.
    let (begin, end) = refusal(&ledger, "notice", Some("msisdn LIKE '849%'"));
    ledger.execute(&begin);
    assert_eq!([notice(&gateway, 1, "84912000001"), notice(&gateway, 2, "84912000002")], [503, 503]);
    assert_eq!(ready(&gateway), 503, "an older answer is not given once notices were refused");
    std::thread::sleep(Duration::from_millis(1100));
    assert_eq!(ready(&gateway), 503);
    ledger.execute(&end);
    until_ready_is(&gateway, 200);
    assert_eq!(notice(&gateway, 1, "84912000001"), 200);
}

#[test]
fn what_waits_for_the_commit_is_met_too() {
    let gateway = Gateway::start("");
    let ledger = Ledger::of(&gateway.folder);
    if let Ledger::Sqlite(_) = ledger {
        // It has no such constraints but foreign keys, which the schema has none of.
        return;
    }
    ledger.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$; \
         CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON notice DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    until_ready_is(&gateway, 503);
    ledger.execute("DROP TRIGGER refuse ON notice");
    until_ready_is(&gateway, 200);
    assert_eq!(notice(&gateway, 1, "84912000001"), 200);
}
