//! Many streamers at once, and a ledger that cannot be read.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::gateway::request;
use crate::kit::{NUMBER, Stage, question, token};
use crate::said::register;

/// Sessions that are asked about again in one moment.
const SESSIONS: usize = 1000;

#[test]
fn a_thousand_sessions_are_asked_about_at_once() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", None);
    register("1", NUMBER).tell(&stage.gateway);
    let question = question("cam-1", &token("cam-1", "cam-1", "ann", 3600));
    let (together, began) = (Barrier::new(SESSIONS), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..SESSIONS {
            let session = || {
                together.wait();
                // On a machine that is busy with other things some are told within 2 s that we cannot tell, and ask again.
                let asked = || request(stage.gateway.main, "GET", &question, &[], b"").status;
                let told = std::iter::repeat_with(asked).find(|status| *status != 500);
                assert_eq!(told, Some(200), "{}", stage.gateway.log());
            };
            std::thread::Builder::new()
                .stack_size(128 * 1024)
                .spawn_scoped(scope, session)
                .expect("a thread");
        }
    });
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(stage.metric("allowed"), 1000.0);
}

#[test]
fn a_ledger_that_cannot_be_read_is_no_refusal() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", None);
    register("1", NUMBER).tell(&stage.gateway);
    let token = token("cam-1", "cam-1", "ann", 3600);
    assert_eq!(stage.ask("cam-1", &token).status, 200);
    for (table, gone) in [("device", "device_gone"), ("service", "service_gone")] {
        stage.ledger().execute(&format!("ALTER TABLE {table} RENAME TO {gone}"));
        let answer = stage.ask("cam-1", &token);
        assert_eq!((answer.status, answer.body.len()), (500, 0), "{table}");
        stage.ledger().execute(&format!("ALTER TABLE {gone} RENAME TO {table}"));
        assert_eq!(stage.ask("cam-1", &token).status, 200, "{}", stage.gateway.log());
    }
    assert_eq!(stage.metric("unavailable"), 2.0);
    let log = stage.gateway.log();
    assert_eq!(log.matches("a streamer is not answered").count(), 1, "{log}");
    stage.refused("cam-1", "no-token", "token");
}
