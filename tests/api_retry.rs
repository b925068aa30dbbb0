//! What becomes of parked notices: by an operator's word, and by a repeat.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/said.rs"]
mod said;

use std::path::Path;

use gateway::{Answer, Folder, Gateway};
use said::{REG, Said, cancel, newest, outcome, register, state};
use serde_json::{Value, json};

const NUMBER: &str = "84945989325";

fn retry(gateway: &Gateway, id: i64) -> Answer {
    gateway.admin_post(&format!("/api/v1/notices/{id}/retry"))
}

fn discard(gateway: &Gateway, id: i64) -> Answer {
    gateway.admin_post(&format!("/api/v1/notices/{id}/discard"))
}

/// The operation succeeds and answers with the notice after it.
#[track_caller]
fn check_done(gateway: &Gateway, answer: &Answer, id: i64, after: &str) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(outcome(gateway, id), after);
    assert_eq!(answer.json(), gateway.admin(&format!("/api/v1/notices/{id}")).json());
}

#[track_caller]
fn check_nothing_changed(gateway: &Gateway, answer: &Answer, id: i64, still: &str) {
    assert_eq!((answer.status, outcome(gateway, id).as_str()), (409, still), "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
}

fn times_told(gateway: &Gateway, id: i64) -> Value {
    gateway.admin(&format!("/api/v1/notices/{id}")).json()["count"].clone()
}

/// A catalog with the daily package and, after it, these service and package pairs.
fn catalog(folder: &Path, more: &[(&str, &str)]) -> &'static str {
    let offer = |(service, package): &(&str, &str)| {
        format!(
            "[[offer]]\nid = 'o-{service}-{package}'\nservice_id = '{service}'\npackage_id = '{package}'\n\
             period = 'day'\nexclusive = true\n\n"
        )
    };
    let all: String = [(said::SERVICE, said::DAY)].iter().chain(more).map(offer).collect();
    std::fs::write(folder.join("offers.toml"), all).expect("a catalog");
    "[catalog]\npath = 'offers.toml'\n"
}

#[test]
fn what_there_is_none_of_is_404_and_what_is_settled_is_409() {
    let gateway = Gateway::start("");
    for id in [0, 1, -1, i64::MAX] {
        assert_eq!((retry(&gateway, id).status, discard(&gateway, id).status), (404, 404), "{id}");
    }
    for path in ["/api/v1/notices/abc/retry", "/api/v1/notices/1.5/discard"] {
        assert_eq!(gateway.admin_post(path).status, 404, "{path}");
    }
    let applied = register("1", NUMBER).kept(&gateway);
    let no_change = register("2", NUMBER).with("channel", "SMS").kept(&gateway);
    let older = said::at(-3);
    let superseded = register("0", NUMBER).with("subcribeTime", &older).kept(&gateway);
    for (id, still) in [(applied, "applied"), (superseded, "superseded")] {
        check_nothing_changed(&gateway, &retry(&gateway, id), id, still);
    }
    assert_eq!(retry(&gateway, no_change).status, 409);
}

#[test]
fn held_is_applied_whatever_the_setting() {
    for setting in ["hold", "ignore"] {
        let folder = Folder::new();
        let gateway = Gateway::start_in(folder.path(), "");
        let id = register("1", NUMBER).with("resultCode", "5").kept(&gateway);
        assert_eq!(outcome(&gateway, id), "held");
        assert_eq!(state(&gateway, NUMBER), "0");
        assert!(gateway.stop().success());
        let settings = format!("[carrier]\nfailed_result = '{setting}'\n");
        let gateway = Gateway::start_in(folder.path(), &settings);
        check_done(&gateway, &retry(&gateway, id), id, "applied");
        assert_eq!(state(&gateway, NUMBER), "active");
        check_nothing_changed(&gateway, &retry(&gateway, id), id, "applied");
    }
}

#[test]
fn record_only_is_applied_whatever_the_setting() {
    let gateway = Gateway::start("[carrier]\nrecord_only = true\n");
    let first = register("1", NUMBER).kept(&gateway);
    let second = cancel("2", NUMBER).kept(&gateway);
    let failed = register("3", "84945000001").with("resultCode", "5").kept(&gateway);
    let unknown = register("4", "84945000002").with("package_id", "9").kept(&gateway);
    for id in [first, second, failed, unknown] {
        assert_eq!(outcome(&gateway, id), "record_only");
    }
    assert_eq!(state(&gateway, NUMBER), "0");
    check_done(&gateway, &retry(&gateway, second), second, "applied");
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    check_done(&gateway, &retry(&gateway, first), first, "superseded");
    assert_eq!(state(&gateway, NUMBER), "cancelled", "the order of retries does not matter");
    check_done(&gateway, &retry(&gateway, failed), failed, "applied");
    check_done(&gateway, &retry(&gateway, unknown), unknown, "unmapped");
}

#[test]
fn a_conflict_rules_when_the_operator_says_so_and_back_again() {
    let gateway = Gateway::start("");
    let said = register("1", NUMBER);
    let other = said.clone().with("package_id", "1003015").with("expiredTime", "");
    let first = said.kept(&gateway);
    let second = other.kept(&gateway);
    assert_eq!((outcome(&gateway, first), outcome(&gateway, second)), ("applied".into(), "conflict".into()));
    let rules = |winner: i64, loser: i64, package: &str| {
        check_done(&gateway, &retry(&gateway, winner), winner, "applied");
        assert_eq!(outcome(&gateway, loser), "conflict");
        let held = gateway.story(NUMBER)["subscriptions"].clone();
        assert_eq!(held.as_array().map(Vec::len), Some(1), "{held}");
        assert_eq!((&held[0]["package_id"], &held[0]["state"]), (&json!(package), &json!("active")));
    };
    rules(second, first, "1003015");
    for (again, id) in [(&other, second), (&said, first)] {
        let before = times_told(&gateway, id);
        again.tell(&gateway);
        assert_ne!(times_told(&gateway, id), before, "each is known by what it says");
    }
    rules(first, second, "1003013");
    rules(second, first, "1003015");
    assert_eq!(newest(&gateway)["id"], second, "no third row");
}

#[test]
fn a_conflict_about_the_same_number_folds_it_again() {
    let gateway = Gateway::start("");
    let until = |hours: i64| register("1", NUMBER).with("expiredTime", &said::at(hours));
    let first = until(12).kept(&gateway);
    let second = until(36).kept(&gateway);
    cancel("2", "84945000001").tell(&gateway);
    let expires = || gateway.story(NUMBER)["subscriptions"][0]["expires_at"].clone();
    let before = expires();
    check_done(&gateway, &retry(&gateway, second), second, "applied");
    assert_ne!(expires(), before);
    check_done(&gateway, &retry(&gateway, first), first, "applied");
    assert_eq!(expires(), before);
}

#[test]
fn unmapped_and_ambiguous_resolve_again_with_another_catalog() {
    let folder = Folder::new();
    let settings = catalog(folder.path(), &[("7000001", "9001"), ("7000002", "9001")]);
    let gateway = Gateway::start_in(folder.path(), settings);
    let unmapped = register("1", NUMBER).with("service_id", "7000003").with("package_id", "9003");
    let unmapped = unmapped.kept(&gateway);
    let ambiguous = register("2", NUMBER).without("service_id").with("package_id", "9001").kept(&gateway);
    for (id, reason) in [(unmapped, "unmapped"), (ambiguous, "ambiguous")] {
        check_nothing_changed(&gateway, &retry(&gateway, id), id, reason);
    }
    assert!(gateway.stop().success());
    catalog(folder.path(), &[("7000001", "9001"), ("7000003", "9003")]);
    let gateway = Gateway::start_in(folder.path(), settings);
    for (id, reason) in [(unmapped, "unmapped"), (ambiguous, "ambiguous")] {
        assert_eq!(outcome(&gateway, id), reason, "a new catalog alone changes nothing");
        check_done(&gateway, &retry(&gateway, id), id, "applied");
    }
    let offers = gateway.story(NUMBER)["subscriptions"].clone();
    let mut offers: Vec<_> = offers.as_array().expect("a list").iter().map(|s| s["offer"].clone()).collect();
    offers.sort_by_key(Value::to_string);
    assert_eq!(offers, ["o-7000001-9001", "o-7000003-9003"]);
}

#[test]
fn what_still_cannot_be_read_stays() {
    let gateway = Gateway::start("");
    gateway.post(REG, "no XML");
    let unreadable = newest(&gateway)["id"].as_i64().expect("an id");
    gateway.post(REG, &register("1", NUMBER).xml().replace("NOTIFY", "REQUEST"));
    let wrong = newest(&gateway)["id"].as_i64().expect("an id");
    let unknown = register("2", NUMBER).with("regType", "3").kept(&gateway);
    let reasons = [(unreadable, "unreadable"), (wrong, "wrong_message"), (unknown, "unknown_reg_type")];
    for (id, reason) in reasons {
        check_nothing_changed(&gateway, &retry(&gateway, id), id, reason);
        check_done(&gateway, &discard(&gateway, id), id, "discarded");
        check_nothing_changed(&gateway, &discard(&gateway, id), id, "discarded");
    }
    for (id, reason) in reasons {
        check_done(&gateway, &retry(&gateway, id), id, reason);
    }
}

#[test]
fn an_ignored_one_is_judged_by_the_setting_of_now() {
    let folder = Folder::new();
    let gateway = Gateway::start_in(folder.path(), "[carrier]\nfailed_result = 'ignore'\n");
    let id = register("1", NUMBER).with("resultCode", "5").kept(&gateway);
    check_nothing_changed(&gateway, &retry(&gateway, id), id, "ignored");
    assert!(gateway.stop().success());
    let gateway = Gateway::start_in(folder.path(), "[carrier]\nfailed_result = 'apply'\n");
    check_done(&gateway, &retry(&gateway, id), id, "applied");
    assert_eq!(state(&gateway, NUMBER), "active");
}

#[test]
fn a_discarded_notice_is_not_judged_again_by_a_repeat_but_by_a_retry() {
    let gateway = Gateway::start("");
    let said = register("1", NUMBER).with("resultCode", "5");
    let id = said.kept(&gateway);
    check_done(&gateway, &discard(&gateway, id), id, "discarded");
    for code in ["5", "0"] {
        said.clone().with("resultCode", code).tell(&gateway);
        assert_eq!(outcome(&gateway, id), "discarded", "resultCode {code}");
    }
    assert_eq!(times_told(&gateway, id), 3);
    assert_eq!(state(&gateway, NUMBER), "0");
    assert_eq!(retry(&gateway, id).status, 200);
    assert_ne!(outcome(&gateway, id), "discarded");
}

/// Sends it again; it must be the same row, told once more.
#[track_caller]
fn repeat(gateway: &Gateway, said: &Said, id: i64, after: &str) {
    let before = times_told(gateway, id).as_i64().expect("a count");
    said.tell(gateway);
    assert_eq!(newest(gateway)["id"], id, "no second row");
    assert_eq!(times_told(gateway, id), before + 1);
    assert_eq!(outcome(gateway, id), after);
}

#[test]
fn a_repeat_of_held_is_judged_by_its_own_result_code() {
    let gateway = Gateway::start("");
    let said = register("1", NUMBER).with("resultCode", "5");
    let id = said.kept(&gateway);
    repeat(&gateway, &said, id, "held");
    repeat(&gateway, &said.clone().with("resultCode", "7"), id, "held");
    assert_eq!(state(&gateway, NUMBER), "0");
    repeat(&gateway, &said.clone().with("resultCode", "0"), id, "applied");
    assert_eq!(state(&gateway, NUMBER), "active");
    repeat(&gateway, &said, id, "applied");
    assert_eq!(state(&gateway, NUMBER), "active", "what was applied stays applied");
}

#[test]
fn a_repeat_of_unmapped_is_applied_once_the_catalog_has_the_offer() {
    let folder = Folder::new();
    let settings = catalog(folder.path(), &[]);
    let gateway = Gateway::start_in(folder.path(), settings);
    let said = register("1", NUMBER).with("service_id", "7000003").with("package_id", "9003");
    let id = said.kept(&gateway);
    repeat(&gateway, &said, id, "unmapped");
    assert!(gateway.stop().success());
    catalog(folder.path(), &[("7000003", "9003")]);
    let gateway = Gateway::start_in(folder.path(), settings);
    repeat(&gateway, &said, id, "applied");
    assert_eq!(state(&gateway, NUMBER), "active");
}

#[test]
fn a_repeat_has_no_second_effect() {
    let gateway = Gateway::start("");
    let said = register("1", NUMBER);
    let id = said.kept(&gateway);
    cancel("2", NUMBER).tell(&gateway);
    said.tell(&gateway);
    assert_eq!(times_told(&gateway, id), 2);
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    // Fields outside the content may differ.
    said.clone().with("channel", "WEB").with("startTime", "1507024188340").tell(&gateway);
    assert_eq!(times_told(&gateway, id), 3);
}

#[test]
fn what_was_decided_survives_a_restart() {
    let folder = Folder::new();
    let gateway = Gateway::start_in(folder.path(), "");
    let applied = register("1", NUMBER).with("resultCode", "5").kept(&gateway);
    let discarded = register("2", "84945000001").with("package_id", "9").kept(&gateway);
    assert_eq!((retry(&gateway, applied).status, discard(&gateway, discarded).status), (200, 200));
    let before = gateway.story(NUMBER);
    assert!(gateway.stop().success());
    let gateway = Gateway::start_in(folder.path(), "");
    assert_eq!(gateway.story(NUMBER), before);
    assert_eq!(outcome(&gateway, discarded), "discarded");
    assert_eq!(gateway.admin("/api/v1/stats").json()["parked"], json!({}));
}
