//! What is refused before a device is looked at: names, bodies, methods, callers.

use crate::gateway::{Answer, Gateway, request};
use crate::{APP, NUMBER, TOKEN, account, call, of_account, of_number, put};

#[track_caller]
fn problem(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let problem = answer.json();
    assert_eq!(problem["status"], status);
    for field in ["type", "title", "detail", "request_id"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    }
}

#[test]
fn names_that_are_none() {
    let gateway = Gateway::start(APP);
    let long = "x".repeat(65);
    for bad in ["a%2Fb", "a%20b", "%C3%A4", "%FF", ".", "..", "%2e%2E", "a%00", &long] {
        problem(&call(&gateway, "PUT", &of_number(NUMBER, bad), &account("ann")), 400);
        problem(&call(&gateway, "PUT", &of_account("ann", bad), ""), 400);
        problem(&call(&gateway, "PUT", &of_account(bad, "cam-1"), ""), 400);
        problem(&call(&gateway, "DELETE", &of_number(NUMBER, bad), ""), 400);
        problem(&call(&gateway, "DELETE", &of_account(bad, "cam-1"), ""), 400);
    }
    problem(&call(&gateway, "PUT", &of_number("12345", "cam-1"), &account("ann")), 400);
    problem(&call(&gateway, "DELETE", &of_number("nobody", "cam-1"), ""), 400);
    problem(&call(&gateway, "PUT", &of_number(NUMBER, ""), &account("ann")), 404);
    let escaped = put(&gateway, &of_number("%2B84945989325", "a%40b%3A1"), &account("ann"));
    assert_eq!((&escaped["device_id"], &escaped["msisdn"]), (&"a@b:1".into(), &NUMBER.into()));
}

#[test]
fn bodies_that_say_nothing_or_something_else() {
    let gateway = Gateway::start(APP);
    let of_number = of_number(NUMBER, "cam-1");
    let long = format!(r#"{{"user_account":"ann","camera":"{}"}}"#, "x".repeat(129));
    for body in [
        "",
        "{}",
        "no JSON",
        "[]",
        r#"["ann","cam"]"#,
        r#" ["ann",null] "#,
        "null",
        "5",
        "\"ann\"",
        r#"{"user_account":"ann""#,
        r#"{"user_account":5}"#,
        r#"{"user_account":null}"#,
        r#"{"user_account":""}"#,
        r#"{"user_account":"a b"}"#,
        r#"{"user_account":"ann","camera":5}"#,
        r#"{"user_account":"ann","camera":"a\u0000b"}"#,
        r#"{"user_account":"ann","user_account":"bob"}"#,
        "{\"user_account\":\"\u{00ff}\"}",
        &long,
    ] {
        let answer = call(&gateway, "PUT", &of_number, body);
        problem(&answer, 400);
        assert!(!answer.text().contains("struct") && !answer.text().contains("Sent"), "{}", answer.text());
        if !body.is_empty() && !body.contains(':') && body != "{}" {
            assert!(answer.text().contains("the body is no JSON object"), "{body}: {}", answer.text());
        }
    }
    problem(&call(&gateway, "PUT", &of_account("ann", "cam-1"), r#"["ann","cam"]"#), 400);
    let headers = [TOKEN];
    problem(&request(gateway.main, "PUT", &of_number, &headers, b"{\"user_account\":\"\xff\"}"), 400);
    problem(&call(&gateway, "PUT", &of_account("ann", "cam-1"), r#"{"user_account":"bob"}"#), 400);
    problem(&call(&gateway, "PUT", &of_number, &" ".repeat(70_000)), 413);
    let deep = "[".repeat(60_000);
    problem(&call(&gateway, "PUT", &of_number, &deep), 400);
    let bound = put(&gateway, &of_number, "{\"user_account\":\"ann\",\"camera\":\"  \"}");
    assert_eq!(bound["camera"], serde_json::Value::Null, "nothing above has bound it, and blanks are none");
}

#[test]
fn callers_and_methods() {
    let gateway = Gateway::start(APP);
    for path in [of_number(NUMBER, "cam-1"), of_account("ann", "cam-1")] {
        problem(&request(gateway.main, "PUT", &path, &[], b"{}"), 401);
        let wrong = ("Authorization", "Bearer other");
        problem(&request(gateway.main, "DELETE", &path, &[wrong], b""), 401);
        for method in ["GET", "POST", "PATCH"] {
            let answer = call(&gateway, method, &path, "");
            problem(&answer, 405);
            assert_eq!(answer.header("allow"), Some("PUT, DELETE"));
        }
    }
    let admin = request(gateway.admin, "PUT", &of_number(NUMBER, "cam-1"), &[TOKEN], b"");
    assert_eq!(admin.status, 404, "not on the operators' listener");
}
