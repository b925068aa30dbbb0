//! Whose a call is, of when, and in which order that and the rest is looked at.

use serde_json::{Value, json};

use crate::apps::{Call, call, code, post};
use crate::gateway::{Folder, Gateway};
use crate::signed::{PARTNER, now_ms};
use crate::start;

/// A call that is in order.
fn in_order() -> Call {
    call("queryPackgeList", "ann", json!({"countryCode": "VN", "serviceType": 2}))
}

/// The body with a parameter more, which may be of a name that is there.
fn and(call: &Call, name: &str, value: &Value) -> String {
    format!("{},{}:{value}}}", call.body().trim_end_matches('}'), json!(name))
}

#[test]
fn the_first_check_that_fails_decides() {
    let folder = Folder::new();
    let gateway = start(&folder, PARTNER);
    // Each has every fault of those below it, too.
    let bare = in_order().with("countryCode", "VNM");
    let unknown = Call { method: "queryPackges".to_owned(), ..bare.clone() };
    let stale = unknown.clone().with("timestamp", 1_000_000_000);
    let twofold = stale.clone().with("note", "a&b");
    assert_eq!(code(&twofold.clone().sign_by("guessed").send(&gateway)), 10002);
    assert_eq!(twofold.code(&gateway), 10001);
    assert_eq!(stale.code(&gateway), 10002);
    assert_eq!(unknown.code(&gateway), 10003);
    assert_eq!(unknown.code(&gateway), 10002, "the nonce before the method");
    assert_eq!(bare.clone().with("signatureNonce", "another").code(&gateway), 10001);
    assert_eq!(in_order().code(&gateway), 0);
}

#[test]
fn whose_it_is() {
    let folder = Folder::new();
    let gateway = start(&folder, PARTNER);
    let good = in_order();
    for refused in [
        good.clone(),
        good.clone().sign_by("guessed"),
        good.clone().by("other").sign(),
        good.clone().with("partnerKey", Value::Null).sign(),
        good.clone().sign().with("countryCode", "CN"),
        good.clone().sign().with("note", "unsigned"),
    ] {
        assert_eq!(code(&refused.send(&gateway)), 10002, "{}", refused.body());
    }
    assert_eq!(code(&good.clone().sign_by("unit-test-older-secret").send(&gateway)), 0);
    assert_eq!(good.code(&gateway), 0, "another secret, another signature");
    assert_eq!(good.code(&gateway), 10002, "the same");
}

#[test]
fn time_and_nonce_are_needed_and_good_once() {
    let folder = Folder::new();
    let gateway = start(&folder, PARTNER);
    for without in ["timestamp", "signatureNonce"] {
        assert_eq!(in_order().with(without, Value::Null).code(&gateway), 10002, "{without}");
    }
    let at = |off_s: i64| in_order().with("timestamp", now_ms() + off_s * 1000);
    for (off_s, expected) in [(0, 0), (-290, 0), (290, 0), (-310, 10002), (330, 10002)] {
        assert_eq!(at(off_s).code(&gateway), expected, "{off_s}");
    }
    assert_eq!(at(0).with("timestamp", now_ms() / 1000).code(&gateway), 0, "seconds");
    let once = in_order().with("signatureNonce", 704);
    assert_eq!(once.code(&gateway), 0);
    let alias = Call { method: "queryPackageList".to_owned(), ..once.clone() };
    assert_eq!([once.code(&gateway), alias.code(&gateway)], [10002, 10002], "under either name");
    let other = Call { method: "queryPromotionList".to_owned(), ..once.clone() };
    assert_eq!(other.code(&gateway), 0, "one value for two calls");
    assert_eq!(once.clone().with("countryCode", "CN").code(&gateway), 0, "another request");
    let own = call("queryOwnedCouponList", "ann", json!({})).with("signatureNonce", 704);
    assert_eq!([own.code(&gateway), own.code(&gateway)], [0, 10002]);
    assert!(gateway.stop().success());
    assert_eq!(own.code(&start(&folder, PARTNER)), 10002, "the ledger remembers");
}

#[test]
fn values_are_signed_as_compact_json_and_read_as_signed() {
    let folder = Folder::new();
    let gateway = start(&folder, PARTNER);
    let nested = json!({"z": [1, 2.50, "é"], "a": {"ü": null, "b": true}});
    let asked = in_order().with("more", nested).with("none", "").sign();
    assert_eq!(code(&asked.send(&gateway)), 0);
    let spaced = in_order().with("more", json!(["é", {"a": [1]}])).sign();
    let pretty = serde_json::to_string_pretty(&Value::Object(spaced.params.clone())).unwrap();
    assert_eq!(code(&post(&gateway, &spaced.path(), &pretty.replace('é', "\\u00e9"))), 0, "{pretty}");
    // A number keeps its spelling, and a text of it is the same.
    let text = in_order().with("more", "[1.50,1e2]").sign();
    let number = text.body().replace("\"[1.50,1e2]\"", "[ 1.50, 1e2 ]");
    assert_eq!(code(&post(&gateway, &text.path(), &number)), 0, "{number}");
    let null = and(&in_order().sign(), "absent", &Value::Null);
    assert_eq!(code(&post(&gateway, &in_order().path(), &null)), 0);
}

#[test]
fn what_has_two_readings_is_refused() {
    let folder = Folder::new();
    let gateway = start(&folder, PARTNER);
    let signed = in_order().sign();
    for (name, value) in
        [("countryCode", json!("CN")), ("countryCode", json!("VN")), ("countryCode", Value::Null)]
    {
        let twice = and(&signed, name, &value);
        let answer = post(&gateway, &signed.path(), &twice);
        assert_eq!(code(&answer), 10001, "{twice}");
        assert!(answer.text().contains("two ways"), "{}", answer.text());
    }
    let inner = in_order().with("more", "{\"a\":1,\"a\":1}").sign();
    let inner = (inner.path(), inner.body().replace("\"{\\\"a\\\":1,\\\"a\\\":1}\"", "{\"a\":1,\"a\":1}"));
    assert_eq!(code(&post(&gateway, &inner.0, &inner.1)), 10001, "{}", inner.1);
    assert_eq!(in_order().with("a=b", "c").code(&gateway), 10001);
}

#[test]
fn wrong_parameters_are_named() {
    let folder = Folder::new();
    let gateway = start(&folder, PARTNER);
    for (name, wrong, says) in [
        ("countryCode", Value::Null, "is missing"),
        ("countryCode", json!(" "), "is missing"),
        ("countryCode", json!("VNM"), "is not two letters"),
        ("countryCode", json!("Đ"), "is not two letters"),
        ("serviceType", Value::Null, "is missing"),
        ("serviceType", json!(0), "is neither 1"),
        ("serviceType", json!("two"), "is no whole number"),
        ("serviceType", json!(-1), "is no whole number"),
        ("serviceType", json!(1.0), "is no whole number"),
        ("serviceType", json!([2]), "is no whole number"),
        ("userAccount", json!("a b"), "is not 1 to 64"),
    ] {
        let asked = in_order().with(name, wrong.clone());
        assert_eq!(asked.code(&gateway), 10001, "{name} {wrong}");
        let msg = asked.with("signatureNonce", "again").msg(&gateway);
        assert!(msg.starts_with(&format!("{name} {says}")), "{wrong}: {msg}");
    }
}

#[test]
fn methods_of_no_name_and_such_as_are_not_served() {
    let folder = Folder::new();
    let gateway = start(&folder, PARTNER);
    for method in ["querypackgelist", "queryPackgeList.", "%71ueryPackgeList", "getVideoList"] {
        assert_eq!(call(method, "ann", json!({})).code(&gateway), 10003, "{method}");
    }
}

#[test]
fn whoever_guesses_or_asks_too_much_is_not_heard_for_a_while() {
    let limited = |gateway: &Gateway, call: &Call| {
        let answer = call.send(gateway);
        assert_eq!((answer.status, code(&answer)), (429, 10004), "{}", answer.text());
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&seconds));
    };
    let folder = Folder::new();
    let gateway = start(&folder, &format!("{PARTNER}[limits]\nbad_signature_per_second = 1\n"));
    assert_eq!(in_order().code(&gateway), 0);
    assert_eq!(code(&in_order().sign_by("guessed").send(&gateway)), 10002);
    limited(&gateway, &in_order().sign());
    assert!(gateway.stop().success());
    let gateway = start(&folder, &format!("{PARTNER}[limits]\npartner_per_second = 1\n"));
    let mut asked = (0..20).map(|_| in_order().sign());
    let over = asked.find(|asked| asked.send(&gateway).status == 429).expect("a limit");
    limited(&gateway, &over);
    gateway.logs("kind=\"partner\"");
}
