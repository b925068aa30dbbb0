//! Parameters that a call does not take, and what the document says of those that it takes.

use serde_json::{Value, json};

use crate::gateway::{Answer, Gateway, request};
use crate::{SETTINGS, Schemas, document, fill, json_routes};

fn call(gateway: &Gateway, method: &str, path: &str) -> Answer {
    let to = if path.starts_with("/v1/") { gateway.main } else { gateway.admin };
    request(to, method, path, &[("Authorization", "Bearer app-token")], b"")
}

fn real(path: &str) -> String {
    let items =
        [("{msisdn}", "84945000001"), ("{id}", "1"), ("{device_id}", "cam-1"), ("{user_account}", "ann")];
    items.iter().fold(path.to_owned(), |path, (name, item)| path.replace(name, item))
}

#[test]
fn a_parameter_that_a_call_does_not_take_is_refused_everywhere() {
    let (schemas, gateway) = (Schemas::strict(), Gateway::start(SETTINGS));
    fill(&gateway);
    for (method, path) in json_routes().filter(|(_, path)| !path.starts_with("/flussonic/")) {
        for query in ["outcom=parked", "verbose", "at=2026-03-10T10:00:00Z", "=", "LIMIT=5"] {
            if path.ends_with("entitlements") && query.starts_with("at") {
                continue;
            }
            let answer = call(&gateway, method.as_str(), &format!("{}?{query}", real(path)));
            assert_eq!(answer.status, 400, "{method} {path}?{query}: {}", answer.text());
            schemas.check(path, &method.as_str().to_lowercase(), &answer);
        }
    }
    assert_eq!(gateway.story("84945000001")["devices"], json!([]), "nothing was bound");
}

#[test]
fn a_parameter_without_a_value_or_with_a_wrong_one_is_refused() {
    let gateway = Gateway::start(SETTINGS);
    fill(&gateway);
    let (entitlements, notices, tasks) =
        ("/v1/subscribers/84945000001/entitlements", "/api/v1/notices", "/api/v1/tasks");
    for (path, query) in [
        (entitlements, "at="),
        (entitlements, "at"),
        (entitlements, "at=2026-03-10T10:00:00Z&at="),
        (notices, "outcome="),
        (notices, "msisdn="),
        (notices, "outcome=parked&reason="),
        (notices, "limit="),
        (notices, "limit=%2B5"),
        (notices, "limit=5&limit=6"),
        (notices, "cursor="),
        (notices, "cursor=-1"),
        (notices, "cursor=%2B7"),
        (notices, "cursor=9999999999999999999"),
        (tasks, "provider="),
        (tasks, "provider=a%20b"),
        (tasks, "state="),
    ] {
        let to = if path == entitlements { gateway.main } else { gateway.admin };
        let headers = [("Authorization", "Bearer app-token")];
        let answer = request(to, "GET", &format!("{path}?{query}"), &headers, b"");
        assert_eq!(answer.status, 400, "{path}?{query}: {}", answer.text());
    }
    for query in ["", "?", "?&", "?limit=5&limit=5", "?outcome=parked&cursor=999999999999999999"] {
        assert_eq!(gateway.admin(&format!("{notices}{query}")).status, 200, "{query}");
    }
}

/// Whether the document's pattern for the field takes a text.
fn documented(schemas: &Schemas, pointer: &str, text: &str) -> bool {
    let schema = document().pointer(pointer).unwrap_or_else(|| panic!("{pointer}")).clone();
    schemas.faults(&schema, &json!(text)).is_empty()
}

#[test]
fn the_patterns_of_the_document_are_what_is_taken() {
    let (schemas, gateway) = (Schemas::strict(), Gateway::start(SETTINGS));
    let headers = [("Authorization", "Bearer app-token")];
    let camera = "/components/schemas/NumberBinding/properties/camera";
    let long = "x".repeat(128);
    let too_long = "x".repeat(129);
    for (name, good) in [
        ("door", true),
        ("Cửa trước 👨\u{200d}👩", true),
        (&long, true),
        (&too_long, false),
        ("a\u{1b}[2J", false),
        ("a\nb", false),
        ("a\u{7f}b", false),
        ("a\u{9b}31m", false),
        ("abc\u{202e}fed", false),
        ("\u{2066}abc", false),
        ("a\u{200b}b", false),
        ("a\u{2028}b", false),
        ("a\u{feff}b", false),
    ] {
        assert_eq!(documented(&schemas, camera, name), good, "{name:?}");
        let body = json!({"user_account": "ann", "camera": name}).to_string();
        let path = "/v1/subscribers/84945000001/devices/cam-1";
        let answer = request(gateway.main, "PUT", path, &headers, body.as_bytes());
        assert_eq!(answer.status, if good { 200 } else { 400 }, "{name:?}: {}", answer.text());
    }
    let cursor = "/components/parameters/cursor/schema";
    for (text, good) in
        [("4711", true), ("0", true), ("-1", false), ("x", false), ("9999999999999999999", false)]
    {
        assert_eq!(documented(&schemas, cursor, text), good, "{text}");
        let answer = gateway.admin(&format!("/api/v1/notices?cursor={text}"));
        assert_eq!(answer.status, if good { 200 } else { 400 }, "{text}");
    }
}

#[test]
fn a_conflict_says_why_nothing_changed() {
    let gateway = Gateway::start(SETTINGS);
    fill(&gateway);
    let detail = |path: &str| {
        let answer = gateway.admin_post(path);
        assert_eq!(answer.status, 409, "{path}: {}", answer.text());
        answer.json()["detail"].as_str().expect("a sentence").to_owned()
    };
    let notices = gateway.admin("/api/v1/notices?limit=500").json()["notices"].clone();
    let of = |outcome: &str, reason: Value| {
        let fits = |notice: &&Value| notice["outcome"] == outcome && notice["reason"] == reason;
        notices.as_array().expect("a list").iter().find(fits).expect("such a notice")["id"].to_string()
    };
    for (id, operation, why) in [
        (of("applied", Value::Null), "retry", "it is applied"),
        (of("parked", json!("unmapped")), "retry", "still no offer of the catalog fits it"),
        (of("parked", json!("unreadable")), "retry", "it still cannot be read"),
        (of("parked", json!("unknown_reg_type")), "retry", "its regType still is neither"),
        (of("parked", json!("wrong_message")), "retry", "it still is another module's"),
    ] {
        let told = detail(&format!("/api/v1/notices/{id}/{operation}"));
        assert!(told.starts_with("nothing changed: ") && told.contains(why), "{operation}: {told}");
        let mut command = Gateway::cli(&gateway.folder, SETTINGS);
        let ended = command.args(["notices", operation, &id]).output().expect("it runs");
        let told = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.code(), Some(1), "{operation} {why}");
        assert!(told.contains(why) && told.contains(&id), "{told}");
        assert_eq!(String::from_utf8_lossy(&ended.stdout), "changed 0, unchanged 1, unknown 0\n");
    }
    let id = of("parked", json!("unmapped"));
    assert_eq!(gateway.admin_post(&format!("/api/v1/notices/{id}/discard")).status, 200);
    assert!(detail(&format!("/api/v1/notices/{id}/discard")).contains("it is laid aside already"));
}
