//! The journal: lists, filters, pages, one notice, and a number's story.

use serde_json::{Value, json};

use crate::gateway::{Gateway, request};
use crate::said::{REG, cancel, newest, outcome, register};

/// The queueIDs of a list, newest first.
#[track_caller]
fn queues(gateway: &Gateway, query: &str) -> Vec<String> {
    let answer = gateway.admin(&format!("/api/v1/notices?{query}"));
    assert_eq!(answer.status, 200, "{query}: {}", answer.text());
    let page = answer.json();
    assert_eq!(page["next"], Value::Null, "{query}: more than one page");
    let notices = page["notices"].as_array().expect("a list").clone();
    notices.iter().map(|notice| notice["queue_id"].as_str().unwrap_or("-").to_owned()).collect()
}

fn some_of_everything() -> Gateway {
    let gateway = Gateway::start("");
    register("1", "84945000001").tell(&gateway);
    cancel("2", "84945000001").tell(&gateway);
    register("3", "0945000002").with("package_id", "9").tell(&gateway);
    register("4", "84945000002").with("resultCode", "5").tell(&gateway);
    gateway.post(REG, "no XML");
    gateway
}

#[test]
fn a_list_is_newest_first_and_can_be_filtered() {
    let gateway = some_of_everything();
    for (query, expected) in [
        ("", "- 4 3 2 1"),
        ("outcome=applied", "2 1"),
        ("outcome=parked", "- 4 3"),
        ("outcome=discarded", ""),
        ("reason=unmapped", "3"),
        ("reason=unreadable", "-"),
        ("outcome=parked&reason=held", "4"),
        ("outcome=applied&reason=held", ""),
        ("msisdn=84945000002", "4 3"),
        ("msisdn=0945000002", "4 3"),
        ("msisdn=%2B84945000002", "4 3"),
        ("msisdn=+84945000002", "4 3"),
        ("msisdn=84945000002&reason=held", "4"),
        ("msisdn=84999999999", ""),
        ("limit=500", "- 4 3 2 1"),
        ("limit=5", "- 4 3 2 1"),
    ] {
        assert_eq!(queues(&gateway, query).join(" "), expected, "{query}");
    }
}

#[test]
fn pages_lead_to_the_end_without_a_gap_or_a_repeat() {
    let gateway = Gateway::start("");
    for queue in 1..=7 {
        register(&queue.to_string(), &format!("8494500000{}", queue % 2)).tell(&gateway);
    }
    for (filter, limit, expected) in
        [("", 1, "7654321"), ("", 3, "7654321"), ("", 7, "7654321"), ("&msisdn=84945000001", 2, "7531")]
    {
        let (mut seen, mut cursor, mut pages) = (String::new(), String::new(), 0);
        loop {
            let page = gateway.admin(&format!("/api/v1/notices?limit={limit}{cursor}{filter}")).json();
            let notices = page["notices"].as_array().expect("a list").clone();
            assert!(notices.len() <= limit && !notices.is_empty(), "{page:#}");
            seen.extend(notices.iter().filter_map(|notice| notice["queue_id"].as_str()));
            pages += 1;
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, expected, "{filter} by {limit}");
        assert_eq!(pages, expected.len().div_ceil(limit), "{filter} by {limit}: no empty page at the end");
    }
}

#[test]
fn what_a_list_cannot_be_asked_is_400() {
    let gateway = some_of_everything();
    for query in [
        "limit=0",
        "limit=501",
        "limit=-1",
        "limit=ten",
        "limit=1e2",
        "cursor=abc",
        "cursor=99999999999999999999",
        "msisdn=123",
        "msisdn=nobody",
        "outcome=parkd",
        "outcome=PARKED",
        "reason=unmaped",
        "msisdn=%00",
        "limit=1&limit=2",
        "outcome=parked&outcome=applied",
    ] {
        let answer = gateway.admin(&format!("/api/v1/notices?{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{query}");
    }
    for query in ["provider=%00", "provider=a%00b", "provider=a&provider=b", "state=due&state=dead"] {
        let answer = gateway.admin(&format!("/api/v1/tasks?{query}"));
        assert_eq!(answer.status, 400, "{query}: {}", answer.text());
    }
    assert_eq!(gateway.admin("/api/v1/tasks?provider=nobody&provider=nobody").json()["tasks"], json!([]));
}

#[test]
fn one_notice_shows_all_that_was_kept() {
    let gateway = Gateway::start("");
    let said = register("00077", "0945989325").with("package_id", "9");
    said.tell(&gateway);
    said.tell(&gateway);
    let shown = newest(&gateway);
    let same = gateway.admin(&format!("/api/v1/notices/{}", shown["id"]));
    assert_eq!(same.json(), shown);
    let reply = said.send(&gateway).text();
    let received_at = shown["received_at"].as_str().expect("a time");
    assert!(received_at.ends_with('Z') && received_at.contains('T'), "{received_at}");
    let expected = json!({
        "id": shown["id"], "kind": "register", "msisdn": "84945989325", "service_id": "1000625",
        "package_id": "9", "queue_id": "00077", "caller": "carrier", "received_at": received_at, "count": 2,
        "outcome": "parked", "reason": "unmapped", "would_be": null, "odd": [], "answer": 0, "raw": said.xml(), "encoding": "utf-8",
        "reply": reply, "holder": null,
    });
    assert_eq!(shown, expected);
    for id in ["0", "999", "-1", "abc", "99999999999999999999"] {
        assert_eq!(gateway.admin(&format!("/api/v1/notices/{id}")).status, 404, "{id}");
    }
}

#[test]
fn the_raw_form_is_what_was_sent() {
    let gateway = Gateway::start("");
    let query = "queueID=1&regID=2&msisdn=84945000001&regType=1&service_id=1000625&package_id=1003013&x=%20y";
    request(gateway.main, "GET", &format!("{REG}?{query}"), &[], b"");
    let kept = newest(&gateway);
    assert_eq!((&kept["raw"], &kept["encoding"]), (&json!(query), &json!("utf-8")));
    assert_eq!(kept["kind"], "register");

    request(gateway.main, "POST", &format!("{REG}?wsdl"), &[], b"<ACCESSGW>\xff");
    let kept = newest(&gateway);
    assert_eq!((&kept["raw"], &kept["encoding"]), (&json!("PEFDQ0VTU0dXPv8="), &json!("base64")));
    assert_eq!((&kept["kind"], &kept["answer"], &kept["msisdn"]), (&json!("other"), &json!(1), &Value::Null));

    let form = "queueID=9&regID=2&msisdn=84945000001&regType=2&package_id=1003013&service_id=1000625";
    let headers = [("Content-Type", "application/x-www-form-urlencoded")];
    request(gateway.main, "POST", REG, &headers, form.as_bytes());
    let kept = newest(&gateway);
    assert_eq!((&kept["raw"], &kept["kind"]), (&json!(form), &json!("cancel")));
}

#[test]
fn the_callers_name_is_kept() {
    let settings = "[[carrier.caller]]\nname = 'vascloud'\nallow = ['127.0.0.1/32']\n";
    let gateway = Gateway::start(settings);
    register("1", "84945000001").tell(&gateway);
    assert_eq!(newest(&gateway)["caller"], "vascloud");
}

#[test]
fn a_story_is_everything_newest_first_by_any_spelling() {
    let gateway = some_of_everything();
    let story = gateway.story("84945000001");
    assert_eq!(story["msisdn"], "84945000001");
    assert_eq!(story["subscriptions"].as_array().map(Vec::len), Some(1));
    assert_eq!(story["entitlements"].as_array().map(Vec::len), Some(1));
    assert_eq!((&story["devices"], &story["tasks"]), (&json!([]), &json!([])));
    let ids: Vec<_> =
        story["notices"].as_array().expect("a list").iter().map(|n| n["queue_id"].clone()).collect();
    assert_eq!(ids, ["2", "1"]);
    for spelling in ["+84945000001", "%2B84945000001", "0945000001", "945000001"] {
        assert_eq!(gateway.story(spelling), story, "{spelling}");
    }
    let nothing = json!({"msisdn": "84999999999", "subscriptions": [], "entitlements": [], "devices": [],
                         "orders": [], "payments": [], "coupons": [], "vouchers": [], "transfers": [],
                         "notices": [], "tasks": [], "audit": []});
    assert_eq!(gateway.story("84999999999"), nothing);
    for bad in ["12345", "abc", "%20"] {
        assert_eq!(gateway.admin(&format!("/api/v1/subscribers/{bad}")).status, 400, "{bad}");
    }
}

#[test]
fn unreadable_and_wrong_messages_carry_the_number_where_it_could_be_read() {
    let gateway = Gateway::start("");
    let wrong = register("1", "0945000001").xml().replace("<MODULE>SDP<", "<MODULE>SMSMO_NOTIFIER<");
    assert_eq!(gateway.post(REG, &wrong).element("error_id"), "0");
    assert_eq!(newest(&gateway)["msisdn"], "84945000001");
    assert_eq!(outcome(&gateway, 1), "wrong_message");
    let unreadable = register("2", "0945000001").without("package_id");
    assert_eq!(unreadable.send(&gateway).element("error_id"), "1");
    assert_eq!(newest(&gateway)["msisdn"], "84945000001");
    assert_eq!(outcome(&gateway, 2), "unreadable");
    unreadable.send(&gateway);
    gateway.post(REG, &wrong);
    let counts: Vec<_> =
        [1, 2].map(|id| gateway.admin(&format!("/api/v1/notices/{id}")).json()["count"].clone()).into();
    assert_eq!(counts, [2, 2], "one row for each content");
    assert_eq!(newest(&gateway)["id"], 2);
}
