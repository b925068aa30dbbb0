//! Real players play what the gateway allows, and nothing else: ffprobe, ffmpeg and hls.js in Chromium, against a double
//! of the streamer that asks a real gateway for each session. Old streamers, which go by the status alone, and new ones.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "flussonic_auth/kit.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod kit;
#[path = "playback/media.rs"]
mod media;
#[path = "playback/players.rs"]
mod players;
#[path = "support/said.rs"]
mod said;
#[path = "playback/streamer.rs"]
mod streamer;
#[path = "playback/watcher.rs"]
mod watcher;

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use gateway::Gateway;
use kit::{DETECTION, NUMBER, PATH, Stage, now_s, settings};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use players::{Ffmpeg, Page, decode, probe};
use said::{cancel, carrier_time, register};
use serde_json::json;
use streamer::{Kind, Streamer};

/// A stream's name may be a path.
const STREAM: &str = "site 1/floor/front door";
const KEY: &str = "fake-key/of streamers";
const AUTH_DURATION_S: u64 = 2;

const KINDS: [Kind; 2] = [Kind::Old, Kind::New];

/// A gateway whose subscriber has a camera on a streamer that asks it.
struct Scene {
    stage: Stage,
    streamer: Streamer,
}

impl Scene {
    fn start(kind: Kind) -> Self {
        let stage = Stage::start(&Self::flussonic());
        stage.bind("cam-1", "ann", Some(STREAM));
        stage.age("cam-1", 7200);
        let key = utf8_percent_encode(KEY, NON_ALPHANUMERIC);
        let backend = match kind {
            // To which it adds a second one.
            Kind::Old => format!("{PATH}?key={key}"),
            Kind::New => format!("{PATH}/{key}"),
        };
        let streamer = Streamer::start(kind, stage.gateway.main, &backend);
        Self { stage, streamer }
    }

    fn flussonic() -> String {
        format!("auth_duration_s = {AUTH_DURATION_S}\nkey = '{KEY}'\n")
    }

    /// Cloud storage that began two hours ago.
    fn buy_storage(&self) {
        let began = carrier_time(chrono::Utc::now() - chrono::Duration::hours(2));
        register("1", NUMBER).with("subcribeTime", &began).tell(&self.stage.gateway);
    }

    /// What keeps nothing after its end.
    fn buy_detection(&self) {
        register("1", NUMBER).with("service_id", DETECTION).tell(&self.stage.gateway);
    }

    fn cancel_detection(&self) {
        cancel("2", NUMBER).with("service_id", DETECTION).tell(&self.stage.gateway);
    }

    /// The live picture's URL, as the command prints it that operators have for it.
    fn live(&self) -> String {
        let watcher = watcher::serve(watcher::camera(STREAM, self.streamer.address));
        let own = settings(&self.stage.gateway.folder, &Self::flussonic());
        let url = show(&self.stage.gateway.folder, &own, watcher).expect("a URL").0;
        let base =
            format!("http://{}/site%201/floor/front%20door/index.m3u8?token=v1.", self.streamer.address);
        assert!(url.starts_with(&base), "{url}");
        url
    }

    /// The same URL with another token, so that the streamer opens another session.
    fn another(&self, url: &str) -> String {
        let (base, _) = url.split_once("?token=").expect("a token");
        format!("{base}?token={}", kit::token(STREAM, "cam-1", "ann", 1800))
    }

    /// The URL of recordings that began some seconds from now.
    fn archive(&self, live: &str, from: i64, length: i64) -> String {
        live.replace("/index.m3u8", &format!("/archive-{}-{length}.m3u8", now_s() + from))
    }

    fn statuses(&self) -> Vec<u16> {
        self.streamer.asked().into_iter().map(|(_, status)| status).collect()
    }
}

/// What `vsaas camera show --play` prints of the only camera, and what it tells beside; or why there is no URL.
fn show(folder: &Path, own: &str, watcher: SocketAddr) -> Result<(String, String), String> {
    let provider = format!(
        "[providers.cams]\nkind = 'watcher'\nbase_url = 'http://{watcher}'\napi_key = 'fake-api-key-of-tests'\n\
         organization_id = 753\ndefault_preset_id = 391\nlogin_domain = 'sdp.example'\n"
    );
    let mut command = Gateway::cli(folder, &format!("{own}{provider}"));
    let output = command.args(["vsaas", "camera", "show", STREAM, "--play"]).output().expect("it runs");
    let (printed, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if output.status.success() {
        Ok((printed.trim_end().to_owned(), told.into_owned()))
    } else {
        Err(told.into_owned())
    }
}

#[track_caller]
fn refused(url: &str) {
    let told = probe(url);
    assert!(told.as_ref().is_err_and(|error| error.contains("403")), "{told:?}");
}

#[test]
fn ffmpeg_plays_what_was_bought_and_nothing_else() {
    for kind in KINDS {
        let scene = Scene::start(kind);
        let live = scene.live();
        refused(&live);
        scene.buy_storage();
        // What was refused stays refused for as long as the streamer takes by itself.
        let live = scene.another(&live);
        assert_eq!(probe(&live), Ok(("h264".to_owned(), 160)), "{kind:?}");
        Ffmpeg::start(&live).plays_on(4.0);
        let seconds = decode(&scene.archive(&live, -3600, 10)).expect("it plays");
        assert!((9.5..=10.5).contains(&seconds), "{kind:?}: {seconds} s");
        // From before the service, and from before in part.
        refused(&scene.archive(&live, -86_400, 10));
        let part = decode(&scene.archive(&live, -7500, 330));
        match (kind, &part) {
            (Kind::Old, Err(error)) if error.contains("403") => {}
            (Kind::New, Ok(seconds)) if (20.0..320.0).contains(seconds) => {}
            _ => panic!("{kind:?}: {part:?}"),
        }
        for stranger in [live.replace("token=v1.", "token=v1.A"), live.replace("front%20door", "back%20door")]
        {
            refused(&stranger);
        }
        assert!(
            scene.statuses().iter().all(|status| [200, 403].contains(status)),
            "{:?}",
            scene.streamer.asked()
        );
    }
}

#[test]
fn after_a_cancel_a_play_ends_within_the_time_to_the_next_question() {
    for kind in KINDS {
        let scene = Scene::start(kind);
        scene.buy_detection();
        let live = scene.live();
        let player = Ffmpeg::start(&live);
        player.plays_on(4.0);
        scene.cancel_detection();
        let cancelled = Instant::now();
        let until = cancelled + Duration::from_secs(AUTH_DURATION_S) + players::PATIENCE;
        while scene.statuses().last() != Some(&403) {
            assert!(Instant::now() < until, "{kind:?}: {:?}", scene.streamer.asked());
            std::thread::sleep(Duration::from_millis(20));
        }
        let took = cancelled.elapsed();
        // It asks when the player comes: each second.
        assert!(took < Duration::from_secs(AUTH_DURATION_S + 3), "{kind:?}: {took:?}");
        player.stands_still();
        refused(&live);
        refused(&scene.archive(&live, -600, 10));
    }
}

#[test]
fn recordings_of_a_cancelled_subscription_stay_his() {
    for kind in KINDS {
        let scene = Scene::start(kind);
        scene.buy_storage();
        let live = scene.live();
        cancel("2", NUMBER).tell(&scene.stage.gateway);
        std::thread::sleep(Duration::from_millis(1100));
        let seconds = decode(&scene.archive(&live, -600, 10)).expect("it plays");
        assert!((9.5..=10.5).contains(&seconds), "{kind:?}: {seconds} s");
        refused(&scene.archive(&live, 0, 10));
    }
}

#[test]
fn what_plays_goes_on_while_the_ledger_or_the_gateway_is_away() {
    for kind in KINDS {
        let mut scene = Scene::start(kind);
        scene.buy_detection();
        let live = scene.live();
        let player = Ffmpeg::start(&live);
        player.plays_on(3.0);
        let away = scene.stage.ledger_away();
        // Longer than anything is remembered.
        player.plays_on(3.0 * AUTH_DURATION_S as f64);
        assert!(scene.statuses().contains(&500), "{kind:?}: {:?}", scene.streamer.asked());
        refused(&scene.another(&live));
        drop(away);
        player.plays_on(2.0);
        // A gateway that is started anew: meanwhile nobody is at its address.
        let folder = scene.stage.gateway.folder.clone();
        scene.stage.gateway.signal("TERM");
        scene.stage.gateway.wait();
        player.plays_on(2.0 * AUTH_DURATION_S as f64);
        assert!(scene.statuses().contains(&0), "{kind:?}: {:?}", scene.streamer.asked());
        scene.stage.gateway = Gateway::start_in(&folder, &settings(&folder, &Scene::flussonic()));
        scene.streamer.ask_at(scene.stage.gateway.main);
        player.plays_on(2.0 * AUTH_DURATION_S as f64);
        assert_eq!(scene.statuses().last(), Some(&200), "{kind:?}");
        let asked = scene.streamer.asked();
        let is_cut =
            |(url, status): &(String, u16)| url.contains("update_session") && [1, 403, 503].contains(status);
        assert!(!asked.iter().any(is_cut), "{kind:?}: {asked:?}");
        scene.cancel_detection();
        player.stands_still();
    }
}

#[test]
fn hls_js_plays_what_was_bought_and_ends_with_it() {
    for kind in KINDS {
        let scene = Scene::start(kind);
        scene.buy_storage();
        let live = scene.live();
        let archive = |from| scene.archive(&live, from, 20);
        {
            let mut page = Page::open(&scene.streamer, &archive(-3600));
            page.plays_on(3.0);
            assert!(page.told.iter().any(|report| report["width"] == 160), "{:?}", page.told);
        }
        Page::open(&scene.streamer, &archive(-86_400)).is_refused();
        let mut page = Page::open(&scene.streamer, &live);
        page.plays_on(3.0);
        let away = scene.stage.ledger_away();
        page.plays_on(2.0 * AUTH_DURATION_S as f64);
        assert!(scene.statuses().contains(&500), "{kind:?}: {:?}", scene.streamer.asked());
        drop(away);
        page.plays_on(1.0);
        scene.stage.unbind("cam-1");
        page.is_refused();
    }
}

#[test]
fn ports_that_cannot_be_are_passed_over_and_told() {
    let folder = gateway::Folder::new();
    let streamer = "192.0.2.1:9000".parse().expect("an address");
    for odd in [json!(0), json!("8080"), json!(70000), json!(-1), json!(true)] {
        let mut camera = watcher::camera(STREAM, streamer);
        camera["stream_status"]["http_port"] = odd.clone();
        camera["stream_status"]["https_port"] = odd.clone();
        let (url, told) = show(folder.path(), "", watcher::serve(camera)).expect("a URL");
        let path = "site%201/floor/front%20door/index.m3u8?token=3.fake-token-of-watcher";
        assert_eq!(url, format!("https://192.0.2.1/{path}"), "{odd}");
        assert!(told.contains(&format!("https_port of the stream's status is {odd}, no port")), "{told}");
    }
}

#[test]
fn a_camera_without_a_streamer_is_played_at_watcher_by_watchers_token_alone() {
    let mut camera = watcher::camera(STREAM, "192.0.2.1:9000".parse().expect("an address"));
    camera["streamer_hostname"] = json!(null);
    camera["stream_status"] = json!({"server": null, "http_port": null, "https_port": null});
    let watcher = watcher::serve(camera);
    let folder = gateway::Folder::new();
    let (url, _) = show(folder.path(), "", watcher).expect("a URL");
    let path = "site%201/floor/front%20door/index.m3u8?token=3.fake-token-of-watcher";
    assert_eq!(url, format!("http://{watcher}/{path}"));
    let scene = Scene::start(Kind::New);
    let own = settings(&scene.stage.gateway.folder, &Scene::flussonic());
    let told = show(&scene.stage.gateway.folder, &own, watcher).expect_err("none knows our tokens there");
    assert!(told.contains("Watcher names no streamer"), "{told}");
}
