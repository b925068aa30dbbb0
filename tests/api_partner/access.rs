//! Who may ask, and for what paths and numbers.

use crate::gateway::{Answer, Folder, Gateway, request};
use crate::said::register;
use crate::{APP, NUMBER, get};

const ASK: &str = "/v1/subscribers/84945989325/subscriptions";

fn ask(gateway: &Gateway, authorization: Option<&str>) -> Answer {
    let headers: Vec<_> = authorization.map(|value| ("Authorization", value)).into_iter().collect();
    request(gateway.main, "GET", ASK, &headers, b"")
}

#[track_caller]
fn check_problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    for field in ["type", "title", "detail", "request_id"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {problem}");
    }
}

#[test]
fn only_a_partners_token_opens() {
    let gateway = Gateway::start(&format!("{APP}[[partner]]\nname = 'web'\ntoken = 'web-token'\n"));
    for good in ["Bearer app-token", "Bearer web-token", "bearer app-token"] {
        assert_eq!(ask(&gateway, Some(good)).status, 200, "{good}");
    }
    let bad = ["Bearer ", "Bearer app-toke", "Bearer app-tokenn", "app-token", "Basic YXBwOmFwcC10b2tlbg=="];
    for bad in bad.into_iter().map(Some).chain([None]) {
        let answer = ask(&gateway, bad);
        check_problem(&answer, 401);
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"), "{bad:?}");
    }
}

#[test]
fn without_partners_nobody_may_ask() {
    let gateway = Gateway::start("");
    check_problem(&ask(&gateway, Some("Bearer ")), 401);
    check_problem(&ask(&gateway, None), 401);
}

#[test]
fn a_token_may_be_in_a_file() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("token"), "from-a-file\n").expect("a file");
    let gateway = Gateway::start_in(folder.path(), "[[partner]]\nname = 'app'\ntoken_file = 'token'\n");
    assert_eq!(ask(&gateway, Some("Bearer from-a-file")).status, 200);
    check_problem(&ask(&gateway, Some("Bearer token")), 401);
}

#[test]
fn a_partner_with_a_key_alone_has_no_token() {
    let gateway = Gateway::start("[[partner]]\nname = 'app'\nkey = 'pk'\nsecrets = ['s']\n");
    for sent in ["Bearer ", "Bearer pk", "Bearer s"] {
        check_problem(&ask(&gateway, Some(sent)), 401);
    }
}

#[test]
fn unknown_paths_and_methods() {
    let gateway = Gateway::start(APP);
    for path in ["/v1/", "/v1/subscribers", "/v1/subscribers/84945989325", &format!("{ASK}/"), "/v1/x"] {
        check_problem(&get(&gateway, path), 404);
    }
    for path in ["/", "/v2/subscribers", "/favicon.ico", "/metrics", "/api/v1/stats"] {
        let answer = get(&gateway, path);
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{path}");
    }
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        let answer = request(gateway.main, method, ASK, &[("Authorization", "Bearer app-token")], b"");
        check_problem(&answer, 405);
        assert_eq!(answer.header("allow"), Some("GET"), "{method}");
    }
}

#[test]
fn what_cannot_be_read_is_400() {
    let gateway = Gateway::start(APP);
    for number in ["12345", "1234567890123456", "84x45989325", "%20", "++84945989325", "84945989325%00"] {
        for list in ["subscriptions", "entitlements"] {
            check_problem(&get(&gateway, &format!("/v1/subscribers/{number}/{list}")), 400);
        }
    }
    for at in ["now", "2026-03-10", "2026-03-10T10:00:00", "20260310100000", "1773111600"] {
        let path = format!("/v1/subscribers/{NUMBER}/entitlements?at={at}");
        check_problem(&get(&gateway, &path), 400);
    }
}

#[test]
fn any_spelling_finds_the_number() {
    let gateway = Gateway::start(APP);
    register("1", NUMBER).tell(&gateway);
    register("2", "841241234567").tell(&gateway);
    let rows = [
        ("84945989325", NUMBER),
        ("+84945989325", NUMBER),
        ("%2B84945989325", NUMBER),
        ("0945989325", NUMBER),
        ("945989325", NUMBER),
        ("841241234567", "84841234567"),
        ("84841234567", "84841234567"),
        ("0841234567", "84841234567"),
        ("01241234567", "84841234567"),
    ];
    for (spelling, canonical) in rows {
        for list in ["subscriptions", "entitlements"] {
            let answer = get(&gateway, &format!("/v1/subscribers/{spelling}/{list}")).json();
            assert_eq!(answer["msisdn"], canonical, "{spelling}");
            assert_eq!(answer[list].as_array().map(Vec::len), Some(1), "{spelling} {list}");
        }
    }
}

#[test]
fn an_unknown_number_has_empty_lists() {
    let gateway = Gateway::start(APP);
    for number in ["84999999999", "123456"] {
        for list in ["subscriptions", "entitlements"] {
            let answer = get(&gateway, &format!("/v1/subscribers/{number}/{list}"));
            assert_eq!(answer.status, 200);
            assert_eq!(answer.json(), serde_json::json!({"msisdn": number, list: []}));
        }
    }
}

#[test]
fn a_limit_is_each_partners_own() {
    let settings =
        format!("{APP}[[partner]]\nname = 'web'\ntoken = 'web-token'\n[limits]\npartner_per_second = 1\n");
    let gateway = Gateway::start(&settings);
    let limited = (0..1000).map(|_| ask(&gateway, Some("Bearer app-token"))).find(|a| a.status != 200);
    let limited = limited.expect("a limit");
    check_problem(&limited, 429);
    let wait: u64 = limited.header("retry-after").expect("a time").parse().expect("seconds");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(ask(&gateway, Some("Bearer web-token")).status, 200);
    check_problem(&ask(&gateway, None), 401);
}
