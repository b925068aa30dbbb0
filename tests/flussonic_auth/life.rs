//! What cancels, ends, bindings and other names make of a token that is still good.

use std::time::{Duration, Instant};

use chrono::Utc;

use crate::kit::{DETECTION, NUMBER, Stage, now_s, token};
use crate::said::{cancel, carrier_time, register};

#[test]
fn a_cancel_closes_the_range_and_the_kept_days_end_it() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", None);
    stage.age("cam-1", 7200);
    register("1", NUMBER).tell(&stage.gateway);
    let token = token("cam-1", "cam-1", "ann", 3600);
    let [(opened_at, closed_at)] = stage.ranges("cam-1", &token)[..] else { panic!("one range") };
    assert!(closed_at > now_s() + 3600);
    cancel("2", NUMBER).tell(&stage.gateway);
    let [closed] = stage.ranges("cam-1", &token)[..] else { panic!("one range") };
    assert_eq!(closed.0, opened_at);
    assert!((now_s() - 20..=now_s()).contains(&closed.1), "{closed:?}");
    let day_ms = 86_400_000_i64;
    let end = |days: i64| {
        let ended_at = now_s() * 1000 - days * day_ms + 60_000;
        let starts_at = ended_at - day_ms;
        let sql = format!("UPDATE service SET starts_at = {starts_at}, ended_at = {ended_at}");
        stage.ledger().execute(&sql);
    };
    stage.age("cam-1", 30 * 86_400);
    end(6);
    assert_eq!(stage.ranges("cam-1", &token).len(), 1, "kept");
    end(7);
    let answer = stage.ask("cam-1", &token);
    let seconds: i64 = answer.header("x-authduration").and_then(|s| s.parse().ok()).expect("seconds");
    assert!(answer.status == 200 && (1..=60).contains(&seconds), "to the last minute: {seconds}");
    end(8);
    stage.refused("cam-1", &token, "ended");
}

#[test]
fn where_nothing_is_kept_a_cancel_ends_it_at_once() {
    let stage = Stage::start("auth_duration_s = 3600\n");
    stage.bind("cam-1", "ann", None);
    let token = token("cam-1", "cam-1", "ann", 86_400);
    stage.refused("cam-1", &token, "ended");
    let soon = carrier_time(Utc::now() + chrono::Duration::seconds(90));
    register("1", NUMBER).with("service_id", DETECTION).with("expiredTime", &soon).tell(&stage.gateway);
    let answer = stage.ask("cam-1", &token);
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"allowed_dvr_ranges":[]}"#));
    let seconds: i64 = answer.header("x-authduration").and_then(|s| s.parse().ok()).expect("seconds");
    assert!((60..=90).contains(&seconds), "not beyond the end of what is in force: {seconds}");
    cancel("2", NUMBER).with("service_id", DETECTION).tell(&stage.gateway);
    stage.refused("cam-1", &token, "ended");
}

#[test]
fn a_service_ends_by_itself_at_its_second() {
    let stage = Stage::start("[worker]\nenabled = false\n");
    stage.bind("cam-1", "ann", None);
    let end = now_s() + 3;
    let soon = carrier_time(chrono::DateTime::from_timestamp(end, 0).expect("a time"));
    register("1", NUMBER).with("service_id", DETECTION).with("expiredTime", &soon).tell(&stage.gateway);
    let token = token("cam-1", "cam-1", "ann", 3600);
    assert_eq!(stage.ask("cam-1", &token).status, 200);
    until_second(end);
    stage.refused("cam-1", &token, "ended");
}

#[test]
fn a_token_ends_at_its_second() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", None);
    register("1", NUMBER).tell(&stage.gateway);
    let end = now_s() + 4;
    let token = token("cam-1", "cam-1", "ann", end - now_s());
    let answer = stage.ask("cam-1", &token);
    let seconds: i64 = answer.header("x-authduration").and_then(|s| s.parse().ok()).expect("seconds");
    assert!(answer.status == 200 && (1..=4).contains(&seconds), "{seconds}");
    until_second(end);
    stage.refused("cam-1", &token, "token_expired");
}

/// Waits until a second of the clock has begun.
fn until_second(second: i64) {
    let began = Instant::now();
    while Utc::now().timestamp() < second {
        assert!(began.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn another_owner_sees_nothing_from_before() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", None);
    stage.age("cam-1", 7200);
    register("1", NUMBER).tell(&stage.gateway);
    let (anns, bobs) = (token("cam-1", "cam-1", "ann", 3600), token("cam-1", "cam-1", "bob", 3600));
    assert!(stage.ranges("cam-1", &anns)[0].0 < now_s() - 3000);
    stage.refused("cam-1", &bobs, "unbound");
    stage.unbind("cam-1");
    stage.refused("cam-1", &anns, "unbound");
    stage.refused("cam-1", &bobs, "unbound");
    let before = now_s();
    stage.bind("cam-1", "bob", None);
    stage.refused("cam-1", &anns, "unbound");
    let ranges = stage.ranges("cam-1", &bobs);
    assert!(ranges.len() == 1 && ranges[0].0 >= before, "{ranges:?} begins before {before}");
    cancel("2", NUMBER).tell(&stage.gateway);
    stage.age("cam-1", -60);
    stage.refused("cam-1", &bobs, "ended");
}

#[test]
fn a_camera_of_another_name_is_another_stream() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", Some("cửa trước"));
    register("1", NUMBER).tell(&stage.gateway);
    let (old, new) = (token("cửa trước", "cam-1", "ann", 3600), token("gate", "cam-1", "ann", 3600));
    assert_eq!(stage.ask("cửa trước", &old).status, 200);
    stage.refused("gate", &new, "renamed");
    stage.bind("cam-1", "ann", Some("gate"));
    assert_eq!(stage.ask("gate", &new).status, 200);
    stage.refused("cửa trước", &old, "renamed");
    stage.refused("gate", &old, "token");
}
