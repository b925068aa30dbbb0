//! A subscriber's life as a partner sees it, notice by notice.

use serde_json::{Value, json};

use crate::gateway::{Folder, Gateway};
use crate::said::{self, MONTH, as_rfc3339, at, cancel, register};
use crate::{APP, NUMBER, each, list, only};

const DAY_AND_MORE: i64 = 30;

#[test]
fn a_register_gives_a_subscription_and_its_entitlement() {
    let gateway = Gateway::start(APP);
    let (from, until) = (at(-1), at(12));
    register("1", NUMBER).with("subcribeTime", &from).with("expiredTime", &until).tell(&gateway);
    let (from, until) = (as_rfc3339(&from), as_rfc3339(&until));
    let expected = json!([{
        "service_id": said::SERVICE, "package_id": said::DAY, "offer": "lovetv-day", "state": "active",
        "subscribed_at": from, "expires_at": until, "auto_renew": true, "channel": "SMS",
        "reg_id": "30000001", "updated_at": from,
    }]);
    assert_eq!(json!(list(&gateway, "subscriptions")), expected);
    let mut right = only(&gateway, "entitlements");
    let id = right.as_object_mut().and_then(|right| right.remove("id")).expect("an id");
    assert!(id.as_str().is_some_and(|id| !id.is_empty()));
    let expected = json!({
        "offer": "lovetv-day", "kind": "cloud", "storage": "event", "retention_days": 7, "devices_max": 1,
        "state": "active", "starts_at": from, "ends_at": until, "code": null, "devices": [],
    });
    assert_eq!(right, expected);
}

#[test]
fn an_unbroken_run_keeps_its_id_and_its_start() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).tell(&gateway);
    let (subscription, right) = (only(&gateway, "subscriptions"), only(&gateway, "entitlements"));
    let until = at(DAY_AND_MORE);
    register("2", NUMBER).with("subcribeTime", &at(0)).with("expiredTime", &until).tell(&gateway);
    let (subscription2, right2) = (only(&gateway, "subscriptions"), only(&gateway, "entitlements"));
    for (field, same) in [("subscribed_at", true), ("expires_at", false), ("updated_at", false)] {
        assert_eq!(subscription[field] == subscription2[field], same, "{field}: {subscription2:#}");
    }
    for (field, same) in [("id", true), ("starts_at", true), ("ends_at", false)] {
        assert_eq!(right[field] == right2[field], same, "{field}: {right2:#}");
    }
    assert_eq!(right2["ends_at"], as_rfc3339(&until));
}

#[test]
fn a_renewal_in_grace_goes_on_with_the_same_run() {
    let gateway = Gateway::start(APP);
    let from = at(-48);
    register("1", NUMBER).with("subcribeTime", &from).with("expiredTime", &at(-24)).tell(&gateway);
    let id = only(&gateway, "entitlements")["id"].clone();
    assert_eq!(only(&gateway, "entitlements")["state"], "grace");
    register("2", NUMBER).with("subcribeTime", &at(-1)).tell(&gateway);
    let right = only(&gateway, "entitlements");
    assert_eq!((&right["id"], &right["state"]), (&id, &json!("active")));
    assert_eq!(right["starts_at"], as_rfc3339(&from));
    assert_eq!(only(&gateway, "subscriptions")["subscribed_at"], right["starts_at"]);
}

#[test]
fn grants_are_copied_at_register_and_refreshed_at_renewal() {
    let folder = Folder::new();
    let settings = format!("{APP}[catalog]\npath = 'offers.toml'\n");
    let start = |days: u32| {
        let offer = format!(
            "[[offer]]\nid = 'lovetv-day'\nservice_id = '1000625'\npackage_id = '1003013'\nperiod = 'day'\n\
             [[offer.grant]]\nkind = 'cloud'\nstorage = 'event'\nretention_days = {days}\n"
        );
        std::fs::write(folder.path().join("offers.toml"), offer).expect("a catalog");
        Gateway::start_in(folder.path(), &settings)
    };
    let gateway = start(7);
    register("1", NUMBER).tell(&gateway);
    let before = only(&gateway, "entitlements");
    assert!(gateway.stop().success());
    let gateway = start(14);
    assert_eq!(only(&gateway, "entitlements"), before, "the catalog alone changes nothing");
    register("2", NUMBER).with("subcribeTime", &at(0)).tell(&gateway);
    let after = only(&gateway, "entitlements");
    assert_eq!((&before["retention_days"], &after["retention_days"]), (&json!(7), &json!(14)));
    assert_eq!(before["id"], after["id"]);
}

#[test]
fn past_its_expiry_it_is_in_grace_for_as_long_as_the_offer_says() {
    let gateway = Gateway::start(APP);
    let until = at(-1);
    register("1", NUMBER).with("subcribeTime", &at(-25)).with("expiredTime", &until).tell(&gateway);
    assert_eq!(only(&gateway, "subscriptions")["state"], "grace");
    assert_eq!(only(&gateway, "subscriptions")["expires_at"], as_rfc3339(&until));
    let right = only(&gateway, "entitlements");
    assert_eq!(right["state"], "grace");
    let end = chrono::DateTime::parse_from_rfc3339(&as_rfc3339(&until)).expect("a time");
    let end = end.to_utc() + chrono::Duration::days(35);
    assert_eq!(right["ends_at"], end.format("%Y-%m-%dT%H:%M:%SZ").to_string());
}

#[test]
fn what_does_not_renew_lapses_at_its_expiry() {
    let gateway = Gateway::start(APP);
    let until = at(-1);
    let said = register("1", NUMBER).with("subcribeTime", &at(-25)).with("expiredTime", &until);
    said.with("autoRenew", "0").tell(&gateway);
    assert_eq!(only(&gateway, "subscriptions")["state"], "lapsed");
    assert_eq!(only(&gateway, "subscriptions")["auto_renew"], false);
    let right = only(&gateway, "entitlements");
    assert_eq!((&right["state"], &right["ends_at"]), (&json!("ended"), &json!(as_rfc3339(&until))));
}

#[test]
fn what_renews_lapses_when_its_grace_is_over() {
    let gateway = Gateway::start(APP);
    let (from, until) = (at(-37 * 24), at(-36 * 24));
    register("1", NUMBER).with("subcribeTime", &from).with("expiredTime", &until).tell(&gateway);
    assert_eq!(only(&gateway, "subscriptions")["state"], "lapsed");
    assert_eq!(only(&gateway, "entitlements")["state"], "ended");
    register("2", NUMBER).tell(&gateway);
    assert_eq!(only(&gateway, "subscriptions")["state"], "active");
    assert_eq!(each(&gateway, "entitlements", "state"), ["active", "ended"], "a lapse breaks the run");
    let ids = each(&gateway, "entitlements", "id");
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_cancel_ends_at_once_and_a_later_register_begins_anew() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).tell(&gateway);
    let first = only(&gateway, "entitlements");
    cancel("2", NUMBER).with("expiredTime", &at(12)).tell(&gateway);
    let subscription = only(&gateway, "subscriptions");
    assert_eq!(subscription["state"], "cancelled");
    let ended = only(&gateway, "entitlements");
    assert_eq!((&ended["id"], &ended["state"]), (&first["id"], &json!("ended")));
    assert_eq!(ended["ends_at"], subscription["updated_at"]);
    register("3", NUMBER).with("subcribeTime", &at(0)).tell(&gateway);
    assert_eq!(only(&gateway, "subscriptions")["state"], "active");
    assert_eq!(each(&gateway, "entitlements", "state"), ["active", "ended"], "newest first");
    let ids = each(&gateway, "entitlements", "id");
    assert_eq!(ids[1], first["id"]);
    assert_ne!(ids[0], first["id"]);
    let starts = each(&gateway, "entitlements", "starts_at");
    assert_eq!(only(&gateway, "subscriptions")["subscribed_at"], starts[0]);
}

#[test]
fn a_cancel_of_what_was_never_held_is_told_without_times() {
    let gateway = Gateway::start(APP);
    cancel("1", NUMBER).tell(&gateway);
    let subscription = only(&gateway, "subscriptions");
    assert_eq!(subscription["state"], "cancelled");
    assert_eq!((&subscription["subscribed_at"], &subscription["expires_at"]), (&Value::Null, &Value::Null));
    assert!(list(&gateway, "entitlements").is_empty());
}

#[test]
fn another_package_of_an_exclusive_service_replaces() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).tell(&gateway);
    register("2", NUMBER).with("package_id", MONTH).with("subcribeTime", &at(0)).tell(&gateway);
    let rows = list(&gateway, "subscriptions");
    let told: Vec<_> = rows.iter().map(|row| (row["offer"].as_str(), row["state"].as_str())).collect();
    assert!(told.contains(&(Some("lovetv-day"), Some("replaced"))), "{told:?}");
    assert!(told.contains(&(Some("lovetv-month"), Some("active"))), "{told:?}");
    assert_eq!(each(&gateway, "entitlements", "offer"), ["lovetv-month", "lovetv-day"]);
    assert_eq!(each(&gateway, "entitlements", "state"), ["active", "ended"]);
    let rights = list(&gateway, "entitlements");
    assert_eq!(rights[0]["starts_at"], rights[1]["ends_at"], "one ends where the other begins");
    cancel("3", NUMBER).with("package_id", MONTH).with("updateTime", &at(0)).tell(&gateway);
    let states = each(&gateway, "entitlements", "state");
    assert_eq!(states, ["ended", "ended"], "what was replaced does not revive");
}

#[test]
fn packages_of_other_services_stand_side_by_side() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).tell(&gateway);
    register("2", NUMBER).with("service_id", "1000630").with("package_id", "1003021").tell(&gateway);
    register("3", NUMBER).with("service_id", "1000630").with("package_id", "1003022").tell(&gateway);
    assert_eq!(each(&gateway, "subscriptions", "state"), ["active", "active", "active"]);
    let mut kinds: Vec<String> = each(&gateway, "entitlements", "kind")
        .iter()
        .map(|kind| kind.as_str().unwrap_or("").to_owned())
        .collect();
    kinds.sort();
    assert_eq!(kinds, ["4g", "ai", "cloud"]);
    let of_ai = list(&gateway, "entitlements").into_iter().find(|right| right["kind"] == "ai");
    assert_eq!(of_ai.expect("one")["storage"], Value::Null);
}
