//! Devices as partners bind and unbind them: what each call answers, and what it makes of a subscriber's
//! rights.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/said.rs"]
mod said;

#[path = "api_devices/refused.rs"]
mod refused;
#[path = "api_devices/tenants.rs"]
mod tenants;

use gateway::{Answer, Gateway, request};
use said::{MONTH, cancel, register};
use serde_json::{Value, json};

const APP: &str = "[[partner]]\nname = 'app'\ntoken = 'app-token'\n";
const NUMBER: &str = "84945989325";
const TOKEN: (&str, &str) = ("Authorization", "Bearer app-token");

fn call(gateway: &Gateway, method: &str, path: &str, body: &str) -> Answer {
    request(gateway.main, method, path, &[TOKEN, ("Content-Type", "application/json")], body.as_bytes())
}

fn of_number(number: &str, device: &str) -> String {
    format!("/v1/subscribers/{number}/devices/{device}")
}

fn of_account(account: &str, device: &str) -> String {
    format!("/v1/accounts/{account}/devices/{device}")
}

fn account(name: &str) -> String {
    json!({ "user_account": name }).to_string()
}

/// Binds; the DEVICE that is answered.
#[track_caller]
fn put(gateway: &Gateway, path: &str, body: &str) -> Value {
    let answer = call(gateway, "PUT", path, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[track_caller]
fn delete(gateway: &Gateway, path: &str) {
    let answer = call(gateway, "DELETE", path, "");
    assert_eq!((answer.status, answer.body.len()), (204, 0), "{}", answer.text());
}

/// The ids of the devices that each entitlement of a number reaches, newest entitlement first.
fn reached(gateway: &Gateway, number: &str) -> Vec<Vec<String>> {
    let answer = call(gateway, "GET", &format!("/v1/subscribers/{number}/entitlements"), "").json();
    let ids = |right: &Value| {
        let devices = right["devices"].as_array().expect("a list").iter();
        devices.map(|device| device["device_id"].as_str().expect("an id").to_owned()).collect()
    };
    answer["entitlements"].as_array().expect("a list").iter().map(ids).collect()
}

#[test]
fn a_bound_device_is_answered_whole_and_again_the_same() {
    let gateway = Gateway::start(APP);
    let body = json!({"user_account": "Ann@SDP.example", "camera": "door", "later": 1}).to_string();
    let device = put(&gateway, &of_number("0945989325", "cam-1"), &body);
    let bound_at = device["bound_at"].clone();
    assert!(bound_at.as_str().is_some_and(|at| at.ends_with('Z')), "{device}");
    let expected = json!({
        "device_id": "cam-1", "msisdn": NUMBER, "user_account": "ann@sdp.example", "camera": "door",
        "bound_at": bound_at, "services": [],
    });
    assert_eq!(device, expected);
    let again = put(&gateway, &of_number(NUMBER, "cam-1"), &account("ANN@sdp.example"));
    assert_eq!(again, expected, "nothing is taken back by what is not said");
    let renamed = put(&gateway, &of_account("ann@sdp.example", "cam-1"), r#"{"camera":"gate"}"#);
    assert_eq!((&renamed["camera"], &renamed["msisdn"]), (&json!("gate"), &json!(NUMBER)));
    assert_eq!(renamed["bound_at"], bound_at);
}

#[test]
fn a_register_reaches_the_device_and_a_cancel_leaves_it() {
    let gateway = Gateway::start(APP);
    put(&gateway, &of_number(NUMBER, "cam-1"), &account("ann"));
    register("1", NUMBER).tell(&gateway);
    let device = put(&gateway, &of_number(NUMBER, "cam-1"), &account("ann"));
    let service = device["services"][0].clone();
    let right = call(&gateway, "GET", &format!("/v1/subscribers/{NUMBER}/entitlements"), "").json();
    let right = right["entitlements"][0].clone();
    assert!(service["id"].as_str().is_some_and(|id| id.starts_with("svc-")), "{service}");
    let expected = json!({
        "id": service["id"], "kind": "cloud", "entitlement": right["id"], "source": "entitlement",
        "state": "active", "starts_at": right["starts_at"], "ends_at": right["ends_at"],
    });
    assert_eq!((&device["services"], &right["devices"]), (&json!([expected]), &json!([device])));
    assert_eq!(gateway.story(NUMBER)["devices"], json!([device]));
    cancel("2", NUMBER).tell(&gateway);
    let device = put(&gateway, &of_number(NUMBER, "cam-1"), &account("ann"));
    assert_eq!((device["services"].clone(), reached(&gateway, NUMBER)), (json!([]), vec![vec![]]));
}

#[test]
fn rights_with_room_attach_to_the_oldest_binding_first() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).tell(&gateway);
    let attached = |device: &str| {
        let device = put(&gateway, &of_number(NUMBER, device), &account("ann"));
        device["services"].as_array().expect("a list").len()
    };
    assert_eq!(["cam-1", "cam-2", "cam-3"].map(attached), [1, 0, 0]);
    delete(&gateway, &of_number(NUMBER, "cam-1"));
    assert_eq!(reached(&gateway, NUMBER), [["cam-2"]]);
    register("2", NUMBER).with("package_id", MONTH).with("subcribeTime", &said::at(0)).tell(&gateway);
    let mut all = reached(&gateway, NUMBER).remove(0);
    all.sort();
    assert_eq!(all, ["cam-2", "cam-3"], "the month has room for four");
}

#[test]
fn what_an_account_bound_is_adopted_by_a_number() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).tell(&gateway);
    let device = put(&gateway, &of_account("Ann", "cam-1"), "");
    let expected = (Value::Null, json!("ann"), json!([]));
    assert_eq!(
        (device["msisdn"].clone(), device["user_account"].clone(), device["services"].clone()),
        expected
    );
    assert_eq!(put(&gateway, &of_account("ann", "cam-1"), "{}"), device, "again is no change");
    let adopted = put(&gateway, &of_number(NUMBER, "cam-1"), &account("ann"));
    assert_eq!((&adopted["msisdn"], &adopted["services"][0]["state"]), (&json!(NUMBER), &json!("active")));
    let kept = put(&gateway, &of_account("ann", "cam-1"), "");
    assert_eq!(kept, adopted, "an account's PUT takes no number away");
}

#[test]
fn a_device_of_another_is_a_conflict() {
    let gateway = Gateway::start(APP);
    put(&gateway, &of_number(NUMBER, "cam-1"), &account("ann"));
    put(&gateway, &of_account("ann", "cam-2"), "");
    let cases = [
        ("PUT", of_number("84912000111", "cam-1"), account("ann")),
        ("PUT", of_number(NUMBER, "cam-1"), account("bob")),
        ("PUT", of_number("84912000111", "cam-2"), account("bob")),
        ("PUT", of_account("bob", "cam-1"), String::new()),
        ("DELETE", of_number("84912000111", "cam-1"), String::new()),
        ("DELETE", of_number(NUMBER, "cam-2"), String::new()),
        ("DELETE", of_account("bob", "cam-1"), String::new()),
    ];
    for (method, path, body) in cases {
        let answer = call(&gateway, method, &path, &body);
        assert_eq!(answer.status, 409, "{method} {path}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{path}");
    }
    assert_eq!(put(&gateway, &of_account("ann", "cam-1"), "")["msisdn"], NUMBER);
}

#[test]
fn an_unbound_device_is_free_for_anybody() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).tell(&gateway);
    for unbind in [of_number(NUMBER, "cam-1"), of_account("ANN", "cam-1")] {
        put(&gateway, &of_number(NUMBER, "cam-1"), &account("ann"));
        assert_eq!(reached(&gateway, NUMBER), [["cam-1"]]);
        delete(&gateway, &unbind);
        delete(&gateway, &unbind);
        assert_eq!(reached(&gateway, NUMBER), [[""; 0]]);
        assert_eq!(gateway.story(NUMBER)["devices"], json!([]));
    }
    delete(&gateway, &of_number(NUMBER, "cam-never-seen"));
    let taken = put(&gateway, &of_number("84912000111", "cam-1"), &account("bob"));
    assert_eq!((&taken["user_account"], &taken["camera"]), (&json!("bob"), &Value::Null));
}

#[test]
fn a_binding_outlives_the_gateway() {
    let folder = gateway::Folder::new();
    let gateway = Gateway::start_in(folder.path(), APP);
    let bound = put(&gateway, &of_number(NUMBER, "cam-1"), &account("ann"));
    assert!(gateway.stop().success());
    let gateway = Gateway::start_in(folder.path(), APP);
    assert_eq!(put(&gateway, &of_number(NUMBER, "cam-1"), &account("ann")), bound);
}
