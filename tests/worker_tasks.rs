//! Tasks through the worker of a running gateway, with providers that answer as they are told: attempts,
//! pauses, dead letters and what operators do to them, order, and who is hindered by whom.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/said.rs"]
mod said;

use std::time::{Duration, Instant};

use gateway::{Folder, Gateway};
use outbox::{HASTY, OTHER, bound, metric, of_provider, printed, settings, tasks, until, until_states, wait};
use said::{SERVICE, cancel, register};

fn scripted(name: &str, script: &str, more: &str) -> String {
    format!("[providers.{name}]\nkind = 'scripted'\nscript = {script}\n{more}\n")
}

/// A gateway whose offer is carried out by one scripted provider.
fn start(folder: &Folder, script: &str, more: &str) -> Gateway {
    let own = format!("{HASTY}{}", scripted("test", script, more));
    Gateway::start_in(folder.path(), &of_provider(folder.path(), "test", &own))
}

#[test]
fn what_is_owed_is_tried_until_it_is_done() {
    let folder = Folder::new();
    let gateway = start(&folder, "['again', 'unknown', 'again:600', 'done']", "");
    let ledger = outbox::beside(folder.path());
    let number = bound(&ledger, 1);
    let began = Instant::now();
    register("1", &number).tell(&gateway);
    until_states(&gateway, &number, &["begin done"]);
    assert!(began.elapsed() >= Duration::from_millis(600), "the provider's own pause is kept");
    let task = &tasks(&gateway, "")[0];
    assert_eq!((task["attempts"].as_u64(), task["provider"].as_str()), (Some(4), Some("test")), "{task}");
    for (class, times) in [("again", 2.0), ("unknown", 1.0), ("done", 1.0)] {
        let line = format!("sdp_gateway_task_attempts_total{{provider=\"test\",class=\"{class}\"}}");
        assert_eq!(metric(&gateway, &line), times, "{class}");
    }
    let services = &gateway.story(&number)["devices"][0]["services"];
    assert_eq!(services[0]["state"], "active", "{services}");
    let line = gateway.log().lines().find(|line| line.contains("task sent")).expect("a line").to_owned();
    assert!(line.contains("84945***") && !line.contains(&number), "{line}");
    let stats = gateway.admin("/api/v1/stats").json();
    assert_eq!(stats["tasks"], serde_json::json!({"done": 1}));
    assert!(gateway.admin("/readyz").json()["worker_age_s"].as_u64().is_some_and(|age| age < 5));
    wait(ledger.close());
}

#[test]
fn operators_see_to_dead_letters() {
    let folder = Folder::new();
    let script = "['again', 'again', 'again', 'never', 'never', 'done']";
    let gateway = start(&folder, script, "concurrency = 1\nbreaker_failures = 0\n");
    let settings = std::fs::read_to_string(folder.path().join("settings.toml")).expect("settings");
    assert!(gateway.stop().success());
    let settings = settings.replace("[worker]\n", "[worker]\nattempts_max = 3\n");
    let gateway = Gateway::start_in(folder.path(), &settings);
    let ledger = outbox::beside(folder.path());
    let number = bound(&ledger, 1);
    register("1", &number).tell(&gateway);
    until_states(&gateway, &number, &["begin dead"]);
    let task = tasks(&gateway, "state=dead&provider=test")[0].clone();
    assert_eq!(task["last_error"], "given up after 3 attempts: the script says so");
    assert_eq!(metric(&gateway, "sdp_gateway_tasks{state=\"dead\"}"), 1.0);
    let id = task["id"].to_string();

    let shown = printed(&gateway, &["tasks", "list", "--state", "dead"]);
    assert!(shown.contains("given up after 3 attempts") && shown.contains(&number), "{shown}");
    assert!(printed(&gateway, &["tasks", "show", &id]).contains("\"may_have_been_done\": false"));
    assert_eq!(printed(&gateway, &["tasks", "retry", &id]), "changed 1, unchanged 0, unknown 0\n");
    until_states(&gateway, &number, &["begin dead"]);
    until("the fourth word is said", || tasks(&gateway, "")[0]["last_error"] == "the script says so");
    assert_eq!(printed(&gateway, &["tasks", "discard", "--all"]), "changed 1, unchanged 0, unknown 0\n");
    until_states(&gateway, &number, &["begin discarded"]);
    assert_eq!(gateway.admin_post(&format!("/api/v1/tasks/{id}/discard")).status, 409);
    assert_eq!(gateway.admin_post("/api/v1/tasks/999/retry").status, 404);
    assert_eq!(gateway.admin_post(&format!("/api/v1/tasks/{id}/retry")).status, 200);
    until_states(&gateway, &number, &["begin dead"]);
    printed(&gateway, &["tasks", "retry", "--state", "dead", "--provider", "other"]);
    until_states(&gateway, &number, &["begin dead"]);
    printed(&gateway, &["tasks", "retry", "--state", "dead", "--provider", "test"]);
    until_states(&gateway, &number, &["begin done"]);
    let cli = |arguments: &[&str]| {
        let status = Gateway::cli(folder.path(), &settings).args(arguments).output().expect("it runs").status;
        status.code()
    };
    assert_eq!(cli(&["tasks", "retry"]), Some(2), "nothing was chosen");
    assert_eq!(cli(&["tasks", "retry", "--provider", "test"]), Some(2), "a filter wants --all or a state");
    assert_eq!(cli(&["tasks", "show", "999"]), Some(1));
    wait(ledger.close());
}

#[test]
fn the_tasks_of_a_device_keep_their_order_and_hinder_no_other() {
    let folder = Folder::new();
    // The first attempt's end nobody knows, and its pause is a second or so.
    let gateway = start(&folder, "['unknown', 'done']", "");
    let settings = std::fs::read_to_string(folder.path().join("settings.toml")).expect("settings");
    assert!(gateway.stop().success());
    let settings = settings.replace("backoff_ms_min = 20", "backoff_ms_min = 1000");
    let gateway = Gateway::start_in(folder.path(), &settings);
    let ledger = outbox::beside(folder.path());
    let (one, other) = (bound(&ledger, 1), bound(&ledger, 2));
    register("1", &one).tell(&gateway);
    until("it is tried", || tasks(&gateway, "").first().is_some_and(|task| task["attempts"] == 1));
    register("2", &one).with("expiredTime", &said::at(36)).tell(&gateway);
    register("3", &other).tell(&gateway);
    until_states(&gateway, &other, &["begin done"]);
    assert_eq!(outbox::states(&gateway, &one), ["begin due", "change due"]);
    until_states(&gateway, &one, &["begin done", "change done"]);
    let settled = |id: usize| {
        let id = tasks(&gateway, &format!("msisdn={one}"))[id]["id"].to_string();
        let shown = printed(&gateway, &["tasks", "show", &id]);
        let shown: serde_json::Value = serde_json::from_str(&shown).expect("JSON");
        shown["settled_at"].as_str().expect("a time").to_owned()
    };
    assert!(settled(0) <= settled(1), "the older first");
    wait(ledger.close());
}

#[test]
fn a_provider_that_is_down_delays_no_other() {
    let folder = Folder::new();
    let down = scripted(
        "down",
        "['wait:600000', 'wait:600000', 'wait:600000']",
        "timeout_ms = 600000\nconcurrency = 2\n",
    );
    let more = format!(
        "[worker]\nlease_s = 600\n[server]\nshutdown_timeout_ms = 0\n{down}{}",
        scripted("fine", "[]", "")
    );
    let offers = [(SERVICE, "down"), (OTHER, "fine")];
    let gateway = Gateway::start_in(folder.path(), &settings(folder.path(), &offers, &more));
    let ledger = outbox::beside(folder.path());
    for n in 0..10 {
        register(&format!("1{n}"), &bound(&ledger, n)).tell(&gateway);
    }
    until("some are under way", || tasks(&gateway, "state=running").len() == 2);
    for n in 10..30 {
        let number = bound(&ledger, n);
        let began = Instant::now();
        register(&format!("2{n}"), &number).with("service_id", OTHER).tell(&gateway);
        until_states(&gateway, &number, &["begin done"]);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
    assert_eq!(tasks(&gateway, "state=running").len(), 2, "no more than its concurrency");
    assert_eq!(tasks(&gateway, "state=due&provider=down").len(), 8);
    // A stop that waits for nothing gives back what is under way, in doubt, and no attempt is burnt.
    assert!(gateway.stop().success());
    let mut left: Vec<_> = wait(ledger.tasks(&Default::default(), None, 500)).expect("tasks");
    left.retain(|task| task.provider == "down");
    let broken_off = left.iter().filter(|task| task.doubt).count();
    assert_eq!(broken_off, 2);
    assert!(left.iter().all(|task| task.attempts == 0), "{left:?}");
    wait(ledger.close());
}

#[test]
fn what_is_under_way_ends_before_a_stop_does() {
    let folder = Folder::new();
    let gateway = start(&folder, "['wait:1500', 'done']", "");
    let ledger = outbox::beside(folder.path());
    register("1", &bound(&ledger, 1)).tell(&gateway);
    until("it is under way", || tasks(&gateway, "state=running").len() == 1);
    assert!(gateway.stop().success());
    let task = &wait(ledger.tasks(&Default::default(), None, 1)).expect("tasks")[0];
    assert_eq!((task.state.word(), task.attempts, task.doubt), ("done", 1, false));
    wait(ledger.close());
}

#[test]
fn a_rate_is_kept() {
    let folder = Folder::new();
    let gateway = start(&folder, "[]", "per_second = 5\n");
    let ledger = outbox::beside(folder.path());
    let mut numbers = Vec::new();
    for n in 0..11 {
        numbers.push(bound(&ledger, n));
    }
    let began = Instant::now();
    for (n, number) in numbers.iter().enumerate() {
        register(&n.to_string(), number).tell(&gateway);
    }
    until("all are done", || tasks(&gateway, "state=done").len() == 11);
    let took = began.elapsed();
    assert!(took > Duration::from_millis(1700), "eleven at five a second, in {took:?}");
    wait(ledger.close());
}

#[test]
fn a_breaker_opens_is_seen_outlives_a_restart_and_closes() {
    let folder = Folder::new();
    let limits = "breaker_failures = 3\nbreaker_open_s = 4\nconcurrency = 1\n";
    let gateway = start(&folder, "['again']", limits);
    let ledger = outbox::beside(folder.path());
    let number = bound(&ledger, 1);
    register("1", &number).tell(&gateway);
    until("it opens", || metric(&gateway, "sdp_gateway_provider_breaker_open{provider=\"test\"}") == 1.0);
    let shown = printed(&gateway, &["tasks", "list"]);
    assert!(shown.contains("nothing is sent to test before 20"), "{shown}");
    assert!(shown.contains("3 failures in a row, the last: the script says so"), "{shown}");
    assert!(gateway.stop().success());

    let gateway = start(&folder, "['done']", limits);
    let until_open = wait(ledger.breakers()).expect("breakers")[0].open_until.expect("open");
    until_states(&gateway, &number, &["begin done"]);
    let task = &wait(ledger.tasks(&Default::default(), None, 1)).expect("tasks")[0];
    assert!(task.settled_at.expect("settled") >= until_open, "{task:?}");
    assert_eq!(task.attempts, 4, "waiting for a provider is no attempt");
    until("it closes", || metric(&gateway, "sdp_gateway_provider_breaker_open{provider=\"test\"}") == 0.0);
    wait(ledger.close());
}

#[test]
fn what_ends_by_itself_ends_at_its_second() {
    let folder = Folder::new();
    let gateway = start(&folder, "[]", "");
    let ledger = outbox::beside(folder.path());
    let number = bound(&ledger, 1);
    let ends = chrono::Utc::now() + chrono::Duration::seconds(4);
    let said = register("1", &number).with("expiredTime", &said::carrier_time(ends)).with("autoRenew", "0");
    said.tell(&gateway);
    until_states(&gateway, &number, &["begin done"]);
    until_states(&gateway, &number, &["begin done", "end done"]);
    let late = chrono::Utc::now() - ends;
    assert!(late < chrono::Duration::seconds(3), "{late}");
    let end = &tasks(&gateway, "")[1];
    let made =
        chrono::DateTime::parse_from_rfc3339(end["created_at"].as_str().expect("a time")).expect("one");
    let late_ms = (made.to_utc() - ends).num_milliseconds();
    assert!((-1000..1500).contains(&late_ms), "made {late_ms} ms after its second");
    assert_eq!(outbox::states(&gateway, &number).len(), 2);
    wait(ledger.close());
}

#[test]
fn the_embedded_provider_needs_no_settings() {
    let folder = Folder::new();
    let gateway = Gateway::start_in(folder.path(), "");
    let ledger = outbox::beside(folder.path());
    let number = bound(&ledger, 1);
    register("1", &number).tell(&gateway);
    assert_eq!(gateway.story(&number)["devices"][0]["services"][0]["state"], "active");
    until_states(&gateway, &number, &["begin done"]);
    cancel("2", &number).tell(&gateway);
    until_states(&gateway, &number, &["begin done", "end done"]);
    assert_eq!(gateway.story(&number)["devices"][0]["services"], serde_json::json!([]));
    wait(ledger.close());
}

#[test]
fn a_right_that_is_delivered_as_a_code_waits_for_the_stock() {
    let folder = Folder::new();
    let own = of_provider(folder.path(), "local", HASTY);
    let offers = folder.path().join("offers.toml");
    let text =
        std::fs::read_to_string(&offers).expect("offers").replace("delivery = 'device'", "delivery = 'code'");
    std::fs::write(&offers, text).expect("written");
    let gateway = Gateway::start_in(folder.path(), &own);
    let ledger = outbox::beside(folder.path());
    let number = "84945100001";
    register("1", number).tell(&gateway);
    let waits = "sdp_gateway_task_attempts_total{provider=\"local\",class=\"waits\"}";
    until("the stock is looked into", || metric(&gateway, waits) > 1.0);
    until_states(&gateway, number, &["issue due"]);
    assert_eq!(tasks(&gateway, "")[0]["attempts"], 0);
    let codes = outbox::stocked(&ledger, "local", &["STOCK-00001", "STOCK-00002"]);
    wait(ledger.add_codes(codes, |_| ())).expect("in stock");
    until_states(&gateway, number, &["issue done"]);
    let code = gateway.story(number)["entitlements"][0]["code"].clone();
    assert!(code.as_str().is_some_and(|code| code.starts_with("STOCK-")), "{code}");
    assert_eq!(gateway.admin("/api/v1/stats").json()["codes"], serde_json::json!({"cloud": 1}));
    cancel("2", number).tell(&gateway);
    assert_eq!(gateway.story(number)["entitlements"][0]["code"], serde_json::Value::Null, "withdrawn");
    wait(ledger.close());
}
