//! What is refused of one thing is that thing's alone: others are served meanwhile, the breaker stays closed, and a
//! comparison goes on.

use super::gateway::Gateway;
use super::outbox::{self, metric, tasks, until, until_states, wait};
use super::said::{cancel, register};
use super::watcher_double::{At, How, Odd, Oddness, Rewrite, Rows, Thing, WORDS, When};
use super::world::{ANN, LOGIN, World};

const BREAKER: &str = "sdp_gateway_provider_breaker_open{provider=\"cams\"}";

/// So many cameras, each of a number of its own, from the hundredth on; what their numbers are.
fn others(world: &World, count: usize) -> Vec<String> {
    let ledger = world.ledger();
    let number = |n: usize| {
        world.double.state().add_camera(&format!("cam-{n}"), 753);
        outbox::bound(&ledger, n)
    };
    let numbers = (100..100 + count).map(number).collect();
    wait(ledger.close());
    numbers
}

fn forbid(world: &World, cameras: std::ops::Range<usize>) {
    world.double.state().forbidden.extend(cameras.map(|n| Thing::Camera(format!("cam-{n}"))));
}

/// What `vsaas reconcile` prints, and with which code it ends.
fn reconciled(gateway: &Gateway, arguments: &[&str]) -> (Vec<String>, Option<i32>) {
    let settings = std::fs::read_to_string(gateway.folder.join("settings.toml")).expect("settings");
    let mut command = Gateway::cli(&gateway.folder, &settings);
    let ran = command.args(["vsaas", "reconcile"]).args(arguments).output().expect("it runs");
    let out = String::from_utf8(ran.stdout).expect("text");
    (out.lines().map(str::to_owned).collect(), ran.status.code())
}

/// A partner's bad names: as many as open a breaker, and one more.
#[test]
fn cameras_that_are_refused_hold_up_nobody_else() {
    let world = World::new("concurrency = 1", "");
    let gateway = world.start();
    let bad = others(&world, 11);
    forbid(&world, 100..111);
    let ledger = world.ledger();
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    for (n, number) in bad.iter().enumerate() {
        register(&n.to_string(), number).tell(&gateway);
    }
    register("good", ANN).tell(&gateway);
    until_states(&gateway, ANN, &["begin done"]);
    assert_eq!(world.camera("cam-1"), (392, true));
    {
        // One at a time: whoever came before her was looked at once, and no more.
        let state = world.double.state();
        let looked_at = |name: &str| state.calls.iter().filter(|call| call.ends_with(name)).count();
        let calls: Vec<_> = (100..111).map(|n| looked_at(&format!("/cameras/cam-{n}"))).collect();
        assert!(calls.iter().all(|times| *times <= 1), "{calls:?}");
    }
    assert_eq!(metric(&gateway, BREAKER), 0.0);
    for number in &bad {
        until_states(&gateway, number, &["begin dead"]);
        let task = &tasks(&gateway, &format!("msisdn={number}"))[0];
        let why = task["last_error"].as_str().unwrap_or_default();
        assert!(why.contains("HTTP 403: You have no access to this camera"), "{task}");
    }
    assert_eq!(metric(&gateway, BREAKER), 0.0);
    // Once the operator has mended it, and had it tried again.
    world.double.state().forbidden.clear();
    let task = &tasks(&gateway, &format!("msisdn={}", bad[0]))[0];
    outbox::printed(&gateway, &["tasks", "retry", &task["id"].to_string()]);
    until_states(&gateway, &bad[0], &["begin done"]);
    world.nothing_refused();
    wait(ledger.close());
}

/// The same inside Watcher: it fails over these things and works otherwise.
#[test]
fn cameras_that_watcher_fails_over_hold_up_nobody_else() {
    let world = World::new("breaker_failures = 3", "attempts_max = 1000\n");
    let gateway = world.start();
    let bad = others(&world, 6);
    let ledger = world.ledger();
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    // Each look at a camera fails, for as long as only theirs are looked at.
    world.double.fail(At::Every("GET /cameras/{}"), When::Before, How::Words(500));
    for (n, number) in bad.iter().enumerate() {
        register(&n.to_string(), number).tell(&gateway);
    }
    until("all of them failed", || {
        bad.iter().all(|number| {
            let task = &tasks(&gateway, &format!("msisdn={number}"))[0];
            task["last_error"].as_str().is_some_and(|why| why.contains(WORDS))
        })
    });
    assert_eq!(metric(&gateway, BREAKER), 0.0);
    world.double.heal();
    register("good", ANN).tell(&gateway);
    until_states(&gateway, ANN, &["begin done"]);
    for number in &bad {
        until_states(&gateway, number, &["begin done"]);
    }
    wait(ledger.close());
}

/// A key that is none is everybody's matter, and nothing is given up for it.
#[test]
fn a_key_that_is_none_any_more_ends_no_task() {
    use super::watcher_double::Key;
    for key in [Key::Wrong, Key::Expired] {
        let world = World::new("breaker_failures = 2\nbreaker_open_s = 1", "attempts_max = 2\n");
        let (gateway, ledger) = (world.start(), world.ledger());
        outbox::bind(&ledger, ANN, "cam-1", LOGIN);
        world.double.state().key = key;
        register("1", ANN).tell(&gateway);
        until("nothing is sent for a while", || metric(&gateway, BREAKER) == 1.0);
        let task = &tasks(&gateway, "")[0];
        assert_eq!((task["state"].as_str(), task["attempts"].as_u64()), (Some("due"), Some(0)), "{task}");
        world.double.state().key = Key::Good;
        until_states(&gateway, ANN, &["begin done"]);
        wait(ledger.close());
    }
}

#[test]
fn a_comparison_goes_on_past_what_is_refused() {
    const CAMERAS: usize = 30;
    let world = World::new("", "");
    let gateway = world.start();
    let numbers = others(&world, CAMERAS);
    for (n, number) in numbers.iter().enumerate() {
        register(&n.to_string(), number).tell(&gateway);
    }
    for number in &numbers {
        until_states(&gateway, number, &["begin done"]);
    }
    world.double.state().cameras.values_mut().for_each(|camera| camera.enabled = false);
    // More than there may be failures in a row, and one that no list shows and nobody may look at.
    forbid(&world, 100..115);
    {
        let mut state = world.double.state();
        let folder = state.root(752);
        let hidden = state.cameras.get_mut("cam-100").expect("a camera");
        (hidden.organization, hidden.folder) = (752, folder);
    }
    let (told, code) = reconciled(&gateway, &[]);
    assert_eq!(code, Some(1), "one could not be looked at: {told:#?}");
    assert_eq!(told.iter().filter(|line| line.ends_with("should be enabled")).count(), CAMERAS - 1);
    let (told, code) = reconciled(&gateway, &["--fix"]);
    assert_eq!(code, Some(1), "{told:#?}");
    let of = |end: &str| told.iter().filter(|line| line.contains(end)).count();
    assert_eq!((of("; mended"), of("not mended: ")), (15, 15), "{told:#?}");
    assert_eq!(of("You have no access to this camera"), 15, "{told:#?}");
    assert!(told.last().is_some_and(|line| line.ends_with("30 differ, 15 mended, 15 failed")), "{told:#?}");
    {
        let state = world.double.state();
        assert!((115..130).all(|n| state.cameras[&format!("cam-{n}")].enabled));
        assert!((100..115).all(|n| !state.cameras[&format!("cam-{n}")].enabled));
    }
    world.double.state().forbidden.clear();
    let (told, code) = reconciled(&gateway, &["--fix"]);
    assert!(told.last().is_some_and(|line| line.contains("14 mended, 0 failed")), "{code:?} {told:#?}");
    world.nothing_refused();
}

/// A folder that nobody may look into, or that is gone, is told of; cameras are compared and mended.
#[test]
fn a_comparison_goes_on_past_a_folder_that_is_refused() {
    for (folder, is_forbidden) in [(1156, true), (9999, false)] {
        let world = World::new(&format!("folder_id = {folder}"), "");
        if folder == 9999 {
            // While its beginning was made it was there.
            let root = Some(world.double.state().root(753));
            world.double.state().organizations.get_mut(&753).expect("it").folders.insert(9999, root);
        }
        let (gateway, ledger) = (world.start(), world.ledger());
        outbox::bind(&ledger, ANN, "cam-1", LOGIN);
        register("1", ANN).tell(&gateway);
        until_states(&gateway, ANN, &["begin done"]);
        {
            let mut state = world.double.state();
            state.cameras.get_mut("cam-1").expect("it").enabled = false;
            if is_forbidden {
                state.forbidden.insert(Thing::Folder(folder));
            } else {
                state.organizations.get_mut(&753).expect("it").folders.remove(&folder);
            }
        }
        let (told, code) = reconciled(&gateway, &["--fix"]);
        assert_eq!(code, Some(1), "{told:#?}");
        assert!(told[0].starts_with(&format!("folder {folder}: cannot be looked at")), "{told:#?}");
        assert_eq!(told[1], "cam-1: should be enabled; mended", "{told:#?}");
        assert_eq!(world.camera("cam-1"), (392, true));
        wait(ledger.close());
    }
}

/// A system that knows no pages, of which nothing can be read.
#[test]
fn a_comparison_ends_where_a_list_does_not() {
    const JSON: &str = "application/json";
    let world = World::new("", "");
    let gateway = world.start();
    for rewrite in [
        (|kind, status, text| match kind {
            "GET /users" => (status, JSON, "[null]".to_owned()),
            _ => (status, JSON, text),
        }) as Rewrite,
        |kind, status, text| match kind {
            "GET /cameras" => (status, JSON, "[{},{}]".to_owned()),
            _ => (status, JSON, text),
        },
        |kind, status, text| match kind {
            "GET /organizations/{}/folders/{}/users" => (status, JSON, "[{}]".to_owned()),
            _ => (status, JSON, text),
        },
    ] {
        world.double.state().rewrite = Some(rewrite);
        world.double.state().forget_calls();
        let (told, code) = reconciled(&gateway, &[]);
        assert_eq!(code, Some(1), "{told:#?}");
        let calls = world.double.state().calls.len();
        assert!((100..200).contains(&calls), "{calls}");
    }
}

/// Rows that nobody can read are left out and counted; those beside them are compared and mended.
#[test]
fn a_comparison_counts_rows_that_it_cannot_read() {
    let world = World::new("", "");
    let (gateway, ledger) = (world.start(), world.ledger());
    outbox::bind(&ledger, ANN, "cam-1", LOGIN);
    register("1", ANN).tell(&gateway);
    until_states(&gateway, ANN, &["begin done"]);
    {
        let mut state = world.double.state();
        state.cameras.get_mut("cam-1").expect("it").enabled = false;
        state.rows_max = 50;
        for (n, how) in Oddness::UNREADABLE.into_iter().chain(Oddness::READABLE).enumerate() {
            let name = format!("odd-{n}");
            state.add_camera(&name, 753);
            state.odd.push(Odd::one(Rows::Camera, name, how));
            let user = state.create_user(&format!("odd-{n}@example.org"), "unit-test-password", None);
            state.odd.push(Odd::one(Rows::User, user, how));
        }
    }
    let (told, code) = reconciled(&gateway, &["--fix"]);
    assert_eq!((code, &*told[0]), (Some(0), "cam-1: should be enabled; mended"), "{told:#?}");
    assert!(told[1].contains("4 rows could not be read"), "{told:#?}");
    let (told, _) = reconciled(&gateway, &["--json"]);
    let summary: serde_json::Value = serde_json::from_str(&told[0]).expect("JSON");
    assert_eq!(summary["summary"]["odd"], 4, "{told:#?}");
    assert_eq!(world.camera("cam-1"), (392, true));
    cancel("2", ANN).tell(&gateway);
    until("it is not", || world.camera("cam-1") == (392, false));
    wait(ledger.close());
}
