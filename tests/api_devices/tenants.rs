//! Two resellers on one gateway, and a partner of no tenant beside them: what one has does not exist for the others.

use serde_json::{Value, json};

use crate::gateway::{Answer, Folder, Gateway, request};
use crate::said::{MONTH, register};
use crate::{APP, NUMBER, account, of_account, of_number};

const TENANTS: &str = "[[partner]]\nname = 'a'\ntoken = 'a-token'\ntenant = 'reseller-a'\n\
    [[partner]]\nname = 'a-too'\ntoken = 'a-too-token'\ntenant = 'Reseller-A'\n\
    [[partner]]\nname = 'b'\ntoken = 'b-token'\ntenant = 'reseller-b'\n\
    [[partner]]\nname = 'app'\ntoken = 'app-token'\n";

fn by(gateway: &Gateway, partner: &str, method: &str, path: &str, body: &str) -> Answer {
    request(
        gateway.main,
        method,
        path,
        &[("Authorization", &format!("Bearer {partner}-token"))],
        body.as_bytes(),
    )
}

#[track_caller]
fn bound(gateway: &Gateway, partner: &str, path: &str, body: &str) -> Value {
    let answer = by(gateway, partner, "PUT", path, body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The devices that a number's entitlements reach, as a partner sees them.
fn reached(gateway: &Gateway, partner: &str) -> Vec<String> {
    let path = format!("/v1/subscribers/{NUMBER}/entitlements");
    let answer = by(gateway, partner, "GET", &path, "").json();
    let rights = answer["entitlements"].as_array().expect("a list").iter();
    let devices = rights.flat_map(|right| right["devices"].as_array().expect("a list"));
    devices.map(|device| device["device_id"].as_str().expect("an id").to_owned()).collect()
}

/// What a story tells of devices: which, and whose.
fn told(gateway: &Gateway) -> Vec<(Value, Value)> {
    let story = gateway.story(NUMBER);
    let devices = story["devices"].as_array().expect("a list");
    devices.iter().map(|device| (device["device_id"].clone(), device["user_account"].clone())).collect()
}

#[test]
fn what_one_tenant_has_does_not_exist_for_another() {
    let gateway = Gateway::start(TENANTS);
    register("1", NUMBER).tell(&gateway);
    let own = bound(&gateway, "a", &of_number(NUMBER, "cam-1"), r#"{"user_account":"ann","camera":"door"}"#);
    assert_eq!((&own["user_account"], &own["services"][0]["state"]), (&json!("ann"), &json!("active")));
    bound(&gateway, "app", &of_account("ann", "cam-2"), "");
    let theirs = [
        ("b", "PUT", of_number(NUMBER, "cam-1"), account("ann")),
        ("b", "PUT", of_number("84912000111", "cam-1"), account("bob")),
        ("b", "PUT", of_account("ann", "cam-1"), r#"{"camera":"mine"}"#.to_owned()),
        ("b", "DELETE", of_number(NUMBER, "cam-1"), String::new()),
        ("b", "DELETE", of_account("ann", "cam-1"), String::new()),
        ("app", "PUT", of_number(NUMBER, "cam-1"), account("ann")),
        ("app", "DELETE", of_number(NUMBER, "cam-1"), String::new()),
        ("a", "PUT", of_account("ann", "cam-2"), String::new()),
        ("a", "DELETE", of_account("ann", "cam-2"), String::new()),
    ];
    for (partner, method, path, body) in theirs {
        let answer = by(&gateway, partner, method, &path, &body);
        assert_eq!(answer.status, 404, "{partner} {method} {path}: {}", answer.text());
        let detail = answer.json()["detail"].clone();
        assert_eq!(detail, "there is no such device", "{partner} {method} {path}");
    }
    assert_eq!((reached(&gateway, "b"), reached(&gateway, "app")), (vec![], vec![]));
    assert_eq!(reached(&gateway, "a"), ["cam-1"]);
    assert_eq!(told(&gateway), [(json!("cam-1"), json!("reseller-a/ann"))], "operators see whose it is");
    let again = bound(&gateway, "a-too", &of_number(NUMBER, "cam-1"), &account("Ann"));
    assert_eq!(again, own, "two partners of one tenant have one set of devices");
    let slip = by(&gateway, "a-too", "DELETE", &of_account("bob", "cam-1"), "");
    assert_eq!(slip.status, 409, "within a tenant a slip is told as ever");
}

#[test]
fn a_number_reaches_the_devices_of_all_tenants() {
    let gateway = Gateway::start(TENANTS);
    bound(&gateway, "a", &of_number(NUMBER, "cam-a"), &account("ann"));
    bound(&gateway, "b", &of_number(NUMBER, "cam-b"), &account("ann"));
    register("1", NUMBER).with("package_id", MONTH).tell(&gateway);
    assert_eq!([reached(&gateway, "a"), reached(&gateway, "b")], [["cam-a"], ["cam-b"]]);
    let all = [("cam-b", "reseller-b/ann"), ("cam-a", "reseller-a/ann")];
    assert_eq!(told(&gateway), all.map(|(device, account)| (json!(device), json!(account))));
    assert_eq!(by(&gateway, "b", "DELETE", &of_account("ann", "cam-b"), "").status, 204);
    assert_eq!([reached(&gateway, "a"), reached(&gateway, "b")], [vec!["cam-a"], vec![]]);
}

#[test]
fn no_other_name_takes_a_camera_over() {
    let gateway = Gateway::start(TENANTS);
    bound(&gateway, "a", &of_account("ann", "cam-1"), r#"{"camera":"door"}"#);
    bound(&gateway, "a", &of_account("ann", "cam-2"), "");
    bound(&gateway, "b", &of_account("ann", "cam-3"), "");
    for (partner, device, camera) in [
        ("b", "cam-4", r#"{"camera":"door"}"#),
        ("b", "cam-4", r#"{"camera":"cam-2"}"#),
        ("b", "cam-3", r#"{"camera":"door"}"#),
        ("b", "door", ""),
        ("app", "door", ""),
        ("a", "cam-2", r#"{"camera":"cam-3"}"#),
    ] {
        let answer = by(&gateway, partner, "PUT", &of_account("ann", device), camera);
        assert_eq!(answer.status, 404, "{partner} {device} {camera}: {}", answer.text());
    }
    bound(&gateway, "a", &of_account("ann", "cam-5"), r#"{"camera":"door"}"#);
    bound(&gateway, "b", &of_account("ann", "cam-1x"), r#"{"camera":"cam-1"}"#);
}

#[test]
fn a_device_given_up_is_free_and_tells_nothing_of_before() {
    let gateway = Gateway::start(TENANTS);
    bound(&gateway, "a", &of_account("ann", "cam-1"), r#"{"camera":"door"}"#);
    assert_eq!(by(&gateway, "a", "DELETE", &of_account("ann", "cam-1"), "").status, 204);
    assert_eq!(by(&gateway, "b", "DELETE", &of_account("ann", "cam-1"), "").status, 204, "nobody has it");
    let device = bound(&gateway, "b", &of_account("bob", "cam-1"), "");
    assert_eq!((&device["camera"], &device["services"]), (&Value::Null, &json!([])));
    assert_eq!(by(&gateway, "a", "PUT", &of_account("ann", "cam-1"), "").status, 404);
}

#[test]
fn what_was_there_before_stays_with_partners_without_a_tenant() {
    let folder = Folder::new();
    let gateway = Gateway::start_in(folder.path(), APP);
    crate::put(&gateway, &of_account("ann", "cam-1"), "");
    drop(gateway);
    let gateway = Gateway::start_in(folder.path(), TENANTS);
    assert_eq!(by(&gateway, "a", "PUT", &of_account("ann", "cam-1"), "").status, 404);
    assert_eq!(bound(&gateway, "app", &of_account("ann", "cam-1"), "")["user_account"], "ann");
}
