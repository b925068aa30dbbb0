//! The same at Watcher: what its provider has begun may be played, and a cancel takes it back for viewers at their
//! next question and for the camera in the worker's time.

use crate::gateway::{Folder, Gateway};
use crate::kit::{self, NUMBER, Stage, now_s, token};
use crate::outbox::{until, wait};
use crate::said::{cancel, register};
use crate::watcher_double::{At, Double, How, When};

const CAMERA: &str = "demo-cam-219c36899q";

/// A gateway whose storage is Watcher's, which keeps recordings for so many days after the end.
fn start(double: &Double, keep_days: u32) -> Stage {
    // The tariff whose preset the offer grants.
    double.state().organizations.get_mut(&753).expect("the organization").tariffs.insert(549);
    let folder = Folder::new();
    let more = format!("organization_id = 753\nbreaker_failures = 0\nretention_keep_days = {keep_days}");
    let provider = double.settings("cams", &more);
    let settings =
        kit::settings_of(folder.path(), "cams", &format!("[worker]\nbackoff_ms_min = 20\n{provider}"));
    let gateway = Gateway::start_in(folder.path(), &settings);
    let stage = Stage { gateway, folder };
    stage.bind("cam-1", "ann", Some(CAMERA));
    stage.age("cam-1", 7200);
    stage
}

#[test]
fn a_cancel_ends_it_at_the_next_question_where_nothing_is_kept() {
    let double = wait(Double::start());
    let stage = start(&double, 0);
    let token = token(CAMERA, "cam-1", "ann", 3600);
    stage.refused(CAMERA, &token, "ended");
    register("1", NUMBER).tell(&stage.gateway);
    until("the provider has begun", || stage.ask(CAMERA, &token).status == 200);
    let closed_at = stage.ranges(CAMERA, &token)[0].1;
    assert!(closed_at > now_s() + 3600, "{closed_at}");
    assert!(double.state().cameras[CAMERA].enabled);
    double.fail(At::All, When::Before, How::Status(500));
    cancel("2", NUMBER).tell(&stage.gateway);
    stage.refused(CAMERA, &token, "ended");
    assert!(double.state().cameras[CAMERA].enabled, "whatever Watcher does meanwhile");
    double.heal();
    until("the camera is disabled", || !double.state().cameras[CAMERA].enabled);
}

#[test]
fn what_is_kept_stays_open_to_its_last_day() {
    let double = wait(Double::start());
    let stage = start(&double, 3);
    let token = token(CAMERA, "cam-1", "ann", 3600);
    register("1", NUMBER).tell(&stage.gateway);
    until("the provider has begun", || stage.ask(CAMERA, &token).status == 200);
    cancel("2", NUMBER).tell(&stage.gateway);
    let [(_, closed_at)] = stage.ranges(CAMERA, &token)[..] else { panic!("one range") };
    assert!((now_s() - 20..=now_s()).contains(&closed_at), "{closed_at}");
    until("the camera is disabled", || !double.state().cameras[CAMERA].enabled);
    let end = |ms: i64| stage.ledger().execute(&format!("UPDATE service SET ended_at = {ms}, starts_at = 0"));
    stage.age("cam-1", 30 * 86_400);
    let ago = |seconds: i64| (now_s() - seconds) * 1000;
    end(ago(3 * 86_400 - 60));
    assert_eq!(stage.ranges(CAMERA, &token).len(), 1);
    end(ago(3 * 86_400));
    stage.refused(CAMERA, &token, "ended");
}
