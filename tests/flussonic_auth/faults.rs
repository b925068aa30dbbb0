//! Many streamers at once, and a ledger that cannot be read.

use std::sync::Barrier;
use std::time::{Duration, Instant};

use crate::gateway::{self, request, try_request};
use crate::kit::{self, DETECTION, NUMBER, Stage, now_s, question, question_with, token};
use crate::said::{cancel, register};

/// What a streamer asks of a session that plays nothing yet.
const NEW: [(&str, &str); 2] = [("request_type", "new_session"), ("request_number", "0")];

/// A streamer waits a second longer.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Sessions that are asked about again in one moment.
const SESSIONS: usize = 1000;

#[test]
fn a_thousand_sessions_are_asked_about_at_once() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", None);
    register("1", NUMBER).tell(&stage.gateway);
    let token = token("cam-1", "cam-1", "ann", 3600);
    let question = |session: &str| question_with("cam-1", &token, &[("session_id", session)]);
    let (together, began) = (Barrier::new(SESSIONS), Instant::now());
    std::thread::scope(|scope| {
        for number in 0..SESSIONS {
            let (question, gateway, together) = (question(&number.to_string()), &stage.gateway, &together);
            let session = move || {
                together.wait();
                // On a machine that is busy with other things some are told within 2 s that we cannot tell, and ask
                // again: streamers do so after some seconds.
                let asked = || request(gateway.main, "GET", &question, &[], b"").status;
                let mut told = asked();
                while told == 500 {
                    std::thread::sleep(
                        Duration::from_millis(1000)
                            + Duration::from_millis(1) * u32::try_from(number).expect("small"),
                    );
                    told = asked();
                }
                assert_eq!(told, 200, "{}", gateway.log());
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
        let asked = Instant::now();
        let answer = stage.ask_with("cam-1", &token, &NEW);
        assert_eq!((answer.status, answer.body.len()), (500, 0), "{table}");
        assert!(asked.elapsed() < ANSWER_MAX, "{:?}", asked.elapsed());
        stage.ledger().execute(&format!("ALTER TABLE {gone} RENAME TO {table}"));
        assert_eq!(stage.ask("cam-1", &token).status, 200, "{}", stage.gateway.log());
    }
    assert_eq!(stage.metric("unavailable"), 2.0);
    let log = stage.gateway.log();
    assert_eq!(log.matches("a streamer is not answered").count(), 1, "{log}");
    stage.refused("cam-1", "no-token", "token");
}

#[test]
fn a_ledger_that_says_nothing_is_told_before_a_streamer_gives_up() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", None);
    register("1", NUMBER).tell(&stage.gateway);
    let token = token("cam-1", "cam-1", "ann", 3600);
    // A reader of SQLite waits for nobody: there every read of the table fails, which is the other kind of fault.
    let held = stage.hold_reads("device");
    let asked = Instant::now();
    let answer = stage.ask_with("cam-1", &token, &NEW);
    let took = asked.elapsed();
    assert_eq!((answer.status, answer.body.len()), (500, 0), "{}", stage.gateway.log());
    assert!(took < ANSWER_MAX, "{took:?}");
    let waiting = answers_meanwhile(&stage, &token);
    assert!(waiting.iter().all(|(status, took)| *status == 500 && *took < ANSWER_MAX), "{waiting:?}");
    drop(held);
    assert_eq!(until_told(&stage, &token), 200);
}

/// More questions at once than the ledger has readers.
fn answers_meanwhile(stage: &Stage, token: &str) -> Vec<(u16, Duration)> {
    let ask = || {
        let asked = Instant::now();
        (stage.ask_with("cam-1", token, &NEW).status, asked.elapsed())
    };
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..40).map(|_| scope.spawn(ask)).collect();
        asking.into_iter().map(|asked| asked.join().expect("an answer")).collect()
    })
}

fn until_told(stage: &Stage, token: &str) -> u16 {
    let asked = || stage.ask_with("cam-1", token, &NEW).status;
    std::iter::repeat_with(asked).take(40).find(|status| *status != 500).expect("an answer in time")
}

#[test]
fn while_the_ledger_is_away_a_session_that_was_allowed_lately_goes_on() {
    let stage = Stage::start("auth_duration_s = 4\n");
    stage.bind("cam-1", "ann", Some("door"));
    stage.bind("cam-2", "ann", None);
    stage.age("cam-1", 7200);
    register("1", NUMBER).tell(&stage.gateway);
    let token = token("door", "cam-1", "ann", 3600);
    let of = |session: &'static str, kind: &'static str| [("session_id", session), ("request_type", kind)];
    let ask = |session, kind| stage.ask_with("door", &token, &of(session, kind));
    let before = ask("one", "new_session");
    let allowed_at = Instant::now();
    assert_eq!(before.status, 200);
    stage.refused("cam-2", &token, "token");
    let away = stage.ledger_away();
    let again = ask("one", "update_session");
    assert_eq!((again.status, again.body.clone()), (200, before.body.clone()), "{}", stage.gateway.log());
    assert_eq!(again.header("x-userid"), Some("ann"));
    let seconds = |answer: &gateway::Answer| -> i64 {
        answer.header("x-authduration").and_then(|text| text.parse().ok()).expect("seconds")
    };
    assert!((1..=4).contains(&seconds(&again)), "no longer than before: {}", seconds(&again));
    // Recordings within what it was allowed, and others.
    let dvr = |start: i64, length: &str| {
        let media = format!("dvr_session-hls_mbr_playlist-{}-{length}", now_s() + start);
        let [session, kind] = of("one", "update_session");
        stage.ask_with("door", &token, &[session, kind, ("media_request", &media)]).status
    };
    assert_eq!((dvr(-600, "300"), dvr(-86_400, "300")), (200, 500));
    // Whatever was not allowed just so is not known.
    for (session, kind) in
        [("one", "new_session"), ("one", ""), ("two", "update_session"), ("", "update_session")]
    {
        assert_eq!(ask(session, kind).status, 500, "{session} {kind}");
    }
    let bobs = kit::token("door", "cam-1", "bob", 3600);
    assert_eq!(stage.ask_with("door", &bobs, &of("one", "update_session")).status, 500);
    stage.refused("cam-2", &token, "token");
    while allowed_at.elapsed() < Duration::from_millis(4100) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(ask("one", "update_session").status, 500, "it was allowed four seconds, not for ever");
    drop(away);
    assert_eq!(ask("one", "update_session").status, 200);
    assert!(stage.metric("remembered") >= 2.0);
    assert_eq!(stage.gateway.log().matches("a streamer is answered as it was lately").count(), 1);
}

#[test]
fn a_session_that_was_refused_since_is_not_allowed_by_an_earlier_answer() {
    let stage = Stage::start("auth_duration_s = 600\n");
    stage.bind("cam-1", "ann", None);
    register("1", NUMBER).with("service_id", DETECTION).tell(&stage.gateway);
    let token = token("cam-1", "cam-1", "ann", 3600);
    assert_eq!(stage.ask("cam-1", &token).status, 200);
    cancel("2", NUMBER).with("service_id", DETECTION).tell(&stage.gateway);
    stage.refused("cam-1", &token, "ended");
    let away = stage.ledger_away();
    assert_eq!(stage.ask("cam-1", &token).status, 500);
    drop(away);
    stage.refused("cam-1", &token, "ended");
}

#[test]
fn an_address_that_sends_wrong_keys_cuts_no_running_play() {
    let stage = Stage::start("key = 'streamers-key'\n[limits]\nbad_signature_per_second = 1\n");
    let with = |key: &str| stage.get(&format!("{}&key={key}", question("cam-1", "t"))).status;
    let told: Vec<u16> = (0..200).map(|_| with("wrong-key")).collect();
    assert!(told.iter().all(|status| [403, 500].contains(status)), "{told:?}");
    assert!(told.contains(&500) && stage.metric("limited") > 0.0, "{told:?}");
}

#[test]
fn a_gateway_that_stops_answers_what_it_took_and_never_503() {
    let stage = Stage::start("");
    stage.bind("cam-1", "ann", None);
    register("1", NUMBER).tell(&stage.gateway);
    let question = question("cam-1", &token("cam-1", "cam-1", "ann", 3600));
    let main = stage.gateway.main;
    let told: Vec<u16> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    // Until it is gone.
                    let ask = || try_request(main, "GET", &question, &[], b"").ok();
                    std::iter::from_fn(ask).map(|answer| answer.status).collect::<Vec<_>>()
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(500));
        stage.gateway.signal("TERM");
        asking.into_iter().flat_map(|asked| asked.join().expect("answers")).collect()
    });
    assert!(told.len() > 8 && told.contains(&200), "{told:?}");
    assert!(told.iter().all(|status| [200, 500].contains(status)), "{told:?}");
}
