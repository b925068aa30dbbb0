//! Probes, metrics and counts.

use std::time::Instant;

use serde_json::json;

use crate::gateway::{Gateway, Ledger, PATIENCE};
use crate::said::{MONTH, at, cancel, register};

#[test]
fn a_gateway_that_serves_is_alive_and_ready() {
    let gateway = Gateway::start("");
    let alive = gateway.admin("/livez");
    assert_eq!((alive.status, alive.text().trim()), (200, "ok"));
    let report =
        |age| json!({"ready": true, "ledger": "ok", "schema": "ok", "waiting": 0, "worker_age_s": age});
    let ready = at_rest(&gateway);
    let age = ready["worker_age_s"].as_u64();
    assert!(age.is_none_or(|age| age < 5), "{age:?}");
    assert_eq!(ready, report(age));
    let alone = Gateway::start("[worker]\nenabled = false\n");
    assert_eq!(at_rest(&alone), report(None), "without a worker of its own it is as ready");
}

/// Its readiness when nothing waits: a gateway may be writing something of its own just then.
fn at_rest(gateway: &Gateway) -> serde_json::Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let ready = wait_for_readiness(gateway, 200);
        if ready["waiting"] == 0 || Instant::now() > until {
            return ready;
        }
    }
}

/// Asks until it answers so.
fn wait_for_readiness(gateway: &Gateway, status: u16) -> serde_json::Value {
    let until = Instant::now() + PATIENCE;
    loop {
        let answer = gateway.admin("/readyz");
        if answer.status == status {
            return answer.json();
        }
        assert!(Instant::now() < until, "readyz stays {}: {}", answer.status, answer.text());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

#[test]
fn a_ledger_that_cannot_be_written_is_not_ready_and_recovers() {
    // With the default deadline, and with one shorter than a commit may take.
    for settings in ["", "[server]\nrequest_timeout_ms = 300\n"] {
        let gateway = Gateway::start(settings);
        wait_for_readiness(&gateway, 200);
        let held = Ledger::of(&gateway.folder).hold();
        let report = wait_for_readiness(&gateway, 503);
        assert_eq!(report["ready"], false, "{settings}");
        assert_ne!(report["ledger"], "ok", "{settings}");
        assert_eq!(gateway.admin("/livez").status, 200, "alive all the same");
        drop(held);
        assert_eq!(wait_for_readiness(&gateway, 200)["ready"], true, "{settings}");
    }
}

#[test]
fn a_schema_that_another_gateway_has_made_newer_is_not_ready() {
    let gateway = Gateway::start("");
    wait_for_readiness(&gateway, 200);
    Ledger::of(&gateway.folder).execute("UPDATE _sqlx_migrations SET version = 99 WHERE version = 4");
    let report = wait_for_readiness(&gateway, 503);
    assert_eq!((&report["ready"], &report["ledger"]), (&json!(false), &json!("ok")));
    assert!(report["schema"].as_str().is_some_and(|told| told.contains("version 99")), "{report}");
}

/// The value of a metric with these labels.
fn metric(gateway: &Gateway, name_and_labels: &str) -> Option<f64> {
    let text = gateway.admin("/metrics").text();
    let line = text.lines().find_map(|line| line.strip_prefix(name_and_labels))?;
    Some(line.trim().parse().expect("a number"))
}

#[test]
fn metrics_are_prometheus_text_without_numbers_or_ids() {
    let gateway = Gateway::start("");
    register("555000111", "84945989325").tell(&gateway);
    gateway.post(crate::said::REG, "no XML");
    gateway.post(crate::said::CHECK, &crate::gateway::check("84945989325", "1000625", "1003013"));
    gateway.admin("/api/v1/subscribers/84945989325");
    let answer = gateway.admin("/metrics");
    assert!(answer.header("content-type").is_some_and(|kind| kind.starts_with("text/plain; version=0.0.4")));
    let text = answer.text();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let name = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE ")).unwrap_or(line);
        assert!(name.starts_with("sdp_gateway_"), "{line}");
        if !line.starts_with('#') {
            let (_, value) = line.rsplit_once(' ').expect("a value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
        }
    }
    for secret in ["84945", "945989325", "555000111", "30000001", "1000625", "1003013"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn the_gauge_of_parked_notices_follows_the_ledger() {
    let gateway = Gateway::start("");
    let parked =
        |reason: &str| metric(&gateway, &format!("sdp_gateway_notices_parked{{reason=\"{reason}\"}} "));
    assert_eq!(parked("unmapped"), Some(0.0));
    let id = register("1", "84945000001").with("package_id", "9").kept(&gateway);
    register("2", "84945000002").with("package_id", "9").tell(&gateway);
    register("3", "84945000003").with("resultCode", "5").tell(&gateway);
    assert_eq!((parked("unmapped"), parked("held")), (Some(2.0), Some(1.0)));
    assert_eq!(gateway.admin_post(&format!("/api/v1/notices/{id}/discard")).status, 200);
    assert_eq!((parked("unmapped"), parked("held")), (Some(1.0), Some(1.0)));
}

#[test]
fn messages_are_counted_by_what_became_of_them() {
    let gateway = Gateway::start("");
    let said = register("1", "84945000001");
    said.tell(&gateway);
    said.tell(&gateway);
    gateway.post(crate::said::REG, "no XML");
    let count = |outcome: &str, answer: &str| {
        let text = gateway.admin("/metrics").text();
        let fits = |line: &&str| {
            line.starts_with("sdp_gateway_carrier_messages_total{")
                && line.contains(&format!("outcome=\"{outcome}\""))
                && line.contains(&format!("answer=\"{answer}\""))
        };
        text.lines().filter(fits).count()
    };
    assert_eq!([count("applied", "0"), count("repeated", "0"), count("parked", "1")], [1, 1, 1]);
}

#[test]
fn stats_count_subscriptions_by_state_and_parked_notices_by_reason() {
    let gateway = Gateway::start("");
    let stats = || gateway.admin("/api/v1/stats").json();
    let empty = json!({"subscriptions": {}, "tasks": {}, "oldest_due_s": null, "parked": {}, "would_be": {}, "codes": {}});
    assert_eq!(stats(), empty);
    let past = |queue: &str, number: &str| {
        register(queue, number).with("subcribeTime", &at(-25)).with("expiredTime", &at(-1))
    };
    register("1", "84945000001").tell(&gateway);
    register("2", "84945000002").tell(&gateway);
    register("3", "84945000002").with("package_id", MONTH).with("subcribeTime", &at(0)).tell(&gateway);
    past("4", "84945000003").tell(&gateway);
    past("5", "84945000004").with("autoRenew", "0").tell(&gateway);
    cancel("6", "84945000005").tell(&gateway);
    register("7", "84945000006").with("package_id", "9").tell(&gateway);
    gateway.post(crate::said::REG, "no XML");
    let expected = json!({"active": 2, "replaced": 1, "grace": 1, "lapsed": 1, "cancelled": 1});
    assert_eq!(stats()["subscriptions"], expected);
    assert_eq!(stats()["parked"], json!({"unmapped": 1, "unreadable": 1}));
}

#[test]
fn the_openapi_document_is_served() {
    let gateway = Gateway::start("");
    let answer = gateway.admin("/openapi.json");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.text(), sdp_gateway::admin::OPENAPI);
}
