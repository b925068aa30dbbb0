//! Recordings that are asked for: streamers that read no windows have the status alone to go by.

use std::time::Duration;

use crate::kit::{DETECTION, NUMBER, Stage, now_s, question_with, token};
use crate::said::{cancel, carrier_time, register};

const NEW: (&str, &str) = ("request_type", "new_session");
const RUNNING: (&str, &str) = ("request_type", "update_session");

/// A camera whose storage began two hours ago, and a token for it.
fn recorded() -> (Stage, String) {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", None);
    stage.age("cam-1", 7200);
    let began = carrier_time(chrono::Utc::now() - chrono::Duration::hours(2));
    register("1", NUMBER).with("subcribeTime", &began).tell(&stage.gateway);
    (stage, token("cam-1", "cam-1", "ann", 3600))
}

/// What is answered where a viewer asks for so many seconds that began some time from now.
fn asked(stage: &Stage, token: &str, session: (&str, &str), from: i64, length: &str) -> u16 {
    let media = format!("dvr_session-hls_mbr_playlist-{}-{length}", now_s() + from);
    let answer = stage.ask_with("cam-1", token, &[session, ("media_request", &media)]);
    assert!(answer.status == 200 || answer.body.is_empty(), "{}", answer.text());
    answer.status
}

#[test]
fn a_time_that_is_asked_for_must_lie_within_a_window() {
    let (stage, token) = recorded();
    for (from, length, status) in [
        (-3600, "600", 200),
        (-3600, "now", 200),
        (-7100, "3600", 200),
        // It is not over yet; or has not even begun.
        (-60, "3600", 200),
        (-60, "999999999", 200),
        (30, "60", 200),
        // From before the service, in part and whole.
        (-7300, "600", 403),
        (-90_000, "600", 403),
        (-90_000, "999999999", 403),
        (-90_000, "now", 403),
        // After what was bought.
        (13 * 3600, "60", 403),
        (99_999_999_999, "60", 403),
    ] {
        for session in [NEW, RUNNING] {
            assert_eq!(asked(&stage, &token, session, from, length), status, "{from} {length} {session:?}");
        }
    }
    assert_eq!(stage.metric("archive"), 12.0);
    // Whatever it looks like, it asks for recordings, of which there are some.
    for media in ["dvr_session-", "dvr_session-hls-x-y", "dvr_session-timeshift_rel-60"] {
        assert_eq!(stage.ask_with("cam-1", &token, &[NEW, ("media_request", media)]).status, 200, "{media}");
    }
}

#[test]
fn after_a_cancel_what_was_bought_stays_open_and_nothing_else() {
    let (stage, token) = recorded();
    assert_eq!(asked(&stage, &token, NEW, -600, "300"), 200);
    cancel("2", NUMBER).tell(&stage.gateway);
    // So that something of it is after the end.
    std::thread::sleep(Duration::from_millis(1100));
    for session in [NEW, RUNNING] {
        assert_eq!(asked(&stage, &token, session, -600, "300"), 200, "{session:?}");
        assert_eq!(asked(&stage, &token, session, -600, "now"), 403, "{session:?}");
        assert_eq!(asked(&stage, &token, session, -600, "3600"), 403, "{session:?}");
        assert_eq!(asked(&stage, &token, session, 0, "60"), 403, "{session:?}");
    }
    assert_eq!(stage.ask_with("cam-1", &token, &[NEW, ("dvr", "true")]).status, 200, "its windows are told");
}

#[test]
fn the_beginning_may_age_out_of_the_window_while_it_plays() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", None);
    let days = 9 * 86_400;
    stage.age("cam-1", days);
    let began = carrier_time(chrono::Utc::now() - chrono::Duration::seconds(days));
    register("1", NUMBER).with("subcribeTime", &began).tell(&stage.gateway);
    let token = token("cam-1", "cam-1", "ann", 3600);
    let week = 7 * 86_400;
    assert_eq!(asked(&stage, &token, NEW, -week - 60, "3600"), 403, "of a week");
    assert_eq!(asked(&stage, &token, RUNNING, -week - 60, "3600"), 200, "it began when it was within");
    assert_eq!(asked(&stage, &token, RUNNING, -week - 7200, "3600"), 403, "nothing of it is kept");
    assert_eq!(asked(&stage, &token, RUNNING, -days - 60, "259200"), 403, "from before the binding");
}

#[test]
fn without_a_window_no_recordings() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", None);
    register("1", NUMBER).with("service_id", DETECTION).tell(&stage.gateway);
    let token = token("cam-1", "cam-1", "ann", 3600);
    let with = |others: &[(&str, &str)]| stage.ask_with("cam-1", &token, others);
    let media = format!("dvr_session-hls_mbr_playlist-{}-60", now_s() - 60);
    for (others, status) in [
        (&[("dvr", "true")][..], 403),
        (&[("dvr", "1")], 403),
        (&[("dvr", "True")], 403),
        (&[("type", "hls_dvr")], 403),
        (&[("media_request", "dvr_session-")], 403),
        (&[("media_request", &media)], 403),
        (&[("dvr", "false"), ("media_request", &media)], 403),
        (&[("dvr", "false")], 200),
        (&[("dvr", "0")], 200),
        (&[("type", "hls"), ("media_request", "live_session-hls_mbr_playlist")], 200),
        (&[], 200),
    ] {
        let answer = with(others);
        assert_eq!(answer.status, status, "{others:?}");
        assert!(status == 403 || answer.text() == r#"{"allowed_dvr_ranges":[]}"#, "{}", answer.text());
    }
    assert_eq!(stage.metric("archive"), 7.0);
    let log = stage.gateway.log();
    assert!(log.contains("the recordings asked for"), "{log}");
    let twice = question_with("cam-1", &token, &[("dvr", "true"), ("dvr", "false")]);
    assert_eq!(stage.get(&twice).status, 403, "two readings");
}
