//! What becomes of a notice, row by row.

use crate::check_reply;
use crate::gateway::{Gateway, request};
use crate::said::{MONTH, REG, Said, at, cancel, newest, outcome, register, state};

const NUMBER: &str = "84945989325";
const BAD: Option<&str> = Some("Sai hoac thieu tham so");

/// Sends a message and tells what became of it.
#[track_caller]
pub(crate) fn became(gateway: &Gateway, xml: &str) -> String {
    let answer = gateway.post(REG, xml);
    let kept = newest(gateway);
    let word = outcome(gateway, kept["id"].as_i64().expect("an id"));
    check_reply(&answer, "reg", 200, BAD.filter(|_| word == "unreadable"));
    assert_eq!(kept["answer"], i64::from(word == "unreadable"));
    assert_eq!(kept["reply"], answer.text());
    word
}

#[test]
fn applied_no_change_superseded_repeated() {
    let gateway = Gateway::start("");
    let (first, renewed) = (register("10", NUMBER), register("20", NUMBER).with("expiredTime", &at(36)));
    assert_eq!(became(&gateway, &first.xml()), "applied");
    assert_eq!(became(&gateway, &renewed.xml()), "applied");
    assert_eq!(became(&gateway, &renewed.with("queueID", "30").xml()), "no_change");
    assert_eq!(became(&gateway, &register("5", NUMBER).with("expiredTime", &at(2)).xml()), "superseded");
    assert_eq!(became(&gateway, &cancel("40", NUMBER).xml()), "applied");
    assert_eq!(became(&gateway, &cancel("50", NUMBER).xml()), "no_change");
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    let before = newest(&gateway);
    first.tell(&gateway);
    assert_eq!(newest(&gateway), before, "a repeat is no second row");
    assert_eq!(gateway.admin("/api/v1/notices/1").json()["count"], 2);
    assert_eq!(state(&gateway, NUMBER), "cancelled");
}

#[test]
fn every_reason_of_parking() {
    let gateway = Gateway::start("");
    let said = |queue: &str| register(queue, NUMBER);
    let rows: Vec<(String, &str)> = vec![
        ("no XML".into(), "unreadable"),
        ("<other/>".into(), "unreadable"),
        (said("1").with("msisdn", "").xml(), "unreadable"),
        (said("1").with("msisdn", "12").xml(), "unreadable"),
        (said("1").without("regType").xml(), "unreadable"),
        (said("1").without("package_id").xml(), "unreadable"),
        (said("1").without("queueID").without("regID").xml(), "unreadable"),
        (cancel("1", NUMBER).without("package_id").without("service_id").xml(), "unreadable"),
        (said("1").xml().replace("<ACCESSGW>", "<!DOCTYPE ACCESSGW><ACCESSGW>"), "unreadable"),
        (said("1").xml().replace("<MODULE>SDP<", "<MODULE>SMSGW<"), "wrong_message"),
        (said("1").xml().replace("NOTIFY", "REQUEST"), "wrong_message"),
        (said("2").with("regType", "3").xml(), "unknown_reg_type"),
        (said("3").with("resultCode", "5").xml(), "held"),
        (said("4").with("package_id", "9").xml(), "unmapped"),
        (said("5").with("service_id", "9").xml(), "unmapped"),
        (said("6").without("service_id").xml(), "ambiguous"),
        (said("6").with("price", "1").xml(), "conflict"),
        // What is none of the above is applied, though one was parked for it before.
        (said("1").xml(), "applied"),
        (said("1").with("price", "1").xml(), "conflict"),
        // Another number, or another kind, is another notice.
        (said("1").with("msisdn", "84945000001").xml(), "applied"),
        (cancel("1", "84945000001").xml(), "applied"),
    ];
    for (xml, expected) in &rows {
        assert_eq!(became(&gateway, xml), *expected, "{xml}");
    }
    let count = newest(&gateway)["id"].clone();
    for (xml, _) in &rows {
        gateway.post(REG, xml);
    }
    assert_eq!(newest(&gateway)["id"], count, "each is one row however often it comes");
    assert_eq!(state(&gateway, NUMBER), "active");
    assert_eq!(state(&gateway, "84945000001"), "cancelled");
}

#[test]
fn the_first_reason_that_fits_decides() {
    let gateway = Gateway::start("[carrier]\nrecord_only = true\n");
    let said = register("1", NUMBER).with("resultCode", "5").with("package_id", "9");
    assert_eq!(became(&gateway, &said.xml().replace("NOTIFY", "OTHER")), "wrong_message");
    assert_eq!(became(&gateway, &said.clone().without("msisdn").xml()), "unreadable");
    assert_eq!(became(&gateway, &said.clone().with("regType", "9").xml()), "unknown_reg_type");
    let same = said.clone().with("regType", "9").with("price", "1");
    assert_eq!(became(&gateway, &same.xml()), "conflict", "with the one before");
    assert_eq!(became(&gateway, &said.clone().with("queueID", "2").xml()), "record_only");
    let gateway = Gateway::start("");
    assert_eq!(became(&gateway, &said.xml()), "held", "before unmapped");
}

#[test]
fn a_result_code_is_judged_by_the_setting() {
    for (setting, expected, after) in
        [("hold", "held", "0"), ("apply", "applied", "active"), ("ignore", "ignored", "0")]
    {
        let gateway = Gateway::start(&format!("[carrier]\nfailed_result = '{setting}'\n"));
        let failed = register("1", NUMBER).with("resultCode", "5");
        assert_eq!(became(&gateway, &failed.xml()), expected);
        assert_eq!(state(&gateway, NUMBER), after);
        for (queue, code) in [("2", ""), ("3", "0"), ("4", "00")] {
            let fine = register(queue, &format!("8494500000{queue}")).with("resultCode", code);
            assert_eq!(became(&gateway, &fine.xml()), "applied", "resultCode {code:?}");
        }
        assert_eq!(became(&gateway, &register("5", "84945000005").without("resultCode").xml()), "applied");
    }
}

#[test]
fn without_a_queue_id_the_registration_and_its_moment_are_the_identity() {
    let gateway = Gateway::start("");
    let (said, gone) = (register("1", NUMBER).without("queueID"), cancel("1", NUMBER).without("queueID"));
    assert_eq!(became(&gateway, &said.xml()), "applied");
    said.tell(&gateway);
    assert_eq!(newest(&gateway)["count"], 2);
    let later = said.clone().with("subcribeTime", &at(0)).with("expiredTime", &at(36));
    assert_eq!(became(&gateway, &later.xml()), "applied", "another moment is another notice");
    assert_eq!(became(&gateway, &gone.clone().with("updateTime", &at(1)).xml()), "applied");
    gone.clone().with("updateTime", &at(1)).tell(&gateway);
    assert_eq!(newest(&gateway)["count"], 2);
    assert_eq!(became(&gateway, &gone.with("updateTime", &at(2)).xml()), "no_change");
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    let said: [Said; 4] = [
        register("1", NUMBER).with("subcribeTime", &at(-9)),
        cancel("2", NUMBER).with("updateTime", &at(-8)),
        register("3", NUMBER).with("subcribeTime", &at(-7)),
        register("4", NUMBER).with("package_id", MONTH).with("subcribeTime", &at(-6)),
    ];
    let mut seen = Vec::new();
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
        let gateway = Gateway::start("");
        for index in order {
            said[index].tell(&gateway);
        }
        let mut story = gateway.story(NUMBER);
        story.as_object_mut().expect("an object").remove("notices");
        seen.push((order, story));
    }
    for (order, story) in &seen {
        assert_eq!(story, &seen[0].1, "{order:?}");
    }
}

#[test]
fn parameters_say_the_same_as_xml() {
    let gateway = Gateway::start("");
    let said =
        register("1", NUMBER).with("subcribeTime", "20260310095958").with("expiredTime", "20260311000000");
    said.tell(&gateway);
    let pairs = said.pairs();
    let answer = request(gateway.main, "GET", &format!("{REG}?{pairs}"), &[], b"");
    check_reply(&answer, "reg", 200, None);
    let form = [("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")];
    check_reply(&request(gateway.main, "POST", REG, &form, pairs.as_bytes()), "reg", 200, None);
    // XML under a form's content type is XML.
    check_reply(&request(gateway.main, "POST", REG, &form, said.xml().as_bytes()), "reg", 200, None);
    assert_eq!((newest(&gateway)["id"].clone(), newest(&gateway)["count"].clone()), (1.into(), 4.into()));
}
