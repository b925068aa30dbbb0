//! Commands beside a running gateway, which sees at once what they did.

use serde_json::{Value, json};

use crate::gateway::Gateway;
use crate::said::{REG, cancel, newest, outcome, register, state};
use crate::{Ended, cli};

const NUMBER: &str = "84945989325";

fn beside(gateway: &Gateway, arguments: &str) -> Ended {
    cli(&gateway.folder, "", arguments)
}

fn json_of(ended: &Ended) -> Value {
    serde_json::from_str(&ended.check(0).out).unwrap_or_else(|error| panic!("{error}: {}", ended.out))
}

#[test]
fn a_subscriber_is_shown_as_the_admin_listener_shows_it() {
    let gateway = Gateway::start("");
    register("1", NUMBER).tell(&gateway);
    register("2", NUMBER).with("package_id", "9").tell(&gateway);
    cancel("3", NUMBER).tell(&gateway);
    for spelling in [NUMBER, "+84945989325", "0945989325", "945989325"] {
        let shown = json_of(&beside(&gateway, &format!("subscriber show {spelling} --json")));
        assert_eq!(shown, gateway.story(NUMBER), "{spelling}");
    }
    let ended = beside(&gateway, "subscriber show 0945989325");
    let text = &ended.check(0).out;
    for part in
        [NUMBER, "subscriptions: 1", "entitlements: 1", "notices: 3", "lovetv-day", "cancelled", "unmapped"]
    {
        assert!(text.contains(part), "{part}:\n{text}");
    }
}

#[test]
fn an_unknown_number_has_an_empty_story() {
    let gateway = Gateway::start("");
    let shown = json_of(&beside(&gateway, "subscriber show 84999999999 --json"));
    assert_eq!((&shown["subscriptions"], &shown["notices"]), (&json!([]), &json!([])));
    assert!(beside(&gateway, "subscriber show 84999999999").check(0).out.contains("notices: 0"));
}

#[test]
fn notices_are_listed_and_shown() {
    let gateway = Gateway::start("");
    register("11", NUMBER).tell(&gateway);
    register("12", "84945000001").with("package_id", "9").tell(&gateway);
    gateway.post(REG, "no XML");
    let queues = |arguments: &str| -> Vec<Value> {
        let listed = json_of(&beside(&gateway, &format!("notices list --json {arguments}")));
        listed["notices"].as_array().expect("a list").iter().map(|n| n["queue_id"].clone()).collect()
    };
    assert_eq!(queues(""), [Value::Null, json!("12"), json!("11")]);
    assert_eq!(queues("--outcome parked"), [Value::Null, json!("12")]);
    assert_eq!(queues("--reason unmapped"), ["12"]);
    assert_eq!(queues("--msisdn 0945989325"), ["11"]);
    assert_eq!(queues("--limit 1"), [Value::Null]);
    let table = beside(&gateway, "notices list").check(0).out.clone();
    assert_eq!(table.lines().count(), 4, "{table}");
    assert!(table.starts_with("id ") && table.contains("unmapped"), "{table}");

    let newest = newest(&gateway);
    assert_eq!(json_of(&beside(&gateway, &format!("notices show {}", newest["id"]))), newest);
    let ended = beside(&gateway, "notices show 999");
    assert!(ended.check(1).err.contains("999"), "{}", ended.err);
}

#[test]
fn the_gateway_sees_a_retry_and_a_discard_at_once() {
    let gateway = Gateway::start("");
    let held = |queue: &str, number: &str| register(queue, number).with("resultCode", "5").kept(&gateway);
    let (first, second) = (held("1", NUMBER), held("2", "84945000001"));
    let may_register = |number: &str| {
        let check = crate::gateway::check(number, crate::said::SERVICE, crate::said::DAY);
        gateway.post(crate::said::CHECK, &check).element("status")
    };
    assert_eq!(may_register(NUMBER), "1");
    let ended = beside(&gateway, &format!("notices retry {first}"));
    assert!(ended.check(0).out.contains("changed 1, unchanged 0, unknown 0"), "{}", ended.out);
    assert_eq!(may_register(NUMBER), "0");
    assert_eq!(outcome(&gateway, first), "applied");
    let ended = beside(&gateway, &format!("notices discard {second} {first}"));
    assert!(ended.check(0).out.contains("changed 2, unchanged 0, unknown 0"), "{}", ended.out);
    assert_eq!([first, second].map(|id| outcome(&gateway, id)), ["discarded", "discarded"]);
    assert_eq!([NUMBER, "84945000001"].map(may_register), ["1", "1"]);
    let ended = beside(&gateway, &format!("notices retry {first} {second}"));
    assert!(ended.check(0).out.contains("changed 2, unchanged 0, unknown 0"), "{}", ended.out);
    assert_eq!([first, second].map(|id| outcome(&gateway, id)), ["applied", "held"]);
    // The gateway goes on from what the command left.
    cancel("3", NUMBER).tell(&gateway);
    assert_eq!(state(&gateway, NUMBER), "cancelled");
}

#[test]
fn an_unknown_id_fails_and_the_others_are_done() {
    let gateway = Gateway::start("");
    let id = register("1", NUMBER).with("resultCode", "5").kept(&gateway);
    let ended = beside(&gateway, &format!("notices retry 999 {id}"));
    assert!(ended.check(1).out.contains("changed 1, unchanged 0, unknown 1"), "{}", ended.out);
    assert_eq!(outcome(&gateway, id), "applied");
}

#[test]
fn all_means_all_that_fit_the_filter() {
    let gateway = Gateway::start("");
    for number in 1..=4 {
        let said = register(&number.to_string(), &format!("8494500000{number}"));
        let said = if number == 4 { said.with("package_id", "9") } else { said.with("resultCode", "5") };
        said.tell(&gateway);
    }
    gateway.post(REG, "no XML");
    let applied = || -> Vec<String> { (1..=5).map(|id| outcome(&gateway, id)).collect() };
    let ended = beside(&gateway, "notices retry --all --msisdn 0945000002");
    assert!(ended.check(0).out.contains("changed 1,"), "{}", ended.out);
    assert_eq!(applied(), ["held", "applied", "held", "unmapped", "unreadable"]);
    let ended = beside(&gateway, "notices retry --all --reason held");
    assert!(ended.check(0).out.contains("changed 2, unchanged 0,"), "{}", ended.out);
    assert_eq!(applied(), ["applied", "applied", "applied", "unmapped", "unreadable"]);
    let ended = beside(&gateway, "notices discard --all");
    assert!(ended.check(0).out.contains("changed 2, unchanged 0,"), "only what is parked: {}", ended.out);
    assert_eq!(applied(), ["applied", "applied", "applied", "discarded", "discarded"]);
    let ended = beside(&gateway, "notices retry --all");
    assert!(ended.check(0).out.contains("changed 0, unchanged 0,"), "{}", ended.out);
}

#[test]
fn an_export_is_a_line_for_each_message_oldest_first() {
    let gateway = Gateway::start("");
    let said = register("1", NUMBER);
    said.tell(&gateway);
    said.tell(&gateway);
    let query = "queueID=2&msisdn=84945000001&regType=1&service_id=1000625&package_id=9";
    crate::gateway::request(gateway.main, "GET", &format!("{REG}?{query}"), &[], b"");
    crate::gateway::request(gateway.main, "POST", &format!("{REG}.html?wsdl"), &[], b"<a>\xff");
    let lines = |arguments: &str| -> Vec<Value> {
        let out = beside(&gateway, &format!("notices export {arguments}")).check(0).out.clone();
        out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };
    let all = lines("");
    let keys = [
        "id",
        "received_at",
        "method",
        "path",
        "query",
        "content_type",
        "raw",
        "encoding",
        "status",
        "reply",
    ];
    for line in &all {
        let names: Vec<_> = line.as_object().expect("an object").keys().map(String::as_str).collect();
        assert_eq!(names, keys);
        assert_eq!(line["status"], 200);
    }
    let field = |name: &str| all.iter().map(|line| line[name].clone()).collect::<Vec<_>>();
    // Ids may leave gaps.
    assert!(field("id").is_sorted_by(|one, next| one.as_i64() < next.as_i64()), "{:?}", field("id"));
    assert_eq!(field("method"), ["POST", "GET", "POST"]);
    assert_eq!(field("path"), [REG, REG, "/vascloud/v1/notify_reg.html"]);
    assert_eq!(field("query"), ["", query, "wsdl"]);
    assert_eq!(field("content_type"), [json!("text/xml"), Value::Null, Value::Null]);
    assert_eq!(field("encoding"), ["utf-8", "utf-8", "base64"]);
    assert_eq!(all[0]["raw"], said.xml());
    assert_eq!(lines("--outcome parked").len(), 2);
    assert_eq!(lines("--msisdn 84945989325").len(), 1);
}
