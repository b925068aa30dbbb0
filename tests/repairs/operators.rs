//! Ends and grants in an operator's own name.

use serde_json::{Value, json};

use super::{NUMBER, WAYS, Way, check_audit, command, holdings, post, said as told, verify};
use crate::gateway::Gateway;
use crate::outbox::{self, OTHER};
use crate::said::{self, DAY, MONTH, SERVICE, cancel, newest, register, rfc3339, state};

/// Service, package and state of each subscription, by service.
fn states(gateway: &Gateway) -> Vec<String> {
    let story = gateway.story(NUMBER);
    let word = |held: &Value, name: &str| held[name].as_str().expect("a word").to_owned();
    let held = story["subscriptions"].as_array().expect("a list").iter();
    let mut states: Vec<String> =
        held.map(|held| [word(held, "service_id"), word(held, "state")].join(" ")).collect();
    states.sort();
    states
}

#[test]
fn a_grant_holds_until_its_end_and_no_longer() {
    for way in WAYS {
        let gateway = Gateway::start("");
        let ledger = outbox::beside(&gateway.folder);
        outbox::bind(&ledger, NUMBER, "cam-1", "ann@sdp.example");
        let until = rfc3339(48);
        let came = way.grant(&gateway, "0945989325", "lovetv-day", &until, "ticket 118");
        assert!(came.done, "{way:?}: {}", came.said);
        let story = gateway.story(NUMBER);
        let held = &story["subscriptions"][0];
        let expected = json!(["active", until, false, "lovetv-day"]);
        assert_eq!(json!([held["state"], held["expires_at"], held["auto_renew"], held["offer"]]), expected);
        assert_eq!(story["devices"][0]["services"][0]["state"], "active", "{way:?}: devices follow");
        let row = &story["notices"][0];
        let kept =
            json!([row["kind"], row["caller"], row["outcome"], row["queue_id"], row["raw"], row["reply"]]);
        assert_eq!(kept, json!(["register", "operator", "applied", null, null, null]));
        check_audit(
            &gateway,
            &json!({"who": way.who(), "why": "ticket 118", "action": "grant", "msisdn": NUMBER, "notice": row["id"],
                "before": "nothing held", "after": format!("applied; lovetv-day active until {until}")}),
        );
        assert_eq!(story["audit"][0], super::audit_of(&gateway)[0]);
        verify(&gateway);
        outbox::wait(ledger.close());
    }
}

#[test]
fn an_end_takes_what_it_names() {
    type Of = &'static [(&'static str, &'static str)];
    let cases: [(Of, [&str; 2]); 5] = [
        (&[], ["1000161 cancelled", "1000625 cancelled"]),
        (&[("service", SERVICE)], ["1000161 active", "1000625 cancelled"]),
        (&[("service", OTHER)], ["1000161 cancelled", "1000625 active"]),
        (&[("package", DAY)], ["1000161 cancelled", "1000625 cancelled"]),
        (&[("service", SERVICE), ("package", DAY)], ["1000161 active", "1000625 cancelled"]),
    ];
    for (of, after) in cases {
        for way in WAYS {
            let gateway = Gateway::start("");
            register("1", NUMBER).tell(&gateway);
            register("2", NUMBER).with("service_id", OTHER).tell(&gateway);
            register("3", "84945000001").tell(&gateway);
            assert_eq!(states(&gateway), ["1000161 active", "1000625 active"]);
            let came = way.end(&gateway, NUMBER, of, "asked for by telephone");
            assert!(came.done, "{way:?} {of:?}: {}", came.said);
            assert_eq!(states(&gateway), after, "{way:?} {of:?}");
            assert_eq!(state(&gateway, "84945000001"), "active", "nobody else");
            let row = newest(&gateway);
            assert_eq!(
                json!([row["kind"], row["caller"], row["outcome"]]),
                json!(["cancel", "operator", "applied"])
            );
            let ended = after.iter().filter(|state| state.ends_with("cancelled")).count();
            let audit = super::audit_of(&gateway);
            assert_eq!(audit.len(), ended, "a row for each");
            check_audit(
                &gateway,
                &json!({"who": way.who(), "why": "asked for by telephone", "action": "end", "msisdn": NUMBER,
                    "notice": row["id"]}),
            );
            let came = way.end(&gateway, NUMBER, of, "again");
            assert!(!came.done && came.said.contains("holds nothing of that"), "{}", came.said);
            assert!(came.said.starts_with(if way == Way::Call { "409" } else { "1" }), "{}", came.said);
            assert_eq!(super::audit_of(&gateway), audit, "nothing was done");
            verify(&gateway);
        }
    }
}

#[test]
fn what_cannot_be_done_is_told_and_leaves_nothing() {
    let gateway = Gateway::start("");
    for (number, offer, until, word) in [
        (NUMBER, "no-such-offer", rfc3339(5), "no such offer|has no offer no-such-offer"),
        (NUMBER, "lovetv-day", rfc3339(-1), "is not ahead"),
        (NUMBER, "lovetv-day", "tomorrow".to_owned(), "RFC 3339"),
        ("nobody", "lovetv-day", rfc3339(5), "not a subscriber number"),
    ] {
        for (way, status) in [(Way::Call, "400"), (Way::Command, "2")] {
            let came = way.grant(&gateway, number, offer, &until, "a test");
            assert!(came.said.starts_with(status), "{way:?} {number} {offer} {until}: {}", came.said);
            assert!(word.split('|').any(|word| came.said.contains(word)), "{word}: {}", came.said);
        }
    }
    for (way, status) in [(Way::Call, "400"), (Way::Command, "2")] {
        let came = way.end(&gateway, "nobody", &[], "a test");
        assert!(came.said.starts_with(status), "{}", came.said);
        let came = way.end(&gateway, NUMBER, &[], &"x".repeat(501));
        assert!(came.said.starts_with(status) && came.said.contains("500 characters"), "{}", came.said);
    }
    // A field mistyped would end more than was meant.
    register("1", NUMBER).tell(&gateway);
    let answer = post(&gateway, &format!("subscribers/{NUMBER}/end"), &json!({"servce_id": OTHER}));
    assert_eq!((answer.status, state(&gateway, NUMBER).as_str()), (400, "active"), "{}", answer.text());
    assert!(super::audit_of(&gateway).is_empty());
    assert_eq!(gateway.admin("/api/v1/notices").json()["notices"].as_array().map(Vec::len), Some(1));
}

#[test]
fn no_setting_swallows_an_operators_rows() {
    let gateway = Gateway::start("[carrier]\nrecord_only = true\nfailed_result = 'ignore'\n");
    assert!(Way::Command.grant(&gateway, NUMBER, "lovetv-day", &rfc3339(5), "a test").done);
    assert_eq!(state(&gateway, NUMBER), "active");
    let granted = newest(&gateway)["id"].as_i64().expect("an id");
    let before = holdings(&gateway, NUMBER);
    for (operation, after) in [("discard", "0"), ("retry", "active")] {
        for way in [Way::Call, Way::Command] {
            let came = way.operate(&gateway, operation, granted, "a test");
            assert_eq!(came.done, way == Way::Call, "{operation}: {}", came.said);
        }
        assert_eq!(state(&gateway, NUMBER), after);
    }
    assert_eq!(holdings(&gateway, NUMBER), before);
    assert!(Way::Call.end(&gateway, NUMBER, &[], "a test").done);
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    verify(&gateway);
}

#[test]
fn what_the_carrier_says_later_rules_and_what_it_said_earlier_does_not() {
    let gateway = Gateway::start("");
    register("1", NUMBER).tell(&gateway);
    assert!(Way::Call.end(&gateway, NUMBER, &[], "a test").done);
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    register("2", NUMBER).with("subcribeTime", &said::at(-2)).tell(&gateway);
    assert_eq!(state(&gateway, NUMBER), "cancelled", "older than the operator's word");
    register("3", NUMBER).with("subcribeTime", &said::at(0)).tell(&gateway);
    std::thread::sleep(std::time::Duration::from_millis(1100));
    register("4", NUMBER).with("subcribeTime", &said::at(0)).tell(&gateway);
    assert_eq!(state(&gateway, NUMBER), "active");
    cancel("5", NUMBER).with("updateTime", &said::at(1)).tell(&gateway);
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    verify(&gateway);
}

#[test]
fn what_is_dated_ahead_is_ended_too() {
    let gateway = Gateway::start("");
    register("1", NUMBER)
        .with("subcribeTime", &said::at(2))
        .with("expiredTime", &said::at(30))
        .tell(&gateway);
    assert_eq!(state(&gateway, NUMBER), "active");
    assert!(Way::Command.end(&gateway, NUMBER, &[], "a test").done);
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    assert!(Way::Command.grant(&gateway, NUMBER, "lovetv-day", &rfc3339(5), "a test").done);
    assert_eq!(state(&gateway, NUMBER), "active");
    verify(&gateway);
}

#[test]
fn a_grant_of_another_package_takes_over() {
    let gateway = Gateway::start("");
    register("1", NUMBER).with("package_id", MONTH).tell(&gateway);
    assert!(Way::Call.grant(&gateway, NUMBER, "lovetv-day", &rfc3339(5), "a test").done);
    assert_eq!(states(&gateway), ["1000625 active", "1000625 replaced"]);
}

/// A carrier renews by a register that repeats the time of the run's first: it stands before an operator's word.
#[test]
fn a_renewal_counts_beside_a_grant_and_not_beside_an_end() {
    for way in WAYS {
        let gateway = Gateway::start("");
        let renewal = |queue: &str, until: i64| {
            let renewal = register(queue, NUMBER).with("regID", "7").with("subcribeTime", &said::at(-20));
            renewal.with("expiredTime", &said::at(until))
        };
        let (first, began) = (renewal("1", 2), said::at(-20));
        let renewal = |queue: &str, until: i64| renewal(queue, until).with("subcribeTime", &began);
        first.with("subcribeTime", &began).tell(&gateway);
        let held = || {
            let held = gateway.story(NUMBER)["subscriptions"][0].clone();
            let until = held["expires_at"].as_str().expect("an end").to_owned();
            (held["state"].as_str().expect("a state").to_owned(), until, held["reg_id"].clone())
        };
        let outcome = || newest(&gateway)["outcome"].clone();
        let (seventh, active, until) = (json!("7"), || "active".to_owned(), rfc3339(5));
        assert!(way.grant(&gateway, NUMBER, "lovetv-day", &until, "a complaint").done);
        assert_eq!(held(), (active(), until, seventh.clone()), "{way:?}: the end alone");

        let renewed = renewal("2", 26);
        renewed.tell(&gateway);
        let until = held().1;
        assert_eq!(outcome(), "applied", "{way:?}: it was paid for");
        assert_eq!(held(), (active(), until.clone(), seventh.clone()));
        assert!(until > rfc3339(25), "{way:?}: {until}");

        let came = way.end(&gateway, NUMBER, &[], "asked for by telephone");
        assert!(came.done, "{}", came.said);
        renewal("3", 50).tell(&gateway);
        assert_eq!((outcome(), held().0), (json!("superseded"), "cancelled".to_owned()), "{way:?}");
        assert!(way.grant(&gateway, NUMBER, "lovetv-day", &rfc3339(3), "a mistake").done);
        assert_eq!(held().0, "active");
        renewal("4", 74).tell(&gateway);
        assert_eq!(held().0, "active");
        assert!(held().1 > rfc3339(73), "{way:?}: {:?}", held());
        verify(&gateway);
    }
}

#[test]
fn an_end_says_what_brings_it_back() {
    for way in WAYS {
        let gateway = Gateway::start("");
        register("1", NUMBER).tell(&gateway);
        let said = match way {
            Way::Call => post(&gateway, &format!("subscribers/{NUMBER}/end"), &json!({})).text(),
            Way::Command => outbox::printed(&gateway, &["subscriber", "end", NUMBER]),
        };
        assert!(said.contains("does not bring it back") && said.contains("notices discard"), "{said}");
        register("2", NUMBER).with("expiredTime", &said::at(36)).with("regID", "30000001").tell(&gateway);
        let end = gateway.story(NUMBER)["notices"][1]["id"].as_i64().expect("an id");
        assert!(way.operate(&gateway, "discard", end, "a mistake").done);
        let held = gateway.story(NUMBER)["subscriptions"][0].clone();
        assert_eq!(held["state"], "active", "{held}");
        assert!(held["expires_at"].as_str().expect("an end") > rfc3339(35).as_str(), "{held}");
    }
}

#[test]
fn what_would_end_earlier_by_a_grant_is_told_before() {
    let gateway = Gateway::start("");
    register("1", NUMBER).tell(&gateway);
    let ends = gateway.story(NUMBER)["subscriptions"][0]["expires_at"].as_str().expect("an end").to_owned();
    let until = rfc3339(2);
    let grant = ["subscriber", "grant", NUMBER, "--offer", "lovetv-day", "--until", &until];
    let ran = command(&gateway, &grant);
    let said = told(&ran);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    let what = format!("is in force until {ends}, and would end at {until}");
    assert!(said.contains(&what) && said.contains("--yes"), "{said}");
    assert_eq!(gateway.story(NUMBER)["subscriptions"][0]["expires_at"], ends);
    assert!(super::audit_of(&gateway).is_empty());
    let ran = command(&gateway, &[&grant[..], &["--yes"]].concat());
    assert!(ran.status.success() && told(&ran).contains(&what), "{}", told(&ran));
    let held = || gateway.story(NUMBER)["subscriptions"][0].clone();
    assert_eq!(json!([held()["expires_at"], held()["auto_renew"]]), json!([until, false]));
    // A call does what it says; and what ends later needs no word.
    let until = rfc3339(1);
    assert!(Way::Call.grant(&gateway, NUMBER, "lovetv-day", &until, "a test").done);
    assert_eq!(held()["expires_at"], until);
    assert!(Way::Command.grant(&gateway, NUMBER, "lovetv-day", &rfc3339(20), "a test").done);
    verify(&gateway);
}

#[test]
fn a_grant_says_that_something_is_dated_ahead() {
    for (way, status) in [(Way::Call, "400"), (Way::Command, "2")] {
        let gateway = Gateway::start("");
        let ahead = said::at(2);
        register("1", NUMBER).with("subcribeTime", &ahead).with("expiredTime", &said::at(30)).tell(&gateway);
        let came = way.grant(&gateway, NUMBER, "lovetv-day", &rfc3339(1), "a test");
        let told_for = said::as_rfc3339(&ahead);
        assert!(came.said.starts_with(status) && came.said.contains(&told_for), "{}", came.said);
        assert!(!came.said.contains("not ahead"), "{}", came.said);
        let came = way.grant(&gateway, NUMBER, "lovetv-day", &rfc3339(-1), "a test");
        assert!(came.said.starts_with(status) && came.said.contains("not ahead"), "{}", came.said);
        let until = rfc3339(40);
        let grant = json!({"offer": "lovetv-day", "until": until});
        let said = match way {
            Way::Call => post(&gateway, &format!("subscribers/{NUMBER}/grant"), &grant).text(),
            Way::Command => {
                let of = ["subscriber", "grant", NUMBER, "--offer", "lovetv-day", "--until", &until];
                outbox::printed(&gateway, &of)
            }
        };
        assert!(said.contains("it counts from") && said.contains("ahead"), "{said}");
        verify(&gateway);
    }
}

#[test]
fn a_grant_rules_over_what_is_dated_ahead_and_changed_nothing() {
    let gateway = Gateway::start("");
    let told = register("1", NUMBER);
    told.tell(&gateway);
    told.with("queueID", "2").with("subcribeTime", &said::at(2)).tell(&gateway);
    let until = rfc3339(24);
    assert!(Way::Call.grant(&gateway, NUMBER, "lovetv-day", &until, "a test").done);
    assert_eq!(gateway.story(NUMBER)["subscriptions"][0]["expires_at"], until);
    verify(&gateway);
}

#[test]
fn commands_print_what_they_did() {
    let gateway = Gateway::start("");
    let until = rfc3339(5);
    let grant = ["subscriber", "grant", NUMBER, "--offer", "lovetv-day", "--until", &until];
    let ran = command(&gateway, &[&grant[..], &["--json"]].concat());
    let printed: Value =
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", told(&ran)));
    assert_eq!(printed["msisdn"], NUMBER);
    assert_eq!(printed["notices"][0]["kind"], "register");
    assert_eq!(printed["subscriptions"], gateway.story(NUMBER)["subscriptions"]);
    let ran = command(&gateway, &["subscriber", "end", NUMBER]);
    let printed = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success() && printed.contains("cancel") && printed.contains("lovetv-day  cancelled"));
    let shown = outbox::printed(&gateway, &["subscriber", "show", NUMBER]);
    let audit = shown.split("\naudit: 2\n").nth(1).unwrap_or_else(|| panic!("{shown}"));
    assert!(audit.contains("command:ann") && audit.contains("grant") && audit.contains("end"), "{audit}");
    // What is exported can be sent to a gateway: an operator's rows are no messages.
    register("9", "84945000001").tell(&gateway);
    let exported = outbox::printed(&gateway, &["notices", "export"]);
    assert_eq!(exported.lines().count(), 1, "{exported}");
}
