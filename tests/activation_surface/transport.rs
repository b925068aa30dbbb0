//! Where parameters may stand, and what HTTP itself refuses, in the envelope all the same.

use serde_json::json;

use crate::gateway::{Gateway, request};
use crate::signed::{EFFECT, FORM, PARTNER, REDEEM, USAGE, ask, code, generate, redeem};

#[test]
fn query_form_json_or_some_of_each() {
    let gateway = Gateway::start(PARTNER);
    let codes = generate(&gateway, PARTNER, "--kind cloud --count 8 --days 1");
    let json = Some("application/json");
    let cases = [
        ("GET", true, None),
        ("POST", true, None),
        ("POST", false, Some(FORM)),
        ("POST", false, None),
        ("POST", false, Some("text/plain")),
        ("POST", false, json),
    ];
    for ((method, in_query, kind), text) in cases.into_iter().zip(&codes) {
        let asked = redeem("ann@sdp.example", "cam-1", text, "0").sign();
        let path = if in_query { format!("{REDEEM}?{}", asked.form()) } else { REDEEM.to_owned() };
        let body = match (in_query, kind) {
            (true, _) => String::new(),
            (false, kind) if kind == json => asked.json(),
            _ => asked.form(),
        };
        let headers: Vec<_> = kind.map(|kind| ("Content-Type", kind)).into_iter().collect();
        let answer = request(gateway.main, method, &path, &headers, body.as_bytes());
        assert_eq!(code(&answer), "1001", "{method} {kind:?}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    let asked = redeem("ann@sdp.example", "cam-1", &codes[6], "0").sign();
    let (head, tail) = asked.pairs.split_at(4);
    let split = |pairs: &[(String, String)]| crate::signed::Ask { path: REDEEM, pairs: pairs.to_vec() };
    let path = format!("{REDEEM}?{}", split(head).form());
    let answer = request(gateway.main, "POST", &path, &[], split(tail).json().as_bytes());
    assert_eq!(code(&answer), "1001", "some in the query, some in a JSON body");
    let again = redeem("ann@sdp.example", "cam-1", &codes[7], "0").sign();
    let path = format!("{REDEEM}?{}", again.form());
    let answer = request(gateway.main, "POST", &path, &[], again.form().as_bytes());
    assert_eq!(code(&answer), "1001", "all of it twice, the same");
}

#[test]
fn numbers_may_be_numbers_and_a_plus_may_stand_unescaped() {
    let gateway = Gateway::start(PARTNER);
    let asked = ask(EFFECT, "ann", "9223372036854775807").sign();
    let body = asked.json().replace("\"9223372036854775807\"", "9223372036854775807").replace("\"72\"", "72");
    let answer = request(gateway.main, "POST", EFFECT, &[], body.as_bytes());
    assert_eq!(code(&answer), "1007", "signed as spelled, and not known");
    let mut nonce = 0;
    let with_plus = loop {
        let asked = ask(EFFECT, "ann", "cam-1").with("signatureNonce", &nonce.to_string()).sign();
        if asked.pairs.iter().any(|(_, value)| value.ends_with('=') && value.contains('+')) {
            break asked;
        }
        nonce += 1;
    };
    let body = with_plus.form().replace("%2B", "+").replace("%3D", "=");
    assert_eq!(code(&request(gateway.main, "POST", EFFECT, &[], body.as_bytes())), "1007");
}

#[test]
fn what_cannot_be_read() {
    let gateway = Gateway::start(&format!("{PARTNER}[limits]\nbad_signature_per_second = 0\n"));
    for body in ["{\"a\":1", "{}x", "{\"a\":\"\u{1}\"}", "[]", "<a/>", "\u{1}"] {
        let answer = request(gateway.main, "POST", USAGE, &[], body.as_bytes());
        assert_eq!((answer.status, code(&answer).as_str()), (200, "1003"), "{body}");
    }
    for body in ["", "{}", "%", "=&=&"] {
        let answer = request(gateway.main, "POST", USAGE, &[], body.as_bytes());
        assert_eq!((answer.status, code(&answer).as_str()), (200, "1023"), "{body}");
    }
    let many = "a=1&b=".repeat(400);
    assert_eq!(code(&request(gateway.main, "POST", USAGE, &[], many.as_bytes())), "1003");
    let large = "a".repeat(70_000);
    let answer = request(gateway.main, "POST", USAGE, &[], large.as_bytes());
    assert_eq!((answer.status, code(&answer).as_str()), (413, "1003"));
}

#[test]
fn other_methods_and_other_listeners() {
    let gateway = Gateway::start(&format!("{PARTNER}[carrier]\nlisten = '127.0.0.1:0'\n"));
    for path in [REDEEM, USAGE, EFFECT] {
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = request(gateway.main, method, path, &[], b"");
            assert_eq!((answer.status, code(&answer).as_str()), (405, "1003"), "{method}");
            assert_eq!(answer.header("allow"), Some("GET, POST"));
        }
        assert_eq!(request(gateway.main, "HEAD", path, &[], b"").status, 405, "a look redeems nothing");
        let asked = ask(path, "ann", "cam-1").sign();
        for listener in [gateway.admin, gateway.carrier.expect("its own")] {
            assert_eq!(request(listener, "POST", path, &[], asked.form().as_bytes()).status, 404);
        }
    }
    let answer = request(gateway.main, "GET", "/v3/third/sdk/order/create", &[], b"");
    assert_eq!((answer.status, answer.text().as_str()), (404, "not found\n"));
}

#[test]
fn a_ledger_that_cannot_be_written_is_a_system_fault() {
    let gateway = Gateway::start(&format!("{PARTNER}[server]\nrequest_timeout_ms = 400\n"));
    let text = crate::one_code(&gateway, "cloud");
    let held = crate::Ledger::of(&gateway.folder).hold();
    assert_eq!(redeem("ann", "cam-1", &text, "0").code(&gateway), "1005");
    drop(held);
    let until = std::time::Instant::now() + crate::gateway::PATIENCE;
    // It may have been carried out behind the sender's back: then the record says so.
    while !matches!(redeem("ann", "cam-1", &text, "0").code(&gateway).as_str(), "1001" | "1067") {
        assert!(std::time::Instant::now() < until, "{}", gateway.log());
    }
    let rows = ask(USAGE, "ann", "cam-1").result(&gateway);
    assert_eq!(rows["data"].as_array().map(Vec::len), Some(1), "{}", json!(rows));
}
