//! Reads of the ledger that hang, as on a disk or a network file system that went away: who asked is answered by
//! the deadline in the path's own words, whoever needs no read is answered as ever, and all of it works again by
//! itself once the reads do.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sdp_gateway::clock::Timestamp;
use sdp_gateway::flussonic::token::{self, Ticket};
use sdp_gateway::ids::{DeviceId, UserAccount};

use super::{Gateway, PATIENCE, check};
use crate::endure::CHECK;
use crate::gateway::{Answer, request};
use crate::kit::{Book, Dice, Line, assert_refusal, until, until_ready_is, verify};
use crate::shim::Shim;

const HANG: &str = "readhang=1\n";

/// Shorter than the fault, so that deadlines pass in it.
const DEADLINE: Duration = Duration::from_secs(2);

const SETTINGS: &str = "[server]\nrequest_timeout_ms = 2000\nshutdown_timeout_ms = 3000\n\
    [[partner]]\nname = 'app'\ntoken = 'app-token'\n\
    [flussonic]\ntoken_secret = 'no secret, for tests alone'\n";

/// What an answer may come late on a machine that is busy with other things.
const SLACK: Duration = Duration::from_secs(4);

/// More callers than there can be threads for them.
const CALLERS: usize = 24;

/// How often each of them asks: one that was given up must not stand in the way of the next.
const ROUNDS: usize = 2;

const NUMBER: &str = "84945000001";

fn start(folder: &Path) -> (Gateway, Shim) {
    let shim = Shim::new();
    let mut command = Gateway::command(folder, SETTINGS);
    shim.preload(&mut command);
    (Gateway::spawn(&mut command, folder), shim)
}

/// Keeps notices, so that what any connection has read before is no longer what it must read.
fn keep_some(gateway: &Gateway, book: &Book, dice: &mut Dice) {
    let mut line = Line::open(gateway.main).expect("a connection");
    for _ in 0..20 {
        let queue_id = book.draw(dice);
        assert_eq!(book.send(&mut line, queue_id).expect("an answer").status, 200);
    }
}

fn ask(line: &mut Line) -> Answer {
    line.post(CHECK, &check(NUMBER, "1000625", "1003013")).expect("a check is answered")
}

fn partner(to: SocketAddr, method: &str, path: &str, body: &str) -> Answer {
    request(to, method, path, &[("Authorization", "Bearer app-token")], body.as_bytes())
}

/// The question whether a device's recordings may be played.
fn play(gateway: &Gateway) -> String {
    let account = UserAccount::parse("ann").expect("an account");
    let bound = partner(gateway.main, "PUT", "/v1/accounts/ann/devices/cam-1", "");
    assert!(bound.status < 300, "{}", bound.text());
    let ticket = Ticket {
        device: DeviceId::parse("cam-1").expect("a device"),
        account,
        expires_at: Timestamp((chrono::Utc::now().timestamp() + 3600) * 1000),
    };
    let token = token::sign(&"no secret, for tests alone".into(), "cam-1", &ticket);
    format!("/flussonic/v1/auth?name=cam-1&token={token}")
}

/// Has something asked that cannot be answered while reads hang; it is refused by the deadline.
fn refused_in_time(what: &str, ask: impl FnOnce() -> Answer) -> Answer {
    let asked = Instant::now();
    let answer = ask();
    assert!(asked.elapsed() < DEADLINE + SLACK, "{what} was answered after {:?}", asked.elapsed());
    answer
}

fn check_is_refused(line: &mut Line) {
    let asked = Instant::now();
    let answer = refused_in_time("a check", || ask(line));
    assert_refusal(&answer);
    assert!(answer.text().starts_with("<RPLY name=\"CheckServiceInfo\">"), "{}", answer.text());
    assert_eq!(
        (answer.element("msisdn"), answer.element("error_desc")),
        (NUMBER.into(), "He thong bi loi".into())
    );
    assert!(asked.elapsed() >= DEADLINE / 2, "refused without having been tried");
}

fn json_is_refused(what: &str, ask: impl FnOnce() -> Answer) {
    let answer = refused_in_time(what, ask);
    assert_eq!(
        (answer.status, answer.json()["status"].as_u64()),
        (503, Some(503)),
        "{what}: {}",
        answer.text()
    );
    assert!(answer.header("retry-after").is_some(), "{what}: {:?}", answer.headers);
}

/// Asks `/livez` all the time until told to stop; how long the slowest answer took, and how many there were.
fn watch_livez(gateway: &Gateway, over: &AtomicBool) -> (Duration, usize) {
    let (mut slowest, mut many) = (Duration::ZERO, 0);
    while !over.load(Ordering::Relaxed) {
        let asked = Instant::now();
        assert_eq!(gateway.admin("/livez").status, 200);
        slowest = slowest.max(asked.elapsed());
        many += 1;
        std::thread::sleep(Duration::from_millis(20));
    }
    (slowest, many)
}

#[test]
fn reads_hang() {
    let folder = tempfile::tempdir().expect("a folder");
    let (gateway, shim) = start(folder.path());
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    let (story, play) = (format!("/v1/subscribers/{NUMBER}/subscriptions"), play(&gateway));
    keep_some(&gateway, &book, &mut dice);
    assert_eq!(ask(&mut Line::open(gateway.main).expect("a connection")).status, 200);
    keep_some(&gateway, &book, &mut dice);

    shim.order(HANG);
    let over = AtomicBool::new(false);
    let (slowest, many) = std::thread::scope(|scope| {
        let livez = scope.spawn(|| watch_livez(&gateway, &over));
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut line = Line::open(gateway.main).expect("a connection");
                    (0..ROUNDS).for_each(|_| check_is_refused(&mut line));
                })
            })
            .collect();
        let others = scope.spawn(|| {
            json_is_refused("a partner's read", || partner(gateway.main, "GET", &story, ""));
            json_is_refused("an operator's read", || gateway.admin("/api/v1/notices"));
            let told = refused_in_time("a streamer", || request(gateway.main, "GET", &play, &[], b""));
            assert_eq!((told.status, told.body.len()), (500, 0), "a 503 would cut running plays");
            assert_eq!(refused_in_time("metrics", || gateway.admin("/metrics")).status, 200);
            let ready = refused_in_time("readyz", || gateway.admin("/readyz"));
            assert!(matches!(ready.status, 200 | 503), "{}", ready.text());
        });
        let ended: Vec<_> = callers.into_iter().chain([others]).map(|asker| asker.join()).collect();
        over.store(true, Ordering::Relaxed);
        let watched = livez.join().expect("livez answers");
        ended.into_iter().for_each(|ended| ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        watched
    });
    println!("{many} answers of livez, the slowest after {slowest:?}");
    assert!(slowest < DEADLINE, "livez took {slowest:?}: it waited for a read");

    // The writer may have to read too: what it cannot keep it refuses, and what it kept stays kept.
    let queue_id = book.draw(&mut dice);
    let mut line = Line::open(gateway.main).expect("a connection");
    refused_in_time("a notice", || book.send(&mut line, queue_id).expect("an answer"));

    shim.order("");
    until("checks are answered again", PATIENCE, || (ask(&mut line).status == 200).then_some(()));
    let read = || partner(gateway.main, "GET", &story, "").status == 200;
    until("partners' reads are answered again", PATIENCE, || read().then_some(()));
    until_ready_is(&gateway, 200);
    book.settle(gateway.main);
    book.check_api(&gateway);
    assert!(gateway.stop().success());
    verify(folder.path(), "");
}

#[test]
fn a_stop_does_not_wait_for_reads_that_hang() {
    let folder = tempfile::tempdir().expect("a folder");
    let (gateway, shim) = start(folder.path());
    keep_some(&gateway, &Book::new(), &mut Dice::new(1));
    shim.order(HANG);
    let main = gateway.main;
    let asking = std::thread::spawn(move || ask(&mut Line::open(main).expect("a connection")).status);
    std::thread::sleep(DEADLINE / 4);
    assert!(gateway.stop().success());
    assert_eq!(asking.join().expect("an answer"), 503, "what was begun is answered all the same");
}
