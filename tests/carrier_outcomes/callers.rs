//! Who may call, how often, and where.

use crate::check_reply;
use crate::gateway::{Answer, Gateway, check, request};
use crate::said::{CHECK, DAY, REG, SERVICE, newest, register};

const FORBIDDEN: Option<&str> = Some("Khong duoc phep");
const NUMBER: &str = "84945989325";

/// A register and a check with these headers, each with its surface.
fn both(gateway: &Gateway, headers: &[(&str, &str)]) -> [(Answer, &'static str); 2] {
    let send = |path, body: String| request(gateway.main, "POST", path, headers, body.as_bytes());
    let asked = send(CHECK, check(NUMBER, SERVICE, DAY));
    [(send(REG, register("1", NUMBER).xml()), "reg"), (asked, "check")]
}

#[track_caller]
fn check_refused(gateway: &Gateway, headers: &[(&str, &str)], status: u16) {
    for (answer, surface) in both(gateway, headers) {
        check_reply(&answer, surface, status, FORBIDDEN);
        for echo in ["queueID", "msisdn", "service_id", "requestid", "service"] {
            assert_eq!(answer.element(echo), "", "nothing is repeated to a stranger");
        }
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
    assert!(newest(gateway).is_null(), "nothing is stored");
}

#[track_caller]
fn check_let_in(gateway: &Gateway, headers: &[(&str, &str)], caller: &str) {
    for (answer, surface) in both(gateway, headers) {
        check_reply(&answer, surface, 200, None);
    }
    assert_eq!(newest(gateway)["caller"], caller);
}

#[test]
fn strangers_are_turned_away_and_counted() {
    let gateway = Gateway::start("[carrier]\nallow = ['10.0.0.0/8']\n");
    check_refused(&gateway, &[], 403);
    let metrics = gateway.admin("/metrics").text();
    assert!(metrics.contains("sdp_gateway_carrier_refused_total{reason=\"not_allowed\"} 2"), "{metrics}");
}

#[test]
fn the_log_of_strangers_is_bounded() {
    let gateway = Gateway::start("[carrier]\nallow = []\n");
    for _ in 0..50 {
        assert_eq!(gateway.post(REG, "x").status, 403);
    }
    assert!(gateway.log().matches("not allowed").count() <= 10, "{}", gateway.log());
}

#[test]
fn forwarded_headers_are_believed_from_trusted_proxies_only() {
    let gateway = Gateway::start("");
    for header in [("X-Forwarded-For", "127.0.0.1"), ("Forwarded", "for=127.0.0.1"), ("x-forwarded-for", "")]
    {
        check_refused(&gateway, &[header], 403);
    }
    // What to do.
    gateway.logs("carrier.trusted_proxies");

    let settings =
        "[carrier]\nallow = ['10.1.0.0/16']\ntrusted_proxies = ['127.0.0.0/8', '192.168.0.0/16']\n";
    let gateway = Gateway::start(settings);
    for stranger in ["11.0.0.1", "10.1.0.1, 11.0.0.1", "10.1.0.1, 11.0.0.1, 192.168.3.3", "nobody", "", " , "]
    {
        check_refused(&gateway, &[("X-Forwarded-For", stranger)], 403);
    }
    check_refused(&gateway, &[], 403);
    check_refused(&gateway, &[("Forwarded", "for=10.1.0.1")], 403);
    for carrier in [
        "10.1.0.1",
        "11.0.0.1, 10.1.2.3",
        "10.1.0.1, 192.168.3.3",
        "::ffff:10.1.0.1",
        "10.1.0.1:4711",
        "10.1.0.1, ,",
    ] {
        check_let_in(&gateway, &[("X-Forwarded-For", carrier)], "carrier");
    }

    // What it forwards without a word is not its own.
    let settings = "[carrier]\nallow = ['127.0.0.0/8']\ntrusted_proxies = ['127.0.0.1']\n";
    let gateway = Gateway::start(settings);
    for headers in [&[][..], &[("X-Forwarded-For", "")], &[("Forwarded", "for=127.0.0.1")]] {
        check_refused(&gateway, headers, 403);
    }
    // What to do.
    gateway.logs("docs/behind-a-proxy.md");
}

#[test]
fn a_callers_credentials_are_asked_for() {
    let settings = "[carrier]\nallow = []\n[[carrier.caller]]\nname = 'vascloud'\nallow = ['127.0.0.1']\n\
        username = 'sdp'\npassword = 'open:sesame'\n";
    let gateway = Gateway::start(settings);
    check_refused(&gateway, &[], 401);
    for wrong in ["Basic c2RwOndyb25n", "Basic !!", "Bearer c2RwOm9wZW46c2VzYW1l", "Basic c2Rw"] {
        check_refused(&gateway, &[("Authorization", wrong)], 401);
    }
    check_let_in(&gateway, &[("Authorization", "Basic c2RwOm9wZW46c2VzYW1l")], "vascloud");
}

#[test]
fn over_the_limit_is_429_and_nothing_is_kept() {
    let gateway = Gateway::start("[limits]\ncarrier_per_second = 1\n");
    let body = register("1", NUMBER).xml();
    let limited = (0..1000).map(|_| gateway.post(REG, &body)).find(|answer| answer.status != 200);
    let limited = limited.expect("a limit");
    check_reply(&limited, "reg", 429, Some("Qua tai, thu lai sau"));
    let wait: u64 = limited.header("retry-after").expect("a time").parse().expect("seconds");
    assert!(wait >= 1);
    let asked = (0..1000).map(|_| gateway.post(CHECK, &check(NUMBER, SERVICE, DAY)));
    let limited = asked.into_iter().find(|answer| answer.status != 200).expect("a limit");
    check_reply(&limited, "check", 429, Some("Qua tai, thu lai sau"));
    assert!(limited.header("retry-after").is_some());
}

#[test]
fn a_listener_of_its_own_has_the_carriers_paths_and_no_others() {
    let gateway =
        Gateway::start("[carrier]\nlisten = '127.0.0.1:0'\n[[partner]]\nname = 'app'\ntoken = 'x'\n");
    let carrier = gateway.carrier.expect("a listener");
    let body = register("1", NUMBER).xml();
    let post = |to, path: &str| request(to, "POST", path, &[], body.as_bytes());
    check_reply(&post(carrier, REG), "reg", 200, None);
    for path in [REG, "/vascloud/v1/notify_sub", "/vascloud/v1/notifySubscriber.html/", CHECK] {
        let answer = post(gateway.main, path);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (404, Some("text/plain; charset=utf-8")),
            "{path}"
        );
    }
    let ask = format!("/v1/subscribers/{NUMBER}/subscriptions");
    let token = [("Authorization", "Bearer x")];
    assert_eq!(request(gateway.main, "GET", &ask, &token, b"").status, 200);
    for path in [ask.as_str(), "/v1/", "/metrics", "/api/v1/stats"] {
        let answer = request(carrier, "GET", path, &token, b"");
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (404, Some("text/plain; charset=utf-8")),
            "{path}"
        );
    }
}
