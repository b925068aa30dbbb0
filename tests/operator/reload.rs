//! SIGHUP, and commands beside a gateway whose catalog is another by now.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::gateway::{Answer, Folder, Gateway, Ledger, check, request, try_request};
use crate::said::{CHECK, DAY, SERVICE, newest, register, state};
use crate::{cli, offer, run, until, until_logged};

const NUMBER: &str = "84945989325";

/// A partner with this token, and the catalog of this folder.
fn settings(folder: &Path, token: &str) -> String {
    let catalog = folder.join("offers.toml");
    format!("[[partner]]\nname = 'app'\ntoken = '{token}'\n[catalog]\npath = '{}'\n", catalog.display())
}

fn write(folder: &Path, token: &str, offers: &[String]) {
    fs::write(folder.join("offers.toml"), offers.concat()).expect("written");
    fs::write(folder.join("settings.toml"), settings(folder, token)).expect("written");
}

fn start(folder: &Path, token: &str, offers: &[String]) -> Gateway {
    write(folder, token, offers);
    Gateway::start_in(folder, &settings(folder, token))
}

fn asked_with(gateway: &Gateway, token: &str) -> Answer {
    let headers = [("Authorization", &*format!("Bearer {token}"))];
    request(gateway.main, "GET", &format!("/v1/subscribers/{NUMBER}/subscriptions"), &headers, b"")
}

#[test]
fn a_hangup_brings_catalog_and_secrets_into_force_and_drops_no_request() {
    let folder = Folder::new();
    let gateway = start(folder.path(), "first-token-of-16", &[offer("day", DAY)]);
    register("1", NUMBER).with("package_id", "9").tell(&gateway);
    assert_eq!(newest(&gateway)["reason"], "unmapped");
    assert_eq!(asked_with(&gateway, "first-token-of-16").status, 200);

    let (over, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let body = check(NUMBER, SERVICE, DAY);
                while !over.load(Ordering::Relaxed) {
                    let answer = try_request(gateway.main, "POST", CHECK, &[], body.as_bytes());
                    assert_eq!(answer.expect("an answer").status, 200);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 1..=10 {
            write(folder.path(), "second-token-of-16", &[offer("day", DAY), offer("nine", "9")]);
            gateway.signal("HUP");
            until_logged(&gateway, "reloaded: catalog", round);
        }
        let so_far = answered.load(Ordering::Relaxed);
        until("more answers", || answered.load(Ordering::Relaxed) > so_far + 20);
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(asked_with(&gateway, "first-token-of-16").status, 401);
    assert_eq!(asked_with(&gateway, "second-token-of-16").status, 200);
    register("2", "84945000001").with("package_id", "9").tell(&gateway);
    assert_eq!(newest(&gateway)["outcome"], "applied");
    // What was parked before waits for its operator.
    assert!(gateway.story(NUMBER)["subscriptions"].as_array().is_some_and(Vec::is_empty));
    assert!(gateway.stop().success());
}

#[test]
fn where_anything_is_wrong_the_old_stays_and_the_log_says_why() {
    let folder = Folder::new();
    let gateway = start(folder.path(), "first-token-of-16", &[offer("day", DAY)]);
    write(
        folder.path(),
        "second-token-of-16",
        &[offer("day", DAY), "\n[[offer]]\nid = 'x'\nperiode = 'day'\n".into()],
    );
    fs::write(
        folder.path().join("settings.toml"),
        settings(folder.path(), "second-token-of-16") + "[log]\nlevel = ''\n",
    )
    .expect("written");
    gateway.signal("HUP");
    until_logged(&gateway, "what was in force stays in force", 1);
    let log = gateway.log();
    for fault in ["offers.toml:9: offer x: periode: unknown key", "settings.toml:7: log.level"] {
        assert!(log.lines().any(|line| line.contains("ERROR") && line.contains(fault)), "{fault}\n{log}");
    }
    assert_eq!(asked_with(&gateway, "first-token-of-16").status, 200);
    assert_eq!(asked_with(&gateway, "second-token-of-16").status, 401);
    register("1", NUMBER).tell(&gateway);
    assert_eq!(state(&gateway, NUMBER), "active");
}

#[test]
fn what_takes_a_restart_is_named() {
    let folder = Folder::new();
    let gateway = start(folder.path(), "first-token-of-16", &[offer("day", DAY)]);
    let other = settings(folder.path(), "first-token-of-16")
        + "[server]\nbody_bytes_max = 2048\n[worker]\nlease_s = 90\n[carrier]\nrecord_only = true\n";
    fs::write(folder.path().join("settings.toml"), other).expect("written");
    gateway.signal("HUP");
    until_logged(&gateway, "not in force before a restart", 1);
    let log = gateway.log();
    assert!(log.contains("keys=\"server.body_bytes_max, worker.lease_s\""), "{log}");
    register("1", NUMBER).tell(&gateway);
    assert_eq!(newest(&gateway)["reason"], "record_only", "how notices are judged comes into force");
}

#[test]
fn a_worker_alone_lives_on_after_a_hangup() {
    let folder = Folder::new();
    let gateway = start(folder.path(), "first-token-of-16", &[offer("day", DAY)]);
    let log = folder.path().join("worker.log");
    let mut worker = Gateway::cli(folder.path(), &settings(folder.path(), "first-token-of-16"));
    let stderr = fs::File::create(&log).expect("a log");
    let mut worker = worker.arg("work").stderr(stderr).spawn().expect("a worker");
    let said = |what: &str| fs::read_to_string(&log).unwrap_or_default().contains(what);
    until("working", || said("working"));
    let signal = |name: &str| {
        assert!(std::process::Command::new("kill").args([name, &worker.id().to_string()]).status().is_ok());
    };
    signal("-HUP");
    until("reloaded", || said("reloaded: the secrets of providers"));
    signal("-TERM");
    assert!(worker.wait().expect("an end").success());
    drop(gateway);
}

#[test]
fn a_command_judges_as_the_gateway_does_or_says_that_it_would_not() {
    let folder = Folder::new();
    let old = [offer("day", DAY)];
    let gateway = start(folder.path(), "first-token-of-16", &old);
    let id = register("1", NUMBER).with("package_id", "9").kept(&gateway);
    write(folder.path(), "first-token-of-16", &[offer("day", DAY), offer("nine", "9")]);
    let own = settings(folder.path(), "first-token-of-16");
    let retry = || cli(folder.path(), &own, &format!("notices retry {id}"));
    let refused = retry();
    let err = &refused.check(1).err;
    assert!(err.contains("restart or reload it first") && err.contains(&gateway.main.to_string()), "{err}");
    assert_eq!(newest(&gateway)["reason"], "unmapped");
    // What no catalog has a say in needs none.
    assert!(cli(folder.path(), &own, "notices list").check(0).out.contains("unmapped"));

    gateway.signal("HUP");
    until_logged(&gateway, "reloaded: catalog", 1);
    until("announced", || retry().out.contains("changed 1"));
    assert_eq!(state(&gateway, NUMBER), "active");
}

#[test]
fn a_gateway_that_is_gone_has_no_say() {
    let folder = Folder::new();
    let mut gateway = start(folder.path(), "first-token-of-16", &[offer("day", DAY)]);
    let ids = ["1", "2"].map(|queue| register(queue, NUMBER).with("package_id", "9").kept(&gateway));
    write(folder.path(), "first-token-of-16", &[offer("day", DAY), offer("nine", "9")]);
    let own = settings(folder.path(), "first-token-of-16");
    let retry = |id: i64| cli(folder.path(), &own, &format!("notices retry {id}"));
    // Killed a moment ago: it may be hanging.
    gateway.signal("KILL");
    gateway.wait();
    assert!(retry(ids[0]).check(1).err.contains("restart or reload it first"));
    Ledger::of(folder.path()).execute("UPDATE gateway SET seen_at = seen_at - 61000");
    retry(ids[0]).check(0);
    // One that has stopped says so.
    let gateway = start(folder.path(), "first-token-of-16", &[offer("day", DAY)]);
    write(folder.path(), "first-token-of-16", &[offer("day", DAY), offer("nine", "9")]);
    retry(ids[1]).check(1);
    assert!(gateway.stop().success());
    retry(ids[1]).check(0);
}

#[test]
fn all_gateways_of_a_ledger_must_agree() {
    let folder = Folder::new();
    let first = start(folder.path(), "first-token-of-16", &[offer("day", DAY)]);
    let id = register("1", NUMBER).with("package_id", "9").kept(&first);
    let newer = [offer("day", DAY), offer("nine", "9")];
    write(folder.path(), "first-token-of-16", &newer);
    let own = settings(folder.path(), "first-token-of-16");
    let second = Gateway::start_in(folder.path(), &own);
    until_logged(&second, "another gateway on this ledger judges by another catalog", 1);
    let ended = run(Gateway::cli(folder.path(), &own).args(["notices", "retry", &id.to_string()]));
    let err = &ended.check(1).err;
    assert!(err.contains(&first.main.to_string()) && !err.contains(&second.main.to_string()), "{err}");
}
