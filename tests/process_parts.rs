//! A process does not outlive its parts: one that falls is named, and ends the process instead of leaving half of
//! it standing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sdp_gateway::app::App;
use sdp_gateway::clock::Clock;
use sdp_gateway::config::Config;
use sdp_gateway::lifeline::Lifelines;
use sdp_gateway::systemd::Sockets;
use sdp_gateway::telemetry::Recorder;
use tokio::sync::watch;
use tokio::time::timeout;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

fn settings(folder: &std::path::Path) -> Config {
    let url = format!("sqlite://{}", folder.join("gateway.db").display());
    let env = [
        ("SDP_GATEWAY__LEDGER__URL", url.as_str()),
        ("SDP_GATEWAY__SERVER__LISTEN", "127.0.0.1:0"),
        ("SDP_GATEWAY__ADMIN__LISTEN", "127.0.0.1:0"),
    ];
    let env = env.map(|(key, value)| (key.to_owned(), value.to_owned()));
    Config::load(None, env.into_iter()).expect("settings")
}

/// The worker asks the clock again and again. One that gives no time breaks it: a panic inside a task that nobody
/// waits for.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_breaks_down_ends_the_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let broken = Arc::new(AtomicBool::new(false));
    let (seen, system) = (Arc::clone(&broken), Clock::system());
    let clock = Clock::from_fn(move || {
        assert!(!seen.load(Ordering::Relaxed), "a clock without time");
        system.now()
    });
    let recorder = Recorder::install(0).expect("metrics");
    let app =
        App::build(&settings(folder.path()), Sockets::default(), clock, recorder).await.expect("it starts");
    let (_stop, stopped) = watch::channel(false);
    let running = tokio::spawn(app.run(stopped));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!running.is_finished(), "nothing has fallen yet");

    broken.store(true, Ordering::Relaxed);
    let ended = timeout(PATIENCE, running).await.expect("the process ends").expect("in order");
    let told = ended.expect_err("it does not end as if it had been stopped").to_string();
    assert_eq!(told, "a part of the process has ended: worker");
}

#[tokio::test]
async fn the_first_that_falls_is_told() {
    let lines = Lifelines::default();
    lines.begin("ends in order").end();
    let (stop, stopped) = watch::channel(false);
    let after_the_stop = lines.begin("stopped").until(stopped.clone(), async {});
    drop(tokio::spawn(lines.begin("returned").until(stopped, async {})).await);
    std::thread::spawn({
        let line = lines.begin("panicked");
        move || {
            let _line = line;
            panic!("as it should");
        }
    });
    stop.send(true).expect("it is watched");
    after_the_stop.await;
    assert_eq!(timeout(PATIENCE, lines.fallen()).await.expect("one has"), "returned");
}
