//! `carrier.record_only`: a trial period says what it would have done.

use serde_json::json;

use crate::gateway::{Folder, Gateway};
use crate::said::{cancel, newest, register, state};
use crate::{cli, offer, run, until, until_logged};

const NUMBER: &str = "84945989325";

#[test]
fn a_notice_of_a_trial_says_what_it_would_become() {
    let folder = Folder::new();
    let settings = "[carrier]\nrecord_only = true\n";
    let gateway = Gateway::start_in(folder.path(), settings);
    until_logged(&gateway, "carrier.record_only is on", 1);
    assert!(gateway.log().lines().any(|line| line.contains("WARN") && line.contains("record_only")));
    let said = [
        (register("1", NUMBER), "applied"),
        (register("2", "84945000001").with("package_id", "9"), "unmapped"),
        (register("3", "84945000002").with("resultCode", "5"), "held"),
        (cancel("4", NUMBER), "applied"),
        (register("5", "84945000003").without("service_id").with("package_id", "1003013"), "ambiguous"),
    ];
    for (notice, would_be) in &said {
        notice.tell(&gateway);
        let newest = newest(&gateway);
        assert_eq!((&newest["reason"], &newest["would_be"]), (&json!("record_only"), &json!(would_be)));
    }
    let stats = gateway.admin("/api/v1/stats").json();
    assert_eq!(stats["would_be"], json!({"ambiguous": 1, "applied": 2, "held": 1, "unmapped": 1}));
    let metrics = gateway.admin("/metrics").text();
    assert!(metrics.contains("sdp_gateway_notices_would_be{would_be=\"unmapped\"} 1"), "{metrics}");
    assert!(metrics.contains("sdp_gateway_notices_would_be{would_be=\"ignored\"} 0"), "{metrics}");
    let found = gateway.admin("/api/v1/notices?would_be=unmapped").json();
    assert_eq!(found["notices"][0]["queue_id"], "2");
    assert_eq!(gateway.admin("/api/v1/notices?would_be=perhaps").status, 400);
    let listed = cli(folder.path(), settings, "notices list --would-be ambiguous");
    assert!(listed.check(0).out.contains("ambiguous") && !listed.out.contains("unmapped"), "{}", listed.out);

    // Only those that would be applied; what was judged is foreseen no more.
    let ended = cli(folder.path(), settings, "notices retry --all --would-be applied");
    assert!(ended.check(0).out.contains("changed 2,"), "{}", ended.out);
    assert_eq!(state(&gateway, NUMBER), "cancelled");
    let stats = gateway.admin("/api/v1/stats").json();
    assert_eq!(stats["would_be"], json!({"ambiguous": 1, "held": 1, "unmapped": 1}));
    cli(folder.path(), settings, "notices discard --all --would-be held").check(0);
    assert_eq!(gateway.admin("/api/v1/stats").json()["would_be"], json!({"ambiguous": 1, "unmapped": 1}));
}

#[test]
fn an_offer_that_is_added_changes_what_earlier_notices_would_become() {
    let folder = Folder::new();
    let catalog = folder.path().join("offers.toml");
    let settings = format!("[catalog]\npath = '{}'\n[carrier]\nrecord_only = true\n", catalog.display());
    std::fs::write(&catalog, offer("day", "1003013")).expect("written");
    let gateway = Gateway::start_in(folder.path(), &settings);
    for queue in ["1", "2", "3"] {
        register(queue, NUMBER).with("package_id", "9").tell(&gateway);
    }
    let would_be = |gateway: &Gateway| gateway.admin("/api/v1/stats").json()["would_be"].clone();
    assert_eq!(would_be(&gateway), json!({"unmapped": 3}));
    std::fs::write(&catalog, offer("day", "1003013") + &offer("nine", "9")).expect("written");
    gateway.signal("HUP");
    until("foreseen anew", || would_be(&gateway) == json!({"applied": 3}));
    // A restart with another catalog too.
    assert!(gateway.stop().success());
    std::fs::write(&catalog, offer("day", "1003013")).expect("written");
    let gateway = Gateway::start_in(folder.path(), &settings);
    until("foreseen anew", || would_be(&gateway) == json!({"unmapped": 3}));
    let shown = run(Gateway::cli(folder.path(), &settings).args([
        "notices",
        "show",
        &newest(&gateway)["id"].to_string(),
    ]));
    assert!(shown.check(0).out.contains("\"would_be\": \"unmapped\""), "{}", shown.out);
}
