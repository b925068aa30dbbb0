//! Notices taken out of the fold and put back.

use serde_json::json;

use super::{NUMBER, WAYS, Way, check_audit, holdings, notice, verify};
use crate::gateway::{Folder, Gateway, request};
use crate::outbox;
use crate::said::{self, MONTH, cancel, outcome, register, state};

#[test]
fn what_was_applied_is_taken_out_and_put_back() {
    for way in WAYS {
        let gateway = Gateway::start("");
        let ledger = outbox::beside(&gateway.folder);
        outbox::bind(&ledger, NUMBER, "cam-1", "ann@sdp.example");
        let said = register("1", NUMBER);
        let id = said.kept(&gateway);
        let before = holdings(&gateway, NUMBER);
        let services = || gateway.story(NUMBER)["devices"][0]["services"].clone();
        assert_eq!(services()[0]["state"], "active");

        let came = way.operate(&gateway, "discard", id, "billed twice");
        assert!(came.done, "{way:?}: {}", came.said);
        assert_eq!((outcome(&gateway, id).as_str(), state(&gateway, NUMBER).as_str()), ("discarded", "0"));
        assert_eq!(services(), json!([]), "{way:?}: what is on devices follows");
        let until = notice(&gateway, id)["received_at"].clone();
        assert!(until.is_string());
        check_audit(
            &gateway,
            &json!({"who": way.who(), "why": "billed twice", "action": "discard", "msisdn": NUMBER, "notice": id,
                "after": "discarded; nothing held"}),
        );
        let told = super::audit_of(&gateway)[0]["before"].as_str().expect("words").to_owned();
        assert!(told.starts_with("applied; lovetv-day active until "), "{told}");

        said.tell(&gateway);
        let again = notice(&gateway, id);
        assert_eq!((&again["count"], &again["outcome"]), (&json!(2), &json!("discarded")), "{way:?}");
        let came = way.operate(&gateway, "discard", id, "again");
        assert!(!came.done && came.said.contains("it is laid aside already"), "{way:?}: {}", came.said);

        let came = way.operate(&gateway, "retry", id, "it was right after all");
        assert!(came.done, "{way:?}: {}", came.said);
        assert_eq!(outcome(&gateway, id), "applied");
        assert_eq!(holdings(&gateway, NUMBER), before, "{way:?}");
        assert_eq!(services()[0]["state"], "active");
        check_audit(
            &gateway,
            &json!({"action": "retry", "before": "discarded; nothing held", "after": told}),
        );
        verify(&gateway);
        outbox::wait(ledger.close());
    }
}

/// The promise: whichever notice of a history is taken out and put back, the ledger is as before; and without it
/// as if it had never come.
#[test]
fn any_notice_of_a_history_can_go_and_come_back() {
    let history = [
        register("1", NUMBER).with("subcribeTime", &said::at(-80)).with("expiredTime", &said::at(-56)),
        register("2", NUMBER).with("subcribeTime", &said::at(-57)).with("expiredTime", &said::at(-30)),
        cancel("3", NUMBER).with("updateTime", &said::at(-40)),
        register("4", NUMBER).with("package_id", MONTH).with("subcribeTime", &said::at(-20)),
        register("5", NUMBER).with("subcribeTime", &said::at(-3)),
        register("6", NUMBER).with("subcribeTime", &said::at(-3)).with("channel", "WEB"),
        cancel("7", NUMBER).without("package_id"),
        register("0", NUMBER).with("subcribeTime", &said::at(-90)),
    ];
    let gateway = Gateway::start("");
    let ids: Vec<i64> = history.iter().map(|said| said.kept(&gateway)).collect();
    let before = holdings(&gateway, NUMBER);
    for (place, id) in ids.iter().enumerate() {
        let way = if place % 4 == 0 { Way::Command } else { Way::Call };
        let first = outcome(&gateway, *id);
        assert!(["applied", "no_change", "superseded"].contains(&first.as_str()), "{place}: {first}");
        assert!(way.operate(&gateway, "discard", *id, "a test").done, "{place}");
        let without = holdings(&gateway, NUMBER);

        let other = "84945000001";
        let elsewhere = Gateway::start("");
        for said in history.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, said)| said) {
            said.clone().with("msisdn", other).tell(&elsewhere);
        }
        let subscriptions = |held: &serde_json::Value| held[0].clone();
        assert_eq!(subscriptions(&without), subscriptions(&holdings(&elsewhere, other)), "{place}");

        assert!(way.operate(&gateway, "retry", *id, "a test").done, "{place}");
        assert_eq!(holdings(&gateway, NUMBER), before, "{place}");
    }
    for id in &ids {
        assert!(Way::Call.operate(&gateway, "discard", *id, "all").done);
    }
    assert_eq!(holdings(&gateway, NUMBER), json!([[], []]));
    for id in ids.iter().rev() {
        assert!(Way::Call.operate(&gateway, "retry", *id, "all").done);
    }
    assert_eq!(holdings(&gateway, NUMBER), before, "in whatever order they come back");
    verify(&gateway);
}

#[test]
fn what_comes_meanwhile_is_folded_without_the_discarded_one() {
    let gateway = Gateway::start("");
    let id = register("1", NUMBER).with("expiredTime", &said::at(30)).kept(&gateway);
    assert!(Way::Call.operate(&gateway, "discard", id, "a test").done);
    cancel("2", NUMBER).tell(&gateway);
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    assert_eq!(holdings(&gateway, NUMBER)[0][0]["subscribed_at"], json!(null), "nothing was held");
    assert!(Way::Call.operate(&gateway, "retry", id, "a test").done);
    assert_eq!(outcome(&gateway, id), "superseded");
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    assert_ne!(holdings(&gateway, NUMBER)[0][0]["subscribed_at"], json!(null));
    verify(&gateway);
}

#[test]
fn it_comes_back_whatever_the_settings_say_by_now() {
    for settings in ["[carrier]\nrecord_only = true\n", "[carrier]\nfailed_result = 'ignore'\n"] {
        let folder = Folder::new();
        let gateway = Gateway::start_in(folder.path(), "");
        let id = register("1", NUMBER).with("resultCode", "5").kept(&gateway);
        assert!(Way::Call.operate(&gateway, "retry", id, "it went well").done);
        let before = holdings(&gateway, NUMBER);
        assert!(gateway.stop().success());
        let gateway = Gateway::start_in(folder.path(), settings);
        for operation in ["discard", "retry"] {
            let came = Way::Command.operate(&gateway, operation, id, "a test");
            assert!(came.done, "{settings}{operation}: {}", came.said);
        }
        assert_eq!((outcome(&gateway, id), holdings(&gateway, NUMBER)), ("applied".to_owned(), before));
    }
}

fn catalog(grace_days: u32, id: &str) -> String {
    format!(
        "[[offer]]\nid = '{id}'\nservice_id = '1000625'\npackage_id = '1003013'\nexclusive = true\nperiod = 'day'\n\
         renewal_grace_days = {grace_days}\n[[offer.grant]]\nkind = 'cloud'\nstorage = 'event'\n\
         retention_days = 7\ndevices_max = 1\nprovider = 'local'\n"
    )
}

/// A catalog that changes after a notice was judged changes nothing of it; nor do a discard and a retry.
#[test]
fn it_comes_back_for_the_offer_and_by_the_terms_of_then() {
    let folder = Folder::new();
    let put = |catalog: String| {
        std::fs::write(folder.path().join("catalog-of-the-test.toml"), catalog).expect("written");
    };
    put(catalog(35, "first"));
    let gateway = Gateway::start_in(folder.path(), "[catalog]\npath = 'catalog-of-the-test.toml'\n");
    let id = register("1", NUMBER).with("expiredTime", &said::at(-1)).with("subcribeTime", &said::at(-9));
    let id = id.kept(&gateway);
    let before = holdings(&gateway, NUMBER);
    assert_eq!(
        (before[0][0]["state"].clone(), before[0][0]["offer"].clone()),
        (json!("grace"), json!("first"))
    );
    put(catalog(0, "second"));
    gateway.signal("HUP");
    gateway.logs("reloaded");
    let story = || gateway.story(NUMBER)["notices"].clone();
    let told = story();
    for way in WAYS {
        assert!(way.operate(&gateway, "discard", id, "a test").done);
        let came = way.operate(&gateway, "retry", id, "a test");
        assert!(came.done, "{}", came.said);
        assert_eq!((holdings(&gateway, NUMBER), story()), (before.clone(), told.clone()), "{way:?}");
        if way == Way::Command {
            let says =
                ["is put back as a register of first", "grace 35 days", "it would be", "second", "grace 0"];
            assert!(says.iter().all(|says| came.said.contains(says)), "{}", came.said);
        }
    }
    verify(&gateway);
}

/// What was said of a notice when it came is said of it again, unless its number holds something else by now.
#[test]
fn what_became_of_it_comes_back_with_it() {
    let gateway = Gateway::start("");
    let ids = [
        register("1", NUMBER).with("subcribeTime", &said::at(-80)).kept(&gateway),
        register("2", NUMBER).with("subcribeTime", &said::at(-57)).kept(&gateway),
        register("3", NUMBER).with("subcribeTime", &said::at(-30)).kept(&gateway),
    ];
    for id in ids {
        assert_eq!(outcome(&gateway, id), "applied");
        for operation in ["discard", "retry"] {
            let came = Way::Command.operate(&gateway, operation, id, "a test");
            assert!(came.done && !came.said.contains("put back as"), "{}", came.said);
        }
        assert_eq!(outcome(&gateway, id), "applied", "{id}");
    }
}

#[test]
fn what_was_parked_when_it_was_laid_aside_is_judged_by_the_settings() {
    let gateway = Gateway::start("");
    let id = register("1", NUMBER).with("resultCode", "5").kept(&gateway);
    for (operation, after) in [("discard", "discarded"), ("retry", "held"), ("retry", "applied")] {
        assert!(Way::Call.operate(&gateway, operation, id, "a test").done);
        assert_eq!(outcome(&gateway, id), after);
    }
}

#[test]
fn all_numbers_at_once_only_where_somebody_means_it() {
    let gateway = Gateway::start("");
    let ids = ["84945000001", "84945000002"].map(|number| register(&number[9..], number).kept(&gateway));
    let all = ["notices", "discard", "--all", "--outcome", "applied"];
    let ran = super::command(&gateway, &all);
    assert_eq!(ran.status.code(), Some(2), "{}", super::said(&ran));
    assert!(super::said(&ran).contains("--yes"), "{}", super::said(&ran));
    assert_eq!(ids.map(|id| outcome(&gateway, id)), ["applied", "applied"]);
    let ran = super::command(&gateway, &[&all[..], &["--msisdn", "84945000001"]].concat());
    assert!(ran.status.success(), "{}", super::said(&ran));
    assert_eq!(ids.map(|id| outcome(&gateway, id)), ["discarded", "applied"]);
    let ran = super::command(&gateway, &[&all[..], &["--yes"]].concat());
    assert!(ran.status.success(), "{}", super::said(&ran));
    assert_eq!(ids.map(|id| outcome(&gateway, id)), ["discarded", "discarded"]);
}

/// An incomplete cancel: neither service nor package.
#[test]
fn an_incomplete_message_stays_unreadable() {
    let gateway = Gateway::start("");
    register("100020", NUMBER).tell(&gateway);
    let incomplete = cancel("100021", NUMBER).with("service_id", "").with("package_id", "");
    assert_eq!(incomplete.send(&gateway).element("error_id"), "1");
    let as_xml = said::newest(&gateway)["id"].as_i64().expect("an id");
    let query = format!("{}?{}", said::REG, incomplete.pairs());
    assert_eq!(request(gateway.main, "GET", &query, &[], b"").element("error_id"), "1");
    let as_query = said::newest(&gateway)["id"].as_i64().expect("an id");
    assert_ne!(as_xml, as_query);
    for id in [as_xml, as_query, as_xml, as_query] {
        for (way, status) in [(Way::Call, "409"), (Way::Command, "1")] {
            let came = way.operate(&gateway, "retry", id, "a test");
            assert!(came.said.starts_with(status), "{}", came.said);
            assert!(came.said.contains("nothing changed") && came.said.contains("still cannot be read"));
            assert_eq!(outcome(&gateway, id), "unreadable");
        }
    }
    assert_eq!(super::audit_of(&gateway), [] as [serde_json::Value; 0], "nothing was put right");
}
