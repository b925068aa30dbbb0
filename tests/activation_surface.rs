//! The activation surface as apps use it: codes redeemed once, what was redeemed and what is in force, and
//! every result code, over a real socket.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "support/activation_double.rs"]
mod activation_double;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/said.rs"]
mod said;
#[path = "support/signed.rs"]
mod signed;

#[path = "activation_surface/fresh.rs"]
mod fresh;
#[path = "activation_surface/limits.rs"]
mod limits;
#[path = "activation_surface/race.rs"]
mod race;
#[path = "activation_surface/remote.rs"]
mod remote;
#[path = "activation_surface/tenants.rs"]
mod tenants;
#[path = "activation_surface/transport.rs"]
mod transport;

use gateway::{Gateway, Ledger, request};
use said::{cancel, register};
use serde_json::{Value, json};
use signed::{EFFECT, PARTNER, USAGE, ask, code, generate, now_ms, one_code, redeem};

const NUMBER: &str = "84945989325";
const DAY_MS: i64 = 86_400_000;
const NONE: [Value; 0] = [];

/// What is listed of a device of `ann`, newest first.
#[track_caller]
fn listed(gateway: &Gateway, path: &'static str, device: &str) -> Vec<Value> {
    ask(path, "ann", device).result(gateway)["data"].as_array().expect("a list").clone()
}

/// Binds a device over the partner surface.
#[track_caller]
fn bind(gateway: &Gateway, path: &str, body: &Value) {
    let headers = [("Authorization", "Bearer app-token")];
    let answer = request(gateway.main, "PUT", path, &headers, body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[test]
fn a_subscription_is_in_force_on_its_device_until_it_is_cancelled() {
    let gateway = Gateway::start(PARTNER);
    let path = format!("/v1/subscribers/{NUMBER}/devices/cam-1");
    bind(&gateway, &path, &json!({"user_account": "ann"}));
    assert_eq!(listed(&gateway, EFFECT, "cam-1"), NONE);
    register("1", NUMBER).tell(&gateway);
    let services = listed(&gateway, EFFECT, "cam-1");
    let right = gateway.story(NUMBER)["entitlements"][0].clone();
    let ms = |field: &str| {
        let at = right[field].as_str().expect("a time");
        chrono::DateTime::parse_from_rfc3339(at).expect("a time").timestamp_millis()
    };
    let id = gateway.story(NUMBER)["devices"][0]["services"][0]["id"].clone();
    let expected = json!({
        "orderNum": id, "serverStartTime": ms("starts_at"), "serverEndTime": ms("ends_at"), "type": "0",
    });
    assert_eq!(services, [expected]);
    cancel("2", NUMBER).tell(&gateway);
    assert_eq!(listed(&gateway, EFFECT, "cam-1"), NONE);
    assert_eq!(listed(&gateway, USAGE, "cam-1"), NONE, "nothing was redeemed");
}

#[test]
fn a_code_becomes_a_service_once() {
    let gateway = Gateway::start(PARTNER);
    let text = one_code(&gateway, "cloud");
    let before = now_ms();
    let order = redeem("Ann", "cam-1", &text, "0").result(&gateway)["orderNum"].clone();
    let used = listed(&gateway, USAGE, "cam-1").remove(0);
    let expected = json!({"orderNum": order, "actCode": text, "useTime": used["useTime"], "type": "0"});
    assert_eq!(used, expected);
    let at = used["useTime"].as_i64().expect("milliseconds");
    assert!((before..=now_ms()).contains(&at), "{at}");
    let service = listed(&gateway, EFFECT, "cam-1").remove(0);
    let expected = json!({
        "orderNum": order, "serverStartTime": at, "serverEndTime": at + 30 * DAY_MS, "type": "0",
    });
    assert_eq!(service, expected);
    assert_eq!(redeem("ann", "cam-1", &text, "0").code(&gateway), "1067");
    assert_eq!(redeem("bob", "cam-2", &text, "0").code(&gateway), "1067");
    assert_eq!(ask(EFFECT, "bob", "cam-2").code(&gateway), "1007", "a refused code binds nothing");
}

#[test]
fn a_code_is_known_however_it_is_typed() {
    let gateway = Gateway::start(PARTNER);
    let codes = generate(&gateway, PARTNER, "--kind ai --count 3 --days 1");
    let typed =
        [codes[0].to_lowercase(), codes[1].replace('-', " "), format!(" {} ", codes[2].replace('-', ""))];
    for text in typed {
        assert_eq!(redeem("ann", "cam-1", &text, "1").code(&gateway), "1001", "{text}");
    }
    let used: Vec<_> = listed(&gateway, USAGE, "cam-1").iter().map(|row| row["actCode"].clone()).collect();
    assert_eq!(used, [json!(codes[2]), json!(codes[1]), json!(codes[0])], "newest first, as issued");
}

#[test]
fn codes_of_one_kind_queue_and_others_run_beside() {
    let gateway = Gateway::start(PARTNER);
    let orders: Vec<Value> = ["cloud", "cloud", "ai", "4g"]
        .into_iter()
        .map(|kind| {
            let code = one_code(&gateway, kind);
            let number = match kind {
                "cloud" => "0",
                "ai" => "1",
                _ => "2",
            };
            redeem("ann", "cam-1", &code, number).result(&gateway)["orderNum"].clone()
        })
        .collect();
    let mut types: Vec<_> = listed(&gateway, EFFECT, "cam-1").iter().map(|row| row["type"].clone()).collect();
    types.sort_by_key(Value::to_string);
    assert_eq!(types, ["0", "1", "2"]);
    let used: Vec<_> = listed(&gateway, USAGE, "cam-1").iter().map(|row| row["orderNum"].clone()).collect();
    assert_eq!(used, orders.into_iter().rev().collect::<Vec<_>>());
    bind(&gateway, &format!("/v1/subscribers/{NUMBER}/devices/cam-1"), &json!({"user_account": "ann"}));
    register("1", NUMBER).tell(&gateway);
    let right = gateway.story(NUMBER)["entitlements"][0]["id"].clone();
    let device = gateway.story(NUMBER)["devices"][0].clone();
    let states: Vec<_> = device["services"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|service| service["kind"] == "cloud")
        .map(|service| {
            (service["entitlement"].clone(), service["state"].as_str().expect("a word").to_owned())
        })
        .collect();
    let state = |entitlement: Value, state: &str| (entitlement, state.to_owned());
    assert!(states.contains(&state(right, "active")), "{states:?}");
    assert!(states.contains(&state(Value::Null, "paused")) && states.contains(&state(Value::Null, "queued")));
    assert_eq!(listed(&gateway, EFFECT, "cam-1").len(), 3, "what is paid waits while the right holds");
}

#[test]
fn every_refusal_has_its_code() {
    let gateway = Gateway::start(PARTNER);
    let (cloud, ai) = (one_code(&gateway, "cloud"), one_code(&gateway, "ai"));
    assert_eq!(redeem("ann", "cam-1", &cloud, "0").code(&gateway), "1001");
    for (ask, expected) in [
        (redeem("bob", "cam-1", &ai, "1"), "1007"),
        (ask(USAGE, "bob", "cam-1"), "1007"),
        (ask(EFFECT, "bob", "cam-1"), "1007"),
        (ask(EFFECT, "ann", "cam-never-seen"), "1007"),
        (redeem("ann", "cam-1", &cloud, "0"), "1067"),
        (redeem("ann", "cam-1", &ai, "0"), "1068"),
        (redeem("ann", "cam-1", &ai, "2"), "1068"),
        (redeem("ann", "cam-1", "2222-3333-4444-5555", "0"), "1068"),
        (redeem("ann", "cam-1", "mã", "0"), "1068"),
        (redeem("ann", "cam-1", &"A".repeat(200), "0"), "1068"),
        (redeem("ann", "cam-1", &ai, "1").without("type"), "1003"),
        (redeem("ann", "cam-1", &ai, "3"), "1003"),
        (redeem("ann", "cam-1", &ai, "1").without("actCode"), "1003"),
        (redeem("ann", "cam 1", &ai, "1"), "1003"),
        (redeem("", "cam-1", &ai, "1"), "1003"),
        (redeem("ann", "cam-1", &ai, "1").with("phoneType", "x"), "1003"),
        (redeem("ann", "cam-1", &ai, "1").with("lngType", "a&b"), "1003"),
        (redeem("ann", "cam-1", &ai, "1").without("partnerKey"), "1023"),
        (redeem("ann", "cam-1", &ai, "1").with("partnerKey", "other"), "1023"),
    ] {
        assert_eq!(ask.code(&gateway), expected, "{}", ask.form());
    }
    let unsigned = redeem("ann", "cam-1", &ai, "1");
    assert_eq!(code(&unsigned.send(&gateway)), "1023");
    assert_eq!(code(&unsigned.clone().sign_by("guessed").send(&gateway)), "1023");
    assert_eq!(code(&unsigned.clone().sign().with("deviceID", "cam-2").send(&gateway)), "1023");
    assert_eq!(unsigned.code(&gateway), "1001", "none of these has used the code up");
}

#[test]
fn a_code_lapses_at_its_second() {
    let gateway = Gateway::start(PARTNER);
    let expires = chrono::Utc::now() + chrono::Duration::milliseconds(2500);
    let expires = expires.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let options = format!("--kind 4g --count 2 --days 1 --expires {expires}");
    let codes = generate(&gateway, PARTNER, &options);
    let first = redeem("ann", "cam-1", &codes[0], "2").code(&gateway);
    while now_ms() < chrono::DateTime::parse_from_rfc3339(&expires).expect("a time").timestamp_millis() {
        assert_eq!(first, "1001");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(redeem("ann", "cam-1", &codes[1], "2").code(&gateway), "1068");
}

#[test]
fn the_redeeming_account_has_the_device_from_then_on() {
    let gateway = Gateway::start(PARTNER);
    assert_eq!(redeem("ann", "cam-1", &one_code(&gateway, "cloud"), "0").code(&gateway), "1001");
    bind(&gateway, "/v1/accounts/ann/devices/cam-1", &json!({}));
    let headers = [("Authorization", "Bearer app-token")];
    let other = request(gateway.main, "PUT", "/v1/accounts/bob/devices/cam-1", &headers, b"");
    assert_eq!(other.status, 409);
    let unbound = request(gateway.main, "DELETE", "/v1/accounts/ann/devices/cam-1", &headers, b"");
    assert_eq!(unbound.status, 204);
    assert_eq!(ask(EFFECT, "ann", "cam-1").code(&gateway), "1007");
    assert_eq!(redeem("bob", "cam-1", &one_code(&gateway, "cloud"), "0").code(&gateway), "1001");
    let rows = ask(USAGE, "bob", "cam-1").result(&gateway)["data"].as_array().expect("a list").len();
    assert_eq!(rows, 1, "what the earlier account redeemed is not shown");
}

#[test]
fn nothing_secret_is_logged_or_kept_in_the_open() {
    let folder = gateway::Folder::new();
    std::fs::write(folder.path().join("codes.key"), "0f".repeat(32)).expect("a key");
    let settings = format!("{PARTNER}[codes]\nkey_file = 'codes.key'\n");
    let gateway = Gateway::start_in(folder.path(), &settings);
    let code = generate(&gateway, &settings, "--kind cloud --count 1 --days 30").remove(0);
    let asked = redeem(NUMBER, "cam-1", &code, "0").sign();
    let answer = asked.send(&gateway);
    assert_eq!(signed::code(&answer), "1001", "{}", answer.text());
    assert_eq!(listed_by(&gateway, NUMBER)[0]["actCode"], code);
    gateway.logs("surface=\"activation\"");
    let log = gateway.log();
    assert!(log.contains("1001"), "{log}");
    let signature = &asked.pairs.iter().find(|(name, _)| name == "signature").expect("one").1;
    for secret in [code.as_str(), &code.replace('-', ""), NUMBER, signature, signed::SECRET] {
        assert!(!log.contains(secret), "{secret}:\n{log}");
    }
    let rows = Ledger::of(&gateway.folder).rows("SELECT sealed, key FROM code");
    let kept = format!("{rows:?}");
    assert!(rows.len() == 1 && !kept.contains(&code) && !kept.contains(&code.replace('-', "")), "{kept}");
}

fn listed_by(gateway: &Gateway, account: &str) -> Vec<Value> {
    ask(USAGE, account, "cam-1").result(gateway)["data"].as_array().expect("a list").clone()
}

#[test]
fn answers_and_stock_are_counted() {
    let gateway = Gateway::start(PARTNER);
    let codes = generate(&gateway, PARTNER, "--kind ai --count 3 --days 7");
    redeem("ann", "cam-1", &codes[0], "1").code(&gateway);
    redeem("ann", "cam-1", &codes[0], "1").code(&gateway);
    let metrics = gateway.admin("/metrics").text();
    for line in [
        "sdp_gateway_activation_requests_total{call=\"redeem\",code=\"1001\"} 1",
        "sdp_gateway_activation_requests_total{call=\"redeem\",code=\"1067\"} 1",
        "sdp_gateway_activation_request_seconds_count{call=\"redeem\"} 2",
        "sdp_gateway_codes_unused{kind=\"ai\"} 2",
        "sdp_gateway_codes_unused{kind=\"cloud\"} 0",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}
