//! The worker of a running gateway with Watcher as its remote system: what the carrier says shows on cameras and
//! users, whatever goes wrong on the way, and what is changed there by hand is found and mended.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "worker_watcher/many.rs"]
mod many;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "worker_watcher/reconcile.rs"]
mod reconcile;
#[path = "worker_watcher/refused.rs"]
mod refused;
#[path = "worker_watcher/rooms.rs"]
mod rooms;
#[path = "support/said.rs"]
mod said;
#[path = "support/watcher_double.rs"]
mod watcher_double;
#[path = "worker_watcher/world.rs"]
mod world;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gateway::Gateway;
use outbox::{Work, metric, states, tasks, until, until_states, wait};
use said::{MONTH, cancel, register};
use sdp_gateway::catalog::GrantKind;
use sdp_gateway::clock::{Clock, DAY_MS};
use sdp_gateway::ids::{DeviceId, Msisdn, UserAccount};
use sdp_gateway::ledger::Ledger;
use sdp_gateway::ledger::fulfil::{Redeem, Redeemed, Unbind, Unbound};
use sdp_gateway::service::wanted::Owner;
use sdp_gateway::stock::CodeText;
use watcher_double::{At, How, When};
use world::{ANN, LOGIN, World, bind_to_account};

#[test]
fn what_the_carrier_says_shows_on_the_camera() {
    let world = World::new("", "");
    let (gateway, ledger) = (world.start(), world.ledger());
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    register("1", ANN).tell(&gateway);
    until("it is recorded", || world.camera("cam-1") == (392, true));
    until_states(&gateway, ANN, &["begin done"]);
    assert_eq!(world.user(LOGIN), Some((true, vec![753])));
    cancel("2", ANN).tell(&gateway);
    until("it is not", || world.camera("cam-1") == (392, false));
    until_states(&gateway, ANN, &["begin done", "end done", "retire due"]);
    let (retire, now) = (&tasks(&gateway, "state=due")[0], Clock::system().now());
    let due_at = chrono::DateTime::parse_from_rfc3339(retire["due_at"].as_str().expect("a time"));
    let left_ms = due_at.expect("RFC 3339").timestamp_millis() - now.0;
    assert!((6 * DAY_MS..=7 * DAY_MS).contains(&left_ms), "{left_ms}");
    assert!(gateway.admin("/api/v1/stats").json()["oldest_due_s"].is_null(), "nothing is late");
    register("3", ANN).tell(&gateway);
    until("it is recorded again", || world.camera("cam-1") == (392, true));
    until_states(&gateway, ANN, &["begin done", "end done", "retire due", "begin done"]);
    let retired = outbox::printed(&gateway, &["tasks", "retry", &retire["id"].to_string()]);
    assert!(retired.contains('1'), "{retired}");
    until_states(&gateway, ANN, &["begin done", "end done", "retire done", "begin done"]);
    assert_eq!(world.camera("cam-1"), (392, true), "it is served again");
    assert_eq!(world.double.state().archive_lost, Vec::<String>::new());
    world.nothing_refused();
    wait(ledger.close());
}

#[test]
fn another_offer_is_another_preset_and_no_gap() {
    let world = World::new("", "");
    let (gateway, ledger) = (world.start(), world.ledger());
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    register("1", ANN).tell(&gateway);
    until("it is recorded", || world.camera("cam-1") == (392, true));
    let by_the_month = register("2", ANN).with("package_id", MONTH).with("expiredTime", &said::at(100));
    by_the_month.with("subcribeTime", &said::at(0)).tell(&gateway);
    until("it has the other preset", || world.camera("cam-1") == (393, true));
    until("all is done", || states(&gateway, ANN).iter().all(|state| state.ends_with(" done")));
    let state = world.double.state();
    assert_eq!(state.count("PUT /cameras/{}"), 2, "{:?}", state.calls);
    drop(state);
    wait(ledger.close());
}

#[test]
fn without_days_to_keep_the_default_preset_comes_at_once() {
    let world = World::new("retention_keep_days = 0", "");
    let (gateway, ledger) = (world.start(), world.ledger());
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    register("1", ANN).tell(&gateway);
    until("it is recorded", || world.camera("cam-1") == (392, true));
    cancel("2", ANN).tell(&gateway);
    until("it is over", || world.camera("cam-1") == (391, false));
    until_states(&gateway, ANN, &["begin done", "end done"]);
    assert_eq!(world.double.state().archive_lost, ["cam-1"]);
    wait(ledger.close());
}

#[test]
fn users_are_suspended_when_nothing_is_left_to_them() {
    let world = World::new("suspend = 'user'", "");
    world.double.state().add_camera("cam-2", 753);
    let (gateway, ledger) = (world.start(), world.ledger());
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    bind_to_account(&ledger, "cam-2", "ann@shop.example");
    register("1", ANN).tell(&gateway);
    until_states(&gateway, ANN, &["begin done"]);
    cancel("2", ANN).tell(&gateway);
    until("she cannot log in", || world.user(LOGIN).is_some_and(|(enabled, _)| !enabled));
    until_states(&gateway, ANN, &["begin done", "end done", "retire due"]);
    assert_eq!(world.camera("cam-1"), (392, true));
    register("3", ANN).tell(&gateway);
    until("she can again", || world.user(LOGIN).is_some_and(|(enabled, _)| enabled));
    wait(ledger.close());
}

/// Three days of storage, from a code of ours.
fn redeem(gateway: &Gateway, ledger: &Ledger, device: &str, account: &str) {
    let wish = [
        "--kind",
        "cloud",
        "--count",
        "1",
        "--days",
        "3",
        "--provider",
        "cams",
        "--package",
        "393",
        "--json",
    ];
    let made = outbox::printed(gateway, &[&["codes", "generate"], &wish[..]].concat());
    let made: serde_json::Value = serde_json::from_str(&made).expect("JSON");
    let code = made["codes"][0]["code"].as_str().expect("a code");
    let now = Clock::system().now();
    let redeem = Redeem {
        keys: ledger.vault().lookups(&CodeText::parse(code).expect("a code")),
        kind: GrantKind::Cloud,
        device: DeviceId::parse(device).expect("a device"),
        account: UserAccount::parse(account).expect("an account"),
        now,
        leased_until: now.plus_ms(1000),
        token: "the test's".to_owned(),
        pausing: Arc::new(BTreeSet::from(["cams".to_owned()])),
    };
    assert!(matches!(wait(ledger.write(redeem)), Ok(Redeemed::Done(_))));
}

#[test]
fn who_buys_without_a_number_redeems_codes_of_ours() {
    let world = World::new("", "");
    let (gateway, ledger) = (world.start(), world.ledger());
    bind_to_account(&ledger, "cam-1", "ann@shop.example");
    redeem(&gateway, &ledger, "cam-1", "ann@shop.example");
    until("it is recorded", || world.camera("cam-1") == (393, true));
    assert_eq!(world.user("account=ann=shop.example@sdp.example"), Some((true, vec![753])));
    drop(gateway);
    wait(ledger.close());
}

#[test]
fn an_account_whose_device_came_to_a_number_is_suspended_too() {
    let world = World::new("suspend = 'user'", "");
    let (gateway, ledger) = (world.start(), world.ledger());
    let can_log_in = |login: &str| world.user(login).map(|(enabled, _)| enabled);
    bind_to_account(&ledger, "cam-1", "carl");
    redeem(&gateway, &ledger, "cam-1", "carl");
    until("he can log in", || can_log_in("carl@sdp.example") == Some(true));
    outbox::bind(&ledger, ANN, "cam-1", "carl");
    until("she can", || can_log_in(LOGIN) == Some(true));
    until("he cannot any more", || can_log_in("carl@sdp.example") == Some(false));
    // What somebody changed by hand meanwhile is seen to at the end.
    let carl = world.double.state().user_of("carl@sdp.example").expect("a user");
    world.double.state().users.get_mut(&carl).expect("it").enabled = true;
    let (device, number) = (DeviceId::parse("cam-1"), Msisdn::parse(ANN));
    let owner = Owner::Number(number.expect("a number"));
    let unbind =
        Unbind { device: device.expect("a device"), owner, tenant: None, now: Clock::system().now() };
    assert_eq!(wait(ledger.write(unbind)).expect("kept"), Unbound::Unbound);
    until("she cannot either", || can_log_in(LOGIN) == Some(false));
    until("nor can he", || can_log_in("carl@sdp.example") == Some(false));
    drop(gateway);
    wait(ledger.close());
}

#[test]
fn what_began_in_an_attempt_that_failed_is_ended_too() {
    for how in [How::Status(500), How::Late, How::Status(403), How::Words(403)] {
        let mut world = World::new("", "");
        // Long enough to be seen: the next attempt finds all as it should be.
        world.settings = world.settings.replace("backoff_ms_min = 20\n", "backoff_ms_min = 900\n");
        let (gateway, ledger) = (world.start(), world.ledger());
        outbox::bind(&ledger, ANN, "cam-1", LOGIN);
        world.double.fail(At::Every("PUT /cameras/{}"), When::After, how);
        register("1", ANN).tell(&gateway);
        until("it is recorded all the same", || world.camera("cam-1") == (392, true));
        until("the attempt came to nothing", || {
            let task = &tasks(&gateway, "")[0];
            // A refusal of this one thing is final, whatever was done before it; a page is none of Watcher's.
            let state = if how == How::Words(403) { "dead" } else { "due" };
            task["state"] == state && !task["last_error"].is_null()
        });
        cancel("2", ANN).tell(&gateway);
        world.double.heal();
        until("it is not", || world.camera("cam-1") == (392, false));
        until("all is done", || {
            let told = states(&gateway, ANN);
            told.iter().any(|state| state == "end done")
                && told.last().is_some_and(|state| state == "retire due")
        });
        wait(ledger.close());
    }
}

#[test]
fn a_wrong_key_leaves_tasks_waiting_and_nothing_dead() {
    let world = World::new("breaker_failures = 2\nbreaker_open_s = 1", "attempts_max = 3\n");
    let (gateway, ledger) = (world.start(), world.ledger());
    world.double.fail(At::All, When::Before, How::Status(403));
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    register("1", ANN).tell(&gateway);
    let open = "sdp_gateway_provider_breaker_open{provider=\"cams\"}";
    until("nothing is sent for a while", || metric(&gateway, open) == 1.0);
    std::thread::sleep(Duration::from_secs(4));
    let task = &tasks(&gateway, "")[0];
    assert_eq!((task["state"].as_str(), task["attempts"].as_u64()), (Some("due"), Some(0)), "{task}");
    assert!(task["last_error"].as_str().is_some_and(|why| why.contains("credentials")), "{task}");
    assert!(world.double.heal() >= 3, "it was tried now and then");
    until_states(&gateway, ANN, &["begin done"]);
    assert_eq!(world.camera("cam-1"), (392, true));
    wait(ledger.close());
}

#[test]
fn killed_workers_and_failing_calls_leave_what_the_last_notice_says() {
    const NUMBERS: usize = 5;
    let world = World::new("breaker_failures = 0", "enabled = false\nattempts_max = 1000\n");
    let (gateway, ledger) = (world.start(), world.ledger());
    let mut numbers = Vec::new();
    for n in 0..NUMBERS {
        world.double.state().add_camera(&format!("cam-{n}"), 753);
        numbers.push(outbox::bound(&ledger, n));
    }
    let hows = [How::Status(500), How::Reset, How::CutOff, How::Unavailable, How::Garbage];
    let mut queue_id = 0;
    for kill in 0..8 {
        let works = [Work::start(world.folder.path(), 1), Work::start(world.folder.path(), 2)];
        for (n, number) in numbers.iter().enumerate() {
            queue_id += 1;
            let when = if (kill + n) % 2 == 0 { When::Before } else { When::After };
            world.double.fail(At::Nth(1 + n * 3), when, hows[(kill + n) % hows.len()]);
            let said = if (kill + n) % 3 == 0 { cancel } else { register };
            said(&queue_id.to_string(), number).tell(&gateway);
            std::thread::sleep(Duration::from_millis(30));
        }
        works.into_iter().for_each(Work::kill);
    }
    world.double.heal();
    let works = [Work::start(world.folder.path(), 1), Work::start(world.folder.path(), 2)];
    for (n, number) in numbers.iter().enumerate() {
        queue_id += 1;
        let said = if n % 2 == 0 { register } else { cancel };
        said(&queue_id.to_string(), number).tell(&gateway);
    }
    until("all is done", || {
        let open = |state: &String| {
            state.ends_with(" running") || (state.ends_with(" due") && !state.starts_with("retire"))
        };
        numbers.iter().all(|number| !states(&gateway, number).iter().any(open))
    });
    works.into_iter().for_each(|work| assert!(work.stop().success()));
    for (n, number) in numbers.iter().enumerate() {
        let ((preset, enabled), told) = (world.camera(&format!("cam-{n}")), states(&gateway, number));
        let login = format!("{number}@sdp.example");
        let users = world.double.state().users.values().filter(|user| user.login == login).count();
        if n % 2 == 1 && users == 0 {
            // Cancelled each time before anybody had made anything of the beginning; an end that was sent all the same
            // has stopped the recording.
            let was_ended = told.iter().any(|state| state == "end done");
            assert!(preset == 391 && (enabled || was_ended), "{number}: {enabled} {told:?}");
            continue;
        }
        assert_eq!((users, enabled), (1, n % 2 == 0), "{number}: {told:?}");
        if enabled {
            assert_eq!((preset, world.user(&login)), (392, Some((true, vec![753]))), "{number}: {told:?}");
        }
    }
    assert_eq!(tasks(&gateway, "state=dead"), Vec::<serde_json::Value>::new());
    assert_eq!(world.double.state().archive_lost, Vec::<String>::new());
    world.nothing_refused();
    wait(ledger.close());
}
