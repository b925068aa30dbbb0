//! What every number holds afterwards, what its notices did, and what is on its devices.

use serde_json::{Value, json};

use super::gateway::Gateway;
use super::released::Released;
use super::{NEWEST, Old, RELEASED};

/// What each number held of the released gateway.
const HELD: &str = include_str!("../data/released/held.json");

/// A number's subscriptions, package and state first, and the outcomes of its notices, oldest first. `held` is active
/// or in grace, as the clock has it.
#[track_caller]
fn check(gateway: &Gateway, number: &str, holds: &[&str], outcomes: &str) {
    let story = gateway.story(number);
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let subscription = |held: &Value| {
        let state = word(&held["state"]).replace("active", "held").replace("grace", "held");
        let dates = [&held["subscribed_at"], &held["expires_at"]].map(word).join(" to ");
        if state == "held" {
            format!("{} {state} {dates}", word(&held["package_id"]))
        } else {
            format!("{} {state}", word(&held["package_id"]))
        }
    };
    let found: Vec<String> =
        story["subscriptions"].as_array().expect("a list").iter().map(subscription).collect();
    assert_eq!(found, holds, "{number}");
    let notices = story["notices"].as_array().expect("a list").iter().rev();
    let told: Vec<String> =
        notices.map(|n| n["reason"].as_str().map_or_else(|| word(&n["outcome"]), str::to_owned)).collect();
    assert_eq!(told.join(" "), outcomes, "{number}");
}

fn odd(gateway: &Gateway, number: &str) -> Value {
    let id = gateway.story(number)["notices"][0]["id"].clone();
    gateway.admin(&format!("/api/v1/notices/{id}")).json()["odd"].clone()
}

fn entitlements(gateway: &Gateway, number: &str) -> Value {
    let story = gateway.story(number);
    story["entitlements"].as_array().expect("a list").iter().map(|e| e["id"].clone()).collect()
}

#[test]
fn every_number_holds_what_the_contract_says() {
    let old = Old::with(0);
    let told = old.json(&["migrate"]);
    assert_eq!((&told["before"], &told["after"]), (&json!(RELEASED), &json!(NEWEST)), "{told}");
    // A notice without a queue (10) has another name now, and so have its rights.
    let changed = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 17, 19].map(|at| json!(format!("849000000{at:02}")));
    assert_eq!(told["refolded"]["changed"], json!(changed), "{told}");
    assert_eq!(
        (&told["refolded"]["settled"], &told["refolded"]["numbers"]),
        (&json!(3), &json!(20)),
        "{told}"
    );
    old.verify();
    let gateway = old.serve();
    let check = |number: &str, holds: &[&str], outcomes: &str| check(&gateway, number, holds, outcomes);
    let month = |from: &str, to: &str| format!("13 held 2026-{from}Z to 2026-{to}Z");
    check("84900000001", &[&month("10-01T01:00:00", "11-01T01:00:00")], "applied");
    check("84900000002", &[&month("11-20T01:00:00", "12-20T01:00:00")], "applied");
    check("84900000016", &[], "discarded");
    check("84900000003", &["13 cancelled"], "applied applied");
    check("84900000004", &["13 cancelled"], "applied applied");
    check("84900000005", &["11 cancelled"], "applied applied no_change");
    check("84900000006", &[&month("11-01T01:00:00", "11-30T17:00:00")], "applied");
    check("84900000007", &[&month("11-01T01:00:00", "11-30T17:00:00")], "applied");
    check("84900000008", &["12 held 2026-11-01T01:00:00Z to 2026-11-07T17:00:00Z"], "applied");
    check("84900000009", &[&month("11-02T01:00:00", "12-01T17:00:00")], "applied");
    check("84900000010", &[&month("11-03T01:00:00", "12-02T17:00:00")], "applied");
    check("84900000011", &[&month("11-04T01:00:00", "12-03T17:00:00")], "applied");
    check("84900000012", &["12 held 2026-11-05T01:00:00Z to 2026-11-11T17:00:00Z"], "applied");
    check("84900000013", &[&month("11-06T01:00:00", "12-05T17:00:00")], "applied");
    check("84900000014", &[], "unmapped");
    check("84900000015", &[], "discarded");
    let both =
        [&month("11-10T01:00:00", "12-09T17:00:00"), "21 held 2026-10-10T01:00:00Z to 2026-11-09T17:00:00Z"];
    check("84900000017", &both, "applied applied");
    check(
        "84900000018",
        &["11 held 2026-10-01T01:00:00Z to 2026-11-10T17:00:00Z"],
        &["applied"; 40].join(" "),
    );
    check("84900000020", &[&month("11-11T01:00:00", "12-10T17:00:00")], "applied conflict");
    for (number, field) in [
        ("84900000006", "expiredTime"),
        ("84900000007", "expiredTime"),
        ("84900000008", "expiredTime"),
        ("84900000009", "subcribeTime"),
        ("84900000013", "expiredTime"),
        ("84900000019", "subcribeTime"),
    ] {
        assert_eq!(odd(&gateway, number), json!([field]), "{number}");
    }
    // Of a start that cannot be meant and a message that is gone, only the receipt is left.
    let late = gateway.story("84900000019");
    let (began, came) = (&late["subscriptions"][0]["subscribed_at"], &late["notices"][0]["received_at"]);
    assert_eq!(began.as_str().expect("a time")[..19], came.as_str().expect("a time")[..19]);
}

#[test]
fn what_did_not_change_keeps_its_name() {
    let old = Old::with(0);
    let services = |old: &Old| {
        old.ledger().rows("SELECT device_id, source_id, id FROM service WHERE open_on IS NOT NULL ORDER BY 1")
    };
    let before = services(&old);
    old.says(&["migrate"]);
    let after = services(&old);
    // One goes on, one ends, one begins, and one is both spellings' now.
    let devices = |rows: &[Vec<Option<String>>]| -> Vec<String> {
        rows.iter().filter_map(|row| row[0].clone()).collect()
    };
    assert_eq!(devices(&before), ["cam-1", "cam-17", "cam-4"]);
    assert_eq!(devices(&after), ["cam-1", "cam-17", "cam-17", "cam-2"]);
    assert_eq!(before[0], after[0]);
    let gateway = old.serve();
    let held: Value = serde_json::from_str(HELD).expect("JSON");
    for number in ["84900000001", "84900000012", "84900000018", "84900000020"] {
        let before = &held[number]["entitlements"];
        assert_eq!(before.as_array().map(Vec::len), Some(1), "{number}");
        assert_eq!(&entitlements(&gateway, number), before, "{number}");
    }
}

#[test]
fn old_notices_are_known_when_they_come_again() {
    let old = Old::with(0);
    old.says(&["migrate"]);
    let gateway = old.serve();
    let stories = |gateway: &Gateway| -> Vec<Value> {
        let story = |at| gateway.story(&format!("849000000{at:02}"))["subscriptions"].clone();
        (1..=20).map(story).collect()
    };
    let (before, rows) = (stories(&gateway), old.ledger().rows("SELECT count(*) FROM notice"));
    let released = Released::read();
    for at in 1..=20 {
        let spelled = [format!("849000000{at:02}"), format!("00849000000{at:02}")];
        for message in spelled.iter().flat_map(|number| released.messages(number)) {
            let answer = gateway.post("/vascloud/v1/notify_reg", &message);
            assert_eq!((answer.status, answer.element("error_id").as_str()), (200, "0"), "{message}");
        }
    }
    assert_eq!(stories(&gateway), before);
    assert_eq!(old.ledger().rows("SELECT count(*) FROM notice"), rows);
    drop(gateway);
    old.verify();
}
