//! What carriers really do: restarted notifiers, clocks that are ahead, times that cannot be meant, types of their own.

use chrono::{Duration, Utc};
use serde_json::{Value, json};

use super::outcomes::became;
use crate::gateway::{Folder, Gateway, request};
use crate::said::{at, cancel, carrier_time, newest, register, state};

const NUMBER: &str = "84945989325";
const PARTNER: &str = "[[partner]]\nname = 'app'\ntoken = 'not-a-real-token-app'\n";

/// A counter as it is scraped.
fn counted(gateway: &Gateway, name: &str) -> u64 {
    let text = gateway.admin("/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().expect("a count")
}

fn odd(notice: &Value) -> Vec<&str> {
    notice["odd"].as_array().expect("a list").iter().filter_map(Value::as_str).collect()
}

#[test]
fn a_queue_id_that_two_numbers_share_is_counted_and_one_that_went_back() {
    let gateway = Gateway::start("");
    let (reused, went_back) = ("sdp_gateway_queue_id_reused_total", "sdp_gateway_queue_id_went_back_total");
    let both = || (counted(&gateway, reused), counted(&gateway, went_back));
    assert_eq!(both(), (0, 0), "there from the start");
    let long_ago = carrier_time(Utc::now() - Duration::days(20));
    let later = carrier_time(Utc::now() + Duration::days(10));
    let first = register("900000", NUMBER).with("subcribeTime", &long_ago).with("expiredTime", &later);
    assert_eq!(became(&gateway, &first.xml()), "applied");
    assert_eq!(became(&gateway, &register("17", "84945000001").xml()), "applied");
    assert_eq!(both(), (0, 0));
    // The notifier counts anew: its 17 is another number's too, and long after 900000.
    assert_eq!(became(&gateway, &cancel("17", NUMBER).xml()), "applied");
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    assert_eq!(both(), (1, 1));
    cancel("17", NUMBER).tell(&gateway);
    assert_eq!(both(), (1, 1), "a repeat is no news");
    let found = gateway.admin("/api/v1/notices?queue_id=17").json();
    assert_eq!(found["notices"].as_array().map(Vec::len), Some(2), "{found}");
}

#[test]
fn times_that_cannot_be_meant_are_taken_as_absent_and_told() {
    let gateway = Gateway::start("");
    let day = Duration::days(1);
    let rows = [
        ("expiredTime", carrier_time(Utc::now() - day), "before its start"),
        ("expiredTime", carrier_time(Utc::now() + day * 45), "more than twelve days and than forty"),
        ("expiredTime", (Utc::now() + day).timestamp_millis().to_string(), "milliseconds"),
        ("expiredTime", "20261332000000".to_owned(), "no date"),
        ("subcribeTime", carrier_time(Utc::now() + day * 2), "two days ahead"),
        ("startTime", "yesterday".to_owned(), "no time"),
        ("startTimeCP", "0".to_owned(), "no time"),
        ("updateTime", "180119094911".to_owned(), "a year of two digits"),
    ];
    for (place, (field, text, why)) in rows.iter().enumerate() {
        let name = format!("sdp_gateway_notices_odd_total{{field=\"{field}\"}}");
        let before = counted(&gateway, &name);
        let number = format!("8494500100{place}");
        let mut said = register(&format!("{}", 100 + place), &number).with(field, text);
        if *field == "expiredTime" {
            // Of today, also shortly after midnight.
            said = said.with("subcribeTime", &carrier_time(Utc::now()));
        }
        assert_eq!(became(&gateway, &said.xml()), "applied", "{field}: {why}");
        assert_eq!(odd(&newest(&gateway)), [*field], "{why}");
        assert_eq!(counted(&gateway, &name), before + 1, "{why}");
        assert_eq!(state(&gateway, &number), "active", "{field}: {why}");
        if *field == "expiredTime" {
            // The offer's day ends at midnight in the carrier's zone.
            let held = gateway.story(&number)["subscriptions"][0].clone();
            assert!(held["expires_at"].as_str().is_some_and(|at| at.ends_with("T17:00:00Z")), "{held}");
        }
        said.tell(&gateway);
        assert_eq!(newest(&gateway)["count"], 2, "a repeat, though it is read later");
    }
    let fine = register("300", "84945001100").with("expiredTime", &carrier_time(Utc::now() + day * 39));
    assert_eq!(became(&gateway, &fine.xml()), "applied");
    assert!(odd(&newest(&gateway)).is_empty());
    // A cancel's end is not looked at.
    let cancel = cancel("301", "84945001100").with("expiredTime", &carrier_time(Utc::now() - day));
    assert_eq!(became(&gateway, &cancel.xml()), "applied");
    assert!(odd(&newest(&gateway)).is_empty());
}

#[test]
fn a_start_a_little_ahead_of_our_clock_has_begun() {
    let gateway = Gateway::start(PARTNER);
    let headers = [("Authorization", "Bearer not-a-real-token-app"), ("Content-Type", "application/json")];
    let bind = |device: &str, number: &str| {
        let path = format!("/v1/subscribers/{number}/devices/{device}");
        let answer = request(gateway.main, "PUT", &path, &headers, br#"{"user_account":"ann@sdp.example"}"#);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["services"].clone()
    };
    let ahead = |seconds: i64| carrier_time(Utc::now() + Duration::seconds(seconds));
    let (soon, later) = ("84945000011", "84945000012");
    bind("cam-1", soon);
    bind("cam-2", later);
    let start = ahead(116);
    register("1", soon).with("subcribeTime", &start).tell(&gateway);
    register("2", later).with("subcribeTime", &ahead(600)).tell(&gateway);
    for (number, device, begun) in [(soon, "cam-1", true), (later, "cam-2", false)] {
        let story = gateway.story(number);
        assert_eq!(story["subscriptions"][0]["state"], "active", "{story}");
        let rights = story["entitlements"].as_array().expect("a list");
        assert_eq!(rights.len(), usize::from(begun), "{story}");
        let services = bind(device, number);
        assert_eq!(services.as_array().map(Vec::len), Some(usize::from(begun)), "{services}");
        if begun {
            assert_eq!((&rights[0]["state"], &services[0]["state"]), (&json!("active"), &json!("active")));
            assert_eq!(rights[0]["starts_at"], story["subscriptions"][0]["subscribed_at"]);
            assert_eq!(services[0]["starts_at"], rights[0]["starts_at"], "as stated");
        }
    }
}

#[test]
fn an_operators_own_reg_types_are_what_the_settings_say() {
    let folder = Folder::new();
    let said = |queue: &str, reg_type: &str| register(queue, NUMBER).with("regType", reg_type);
    let first = said("1", "3");
    {
        let gateway = Gateway::start_in(folder.path(), "");
        for said in [&first, &said("2", "4"), &said("3", "5")] {
            assert_eq!(became(&gateway, &said.xml()), "unknown_reg_type");
        }
        assert_eq!(state(&gateway, NUMBER), "0");
    }
    let settings = "[carrier.reg_types]\n'3' = 'register'\n'4' = 'ignore'\n'6' = 'cancel'\n";
    let gateway = Gateway::start_in(folder.path(), settings);
    let retry = |id: i64| {
        let headers = [("Content-Type", "application/json")];
        request(gateway.admin, "POST", &format!("/api/v1/notices/{id}/retry"), &headers, b"{}")
    };
    first.tell(&gateway);
    assert_eq!(gateway.admin("/api/v1/notices/1").json()["reason"], "unknown_reg_type", "a repeat waits");
    assert_eq!(retry(1).json()["outcome"], "applied");
    assert_eq!(
        (state(&gateway, NUMBER).as_str(), &retry(2).json()["outcome"]),
        ("active", &json!("ignored"))
    );
    let still = retry(3);
    assert_eq!(still.status, 409, "{}", still.text());
    first.tell(&gateway);
    assert_eq!(gateway.admin("/api/v1/notices/1").json()["count"], 3, "it is the same operation");
    // New ones are what they mean at once.
    assert_eq!(became(&gateway, &said("10", "4").xml()), "ignored");
    let end = said("11", "6").without("subcribeTime").with("updateTime", &at(0)).with("expiredTime", "");
    assert_eq!(became(&gateway, &end.xml()), "applied");
    assert_eq!(
        (state(&gateway, NUMBER).as_str(), &newest(&gateway)["kind"]),
        ("cancelled", &json!("cancel"))
    );
}
