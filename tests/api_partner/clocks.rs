//! `at`: today's knowledge at another clock.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::said::{as_rfc3339, at, cancel, register, rfc3339};
use crate::{APP, NUMBER, get, list, only};

/// The states of the entitlements so many hours from now.
#[track_caller]
fn states(gateway: &Gateway, hours: i64) -> Vec<Value> {
    let rights = list(gateway, &format!("entitlements?at={}", rfc3339(hours)));
    rights.into_iter().map(|right| right["state"].clone()).collect()
}

#[test]
fn the_same_right_at_any_clock() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).with("subcribeTime", &at(-10)).with("expiredTime", &at(10)).tell(&gateway);
    let days = |days: i64| days * 24;
    for (hours, expected) in [
        (-12, json!([])),
        (-9, json!(["active"])),
        (0, json!(["active"])),
        (9, json!(["active"])),
        (11, json!(["grace"])),
        (days(35), json!(["grace"])),
        (days(36), json!(["ended"])),
        (days(3650), json!(["ended"])),
    ] {
        assert_eq!(json!(states(&gateway, hours)), expected, "{hours} h from now");
    }
    let now = only(&gateway, "entitlements");
    let later = only(&gateway, &format!("entitlements?at={}", rfc3339(9)));
    assert_eq!(now, later, "nothing ends in between");
}

#[test]
fn the_clock_may_be_in_any_zone() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).tell(&gateway);
    for at in [
        "2010-01-01T00:00:00Z",
        "2010-01-01T07:00:00%2B07:00",
        "2010-01-01T07:00:00+07:00",
        "2010-01-01T00:00:00.250Z",
        "2009-12-31T19:00:00-05:00",
    ] {
        assert!(list(&gateway, &format!("entitlements?at={at}")).is_empty(), "{at}");
    }
    for at in ["2090-01-01T00:00:00Z", "2090-01-01T07:00:00%2B07:00", "2090-01-01T07:00:00+07:00"] {
        assert_eq!(only(&gateway, &format!("entitlements?at={at}"))["state"], "ended", "{at}");
    }
}

#[test]
fn a_cancel_is_known_at_every_clock_but_changes_none_before_it() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).with("subcribeTime", &at(-10)).tell(&gateway);
    cancel("2", NUMBER).with("updateTime", &at(-5)).tell(&gateway);
    assert_eq!(json!(states(&gateway, -9)), json!(["active"]));
    assert_eq!(json!(states(&gateway, -4)), json!(["ended"]));
    assert_eq!(json!(states(&gateway, 1)), json!(["ended"]));
}

#[test]
fn a_start_in_the_future_is_subscribed_now_and_entitled_then() {
    let gateway = Gateway::start(APP);
    let (from, until) = (at(5), at(29));
    register("1", NUMBER).with("subcribeTime", &from).with("expiredTime", &until).tell(&gateway);
    let subscription = only(&gateway, "subscriptions");
    assert_eq!(subscription["state"], "active");
    assert_eq!(subscription["subscribed_at"], as_rfc3339(&from));
    assert!(list(&gateway, "entitlements").is_empty());
    let right = only(&gateway, &format!("entitlements?at={}", rfc3339(6)));
    assert_eq!(right["state"], "active");
    assert_eq!(right["starts_at"], as_rfc3339(&from));
    assert_eq!(right["ends_at"], as_rfc3339(&until));
}

#[test]
fn subscriptions_are_told_at_the_moment_of_asking() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).tell(&gateway);
    assert_eq!(only(&gateway, "subscriptions")["state"], "active");
    let asked = get(&gateway, &format!("/v1/subscribers/{NUMBER}/subscriptions?at=2090-01-01T00:00:00Z"));
    assert_eq!(asked.status, 400, "a moment that would not be heeded is refused");
}

#[test]
fn one_moment_is_asked_about_and_not_two() {
    let gateway = Gateway::start(APP);
    let at = |query: &str| get(&gateway, &format!("/v1/subscribers/{NUMBER}/entitlements?{query}")).status;
    let (one, two) = ("at=2026-01-01T00:00:00Z", "at=2026-01-02T00:00:00Z");
    assert_eq!(at(&format!("{one}&{two}")), 400);
    assert_eq!((at(&format!("{one}&{one}")), at(&format!("{one}&at=")), at("at=")), (200, 400, 400));
}
