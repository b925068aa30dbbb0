//! A streamer asks the real gateway whether somebody may play: who is believed, what a token opens and for how
//! long, and what an end of service, a binding or a fault makes of it.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/said.rs"]
mod said;
#[path = "flussonic_auth/watcher.rs"]
mod watcher;
#[path = "support/watcher_double.rs"]
mod watcher_double;

#[path = "flussonic_auth/archive.rs"]
mod archive;
#[path = "flussonic_auth/faults.rs"]
mod faults;
#[path = "flussonic_auth/kit.rs"]
mod kit;
#[path = "flussonic_auth/life.rs"]
mod life;
#[path = "flussonic_auth/play.rs"]
mod play;
#[path = "flussonic_auth/proxy.rs"]
mod proxy;
#[path = "flussonic_auth/streamers.rs"]
mod streamers;

use kit::{NUMBER, PATH, Stage, now_s, token};
use said::register;
use serde_json::json;

#[test]
fn what_is_in_force_may_be_played_with_its_recordings() {
    let stage = Stage::start("");
    stage.bind("cam-1", "Ann@sdp.example", None);
    register("1", NUMBER).tell(&stage.gateway);
    let answer = stage.ask("cam-1", &token("cam-1", "cam-1", "ann@sdp.example", 3600));
    assert_eq!(answer.status, 200, "{}", stage.gateway.log());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let headers = ["x-authduration", "x-userid", "x-max-sessions"].map(|name| answer.header(name));
    assert_eq!(headers, [Some("60"), Some("ann@sdp.example"), Some("16")]);
    let ranges = answer.json()["allowed_dvr_ranges"].clone();
    let (opened_at, closed_at) = (ranges[0]["opened_at"].as_i64(), ranges[0]["closed_at"].as_i64());
    assert_eq!(ranges, json!([{"opened_at": opened_at, "closed_at": closed_at}]));
    let (opened_at, closed_at) = (opened_at.expect("seconds"), closed_at.expect("seconds"));
    assert!((now_s() - 20..=now_s() + 1).contains(&opened_at), "since it was bound: {opened_at}");
    assert!((closed_at - now_s() - 12 * 3600).abs() < 60, "as long as it was bought for: {closed_at}");
    stage.age("cam-1", 7200);
    let again = stage.ask("cam-1", &token("cam-1", "cam-1", "ann@sdp.example", 3600));
    let opened_at = again.json()["allowed_dvr_ranges"][0]["opened_at"].as_i64().expect("seconds");
    assert!((now_s() - 3600 - opened_at).abs() < 60, "since it was bought: {opened_at}");
}

#[test]
fn knowing_a_name_gains_nothing() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", Some("door"));
    stage.bind("cam-2", "ann", None);
    stage.bind_alone("cam-3", "bob");
    register("1", NUMBER).tell(&stage.gateway);
    let good = token("door", "cam-1", "ann", 3600);
    assert_eq!(stage.ask("door", &good).status, 200);
    let foreign = sdp_gateway::flussonic::token::sign(
        &"another secret, as long as ours".into(),
        "door",
        &kit::ticket("cam-1", "ann", 3600),
    );
    for (name, sent, reason) in [
        ("door", "", "token"),
        ("door", "3.sJXDwZNHAAAAAAAAAAAAAAAAAAAAjylfLugHFgvX5iaFryiQBGFeBkLA", "token"),
        ("door", &foreign, "token"),
        ("cam-1", &good, "token"),
        ("", &good, "token"),
        ("cam-2", &good, "token"),
        ("door", &token("cam-2", "cam-2", "ann", 3600), "token"),
        ("door", &token("door", "cam-2", "ann", 3600), "renamed"),
        ("cam-1", &token("cam-1", "cam-1", "ann", 3600), "renamed"),
        ("door", &token("door", "cam-1", "bob", 3600), "unbound"),
        ("cam-9", &token("cam-9", "cam-9", "ann", 3600), "unbound"),
        ("cam-3", &token("cam-3", "cam-3", "bob", 3600), "ended"),
        ("door", &token("door", "cam-1", "ann", -1), "token_expired"),
        ("door", &token("door", "cam-1", "ann", 0), "token_expired"),
    ] {
        stage.refused(name, sent, reason);
    }
    let twice = |more: &str| stage.get(&format!("{PATH}?name=door&token={good}&{more}"));
    assert_eq!(twice("name=door&ip=192.0.2.1&ip=192.0.2.1").status, 200);
    for more in ["name=gate", "token=x", "ip=1&ip=2", "key=&key=x"] {
        assert_eq!((twice(more).status, twice(more).body.len()), (403, 0), "{more}");
    }
    assert_eq!(stage.metric("repeated_parameter"), 8.0);
}

#[test]
fn a_head_says_the_same_and_other_methods_are_not_taken() {
    let stage = Stage::start("sessions_max = 0\n");
    stage.bind("cam-1", "ann", None);
    register("1", NUMBER).tell(&stage.gateway);
    let question = format!("{PATH}?name=cam-1&token={}", token("cam-1", "cam-1", "ann", 30));
    let head = gateway::request(stage.gateway.main, "HEAD", &question, &[], b"");
    assert_eq!((head.status, head.body.len(), head.header("x-userid")), (200, 0, Some("ann")));
    assert_eq!(head.header("x-max-sessions"), None);
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = gateway::request(stage.gateway.main, method, &question, &[], b"{}");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")), "{method}");
    }
}

#[test]
fn without_a_secret_nobody_may_play() {
    let gateway = gateway::Gateway::start("[flussonic]\nkey = 'the streamer'\n");
    for method in ["GET", "HEAD"] {
        let question = format!("{PATH}?key=the+streamer&name=cam-1&token=");
        let answer = gateway::request(gateway.main, method, &question, &[], b"");
        assert_eq!((answer.status, answer.body.len()), (403, 0));
    }
    let metrics = gateway.admin("/metrics").text();
    assert!(metrics.contains(r#"reason="no_secret"} 2"#), "{metrics}");
    let elsewhere = gateway::request(gateway.admin, "GET", PATH, &[], b"");
    assert_eq!(elsewhere.status, 404, "the admin listener has no such path");
}
