//! Methods, paths, sizes, and what a check answers.

use crate::check_reply;
use crate::gateway::{Gateway, check, request};
use crate::said::{CHECK, DAY, MONTH, REG, SERVICE, at, cancel, newest, register};

const BAD: Option<&str> = Some("Sai hoac thieu tham so");
const UNKNOWN: Option<&str> = Some("Khong tim thay goi dich vu");
const NUMBER: &str = "84945989325";

/// The carrier's paths, each with its surface.
fn paths() -> Vec<(String, &'static str)> {
    let bases = [
        ("notify_reg", "reg"),
        ("notify_sub", "reg"),
        ("notifySubscriber", "reg"),
        ("notify_check", "check"),
        ("notifyCheckSubscriber", "check"),
    ];
    let ends = ["", ".html", "/", ".html/", "?wsdl", ".html?a=b&c"];
    bases
        .iter()
        .flat_map(|(base, surface)| ends.map(|end| (format!("/vascloud/v1/{base}{end}"), *surface)))
        .collect()
}

#[test]
fn every_spelling_of_a_path_answers_in_its_own_grammar() {
    let gateway = Gateway::start("");
    for (path, surface) in paths() {
        let body = if surface == "reg" { register("1", NUMBER).xml() } else { check(NUMBER, SERVICE, DAY) };
        check_reply(&gateway.post(&path, &body), surface, 200, None);
        check_reply(&gateway.post(&path, "no XML"), surface, 200, BAD);
        check_reply(&gateway.post(&path, ""), surface, 200, BAD);
        for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
            let answer = request(gateway.main, method, &path, &[], b"");
            check_reply(&answer, surface, 405, BAD);
            let allowed = answer.header("allow").expect("the methods");
            assert!(allowed.contains("GET") && allowed.contains("POST"), "{allowed}");
        }
        check_reply(&request(gateway.main, "GET", &path, &[], b""), surface, 400, BAD);
    }
}

#[test]
fn the_root_decides_and_the_path_only_where_there_is_none() {
    let gateway = Gateway::start("");
    check_reply(&gateway.post(CHECK, &register("1", NUMBER).xml()), "reg", 200, None);
    assert_eq!(newest(&gateway)["outcome"], "applied");
    check_reply(&gateway.post(REG, &check(NUMBER, SERVICE, DAY)), "check", 200, None);
    check_reply(&gateway.post(REG, "<other/>"), "reg", 200, BAD);
    check_reply(&gateway.post(CHECK, "<other/>"), "check", 200, BAD);
    assert_eq!(newest(&gateway)["id"], 2, "a check is never kept");
}

#[test]
fn other_paths_are_404_in_plain_text() {
    let gateway = Gateway::start("");
    for path in
        ["/", "/vascloud", "/vascloud/v1", "/vascloud/v1/", "/vascloud/v1/notify", "/vascloud/v2/notify_reg"]
    {
        for method in ["GET", "POST"] {
            let answer = request(gateway.main, method, path, &[], b"<ACCESSGW/>");
            assert_eq!(answer.status, 404, "{path}");
            assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{path}");
        }
    }
}

#[test]
fn a_body_over_the_bound_is_413_and_nothing_is_kept() {
    let gateway = Gateway::start("[server]\nbody_bytes_max = 2048\n");
    let large = "x".repeat(2048);
    check_reply(&gateway.post(REG, &register("1", NUMBER).with("errorDesc", &large).xml()), "reg", 413, BAD);
    check_reply(&gateway.post(CHECK, &large.repeat(100)), "check", 413, BAD);
    assert!(newest(&gateway).is_null());
    let just = register("1", NUMBER).xml();
    let just = format!("{just}{}", " ".repeat(2048 - just.len()));
    check_reply(&gateway.post(REG, &just), "reg", 200, None);
}

#[test]
fn values_come_back_as_they_were_sent() {
    let gateway = Gateway::start("");
    let said = register(" 00042 ", "+84945989325").with("service_id", "&lt;&amp;&#39;>");
    let answer = said.send(&gateway);
    let expected = "<queueID>00042</queueID><msisdn>+84945989325</msisdn>";
    assert!(answer.text().contains(expected), "{}", answer.text());
    assert!(answer.text().contains("<service_id>&lt;&amp;"), "{}", answer.text());
    let partial = "<ACCESSGW><COMMAND><queueID>7</queueID><service_id>5</service_id></COMMAND></ACCESSGW>";
    let answer = gateway.post(REG, partial);
    assert_eq!((answer.element("queueID").as_str(), answer.element("service_id").as_str()), ("7", "5"));
}

/// What a check answers: `status` and `error_id`.
fn ask(gateway: &Gateway, package: &str, channel: &str) -> (String, String) {
    let body = check(NUMBER, SERVICE, package).replace("WEB", channel);
    let answer = gateway.post(CHECK, &body);
    assert_eq!(answer.status, 200);
    (answer.element("status"), answer.element("error_id"))
}

#[test]
fn a_check_follows_the_state_and_changes_nothing() {
    let gateway = Gateway::start("[carrier.channels.WEB]\ncheck_answers = 'is_subscribed'\n");
    let row = |may: &str, is: &str, other: &str| {
        let all = [ask(&gateway, DAY, "SMS"), ask(&gateway, DAY, "web"), ask(&gateway, MONTH, "SMS")];
        let expected = [may, is, other].map(|status| (status.to_owned(), "0".to_owned()));
        assert_eq!(all, expected);
    };
    row("1", "0", "1");
    register("1", NUMBER).with("subcribeTime", &at(-4)).tell(&gateway);
    row("0", "1", "0");
    let before = gateway.story(NUMBER);
    row("0", "1", "0");
    assert_eq!(gateway.story(NUMBER), before);
    cancel("2", NUMBER).with("updateTime", &at(-3)).tell(&gateway);
    row("1", "0", "1");
    register("3", NUMBER).with("subcribeTime", &at(-2)).with("expiredTime", &at(-1)).tell(&gateway);
    row("0", "1", "0");
    let lapsed = register("4", NUMBER).with("subcribeTime", &at(-2)).with("expiredTime", &at(-1));
    lapsed.with("autoRenew", "0").with("regID", "30000004").tell(&gateway);
    row("1", "0", "1");
    register("5", NUMBER).with("package_id", MONTH).tell(&gateway);
    row("0", "0", "0");
}

#[test]
fn a_check_that_fails_says_the_status_of_the_settings() {
    for (settings, status) in [("", "1"), ("[carrier]\ncheck_error_status = 0\n", "0")] {
        let gateway = Gateway::start(settings);
        let unknown = gateway.post(CHECK, &check(NUMBER, SERVICE, "9"));
        check_reply(&unknown, "check", 200, UNKNOWN);
        check_reply(&gateway.post(CHECK, &check(NUMBER, "9", DAY)), "check", 200, UNKNOWN);
        let missing = gateway.post(CHECK, &check("", SERVICE, DAY));
        check_reply(&missing, "check", 200, BAD);
        let other = gateway.post(CHECK, &check(NUMBER, SERVICE, DAY).replace("CheckServiceInfo", "Other"));
        check_reply(&other, "check", 200, BAD);
        let method = request(gateway.main, "PUT", CHECK, &[], b"");
        for answer in [unknown, missing, other, method] {
            assert_eq!(answer.element("status"), status, "{}", answer.text());
        }
        let nameless = check(NUMBER, SERVICE, DAY).replace("<name>CheckServiceInfo</name>", "");
        check_reply(&gateway.post(CHECK, &nameless), "check", 200, None);
    }
}
