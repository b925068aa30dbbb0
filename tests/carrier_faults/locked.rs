//! A ledger that another program holds, and so cannot be written.

use std::thread;
use std::time::{Duration, Instant};

use crate::gateway::{Answer, Gateway, Ledger, PATIENCE, check, request};
use crate::kept;
use crate::said::{CHECK, DAY, REG, SERVICE, register};

const NUMBER: &str = "84945989325";

#[track_caller]
fn check_busy(answer: &Answer, says: &str) {
    assert_eq!((answer.status, answer.element("error_desc").as_str()), (503, says), "{}", answer.text());
    assert_eq!(answer.element("error_id"), "1");
    assert!(answer.text().starts_with("<ACCESSGW><MODULE>SDP NOTIFIER</MODULE>"), "{}", answer.text());
    let wait: u64 = answer.header("retry-after").expect("a time").parse().expect("seconds");
    assert!(wait >= 1);
}

/// Sends it again until it is acknowledged.
fn until_kept(gateway: &Gateway, xml: &str) {
    let until = Instant::now() + PATIENCE;
    while gateway.post(REG, xml).status != 200 {
        assert!(Instant::now() < until, "the gateway does not recover:\n{}", gateway.log());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn at_the_deadline_the_carrier_is_told_to_come_again() {
    let gateway = Gateway::start("[server]\nrequest_timeout_ms = 400\n");
    register("1", NUMBER).tell(&gateway);
    let held = Ledger::of(&gateway.folder).hold();
    let late = register("2", "84945000001").xml();
    let answer = gateway.post(REG, &late);
    check_busy(&answer, "He thong bi loi");
    assert_eq!(answer.element("queueID"), "2", "what was read is echoed");
    check_busy(&gateway.post(REG, "no XML"), "He thong bi loi");
    // A check needs no write, and does not wait for one.
    let asked = gateway.post(CHECK, &check(NUMBER, SERVICE, DAY));
    assert_eq!((asked.status, asked.element("status").as_str()), (200, "0"));
    drop(held);
    until_kept(&gateway, &late);
    assert_eq!(kept(&gateway)["2"], 1, "also where the first one had been kept all the same");
}

#[test]
fn a_full_queue_says_so_and_keeps_nothing_of_what_it_refused() {
    let gateway = Gateway::start("[ledger]\nqueue_max = 1\n");
    let to = gateway.main;
    let held = Ledger::of(&gateway.folder).hold();
    let post = move |queue: usize| {
        let xml = register(&queue.to_string(), "84945000001").xml();
        thread::spawn(move || (queue, request(to, "POST", REG, &[], xml.as_bytes())))
    };
    // One is at the writer, one waits: of four, two are refused whatever the timing.
    let mut waiting: Vec<_> = (1..=4).map(post).collect();
    let mut refused = Vec::new();
    let until = Instant::now() + PATIENCE;
    while refused.len() < 2 {
        assert!(Instant::now() < until, "nothing was refused");
        let (ended, still) = waiting.into_iter().partition(|sent| sent.is_finished());
        waiting = still;
        refused.extend(Vec::into_iter(ended).map(|sent| sent.join().expect("an answer")));
        thread::sleep(Duration::from_millis(10));
    }
    drop(held);
    let late = waiting.into_iter().map(|sent| sent.join().expect("an answer"));
    let all: Vec<_> = refused.into_iter().chain(late).collect();
    let full: Vec<_> =
        all.iter().filter(|(_, answer)| answer.element("error_desc") == "Qua tai, thu lai sau").collect();
    assert!(!full.is_empty(), "{all:?}");
    let kept = kept(&gateway);
    for (queue, answer) in &full {
        check_busy(answer, "Qua tai, thu lai sau");
        assert_eq!(kept.get(&queue.to_string()), None, "refused means not kept");
    }
    for (queue, _) in all.iter().filter(|(_, answer)| answer.status == 200) {
        assert_eq!(kept.get(&queue.to_string()), Some(&1));
    }
    for queue in 1..=4 {
        until_kept(&gateway, &register(&queue.to_string(), "84945000001").xml());
    }
    assert_eq!(gateway.admin("/readyz").status, 200);
}

#[test]
fn a_client_that_hangs_up_while_its_notice_waits_cancels_nothing() {
    let gateway = Gateway::start("");
    let held = Ledger::of(&gateway.folder).hold();
    for queue in 1..=20 {
        let mut line = crate::Line::open(gateway.main);
        line.send(&crate::bytes(REG, &register(&queue.to_string(), NUMBER).xml(), false));
        // Gone as soon as the gateway has it: nobody waits for the answer.
        thread::sleep(Duration::from_millis(5));
    }
    drop(held);
    register("21", NUMBER).tell(&gateway);
    let kept = kept(&gateway);
    assert!(kept.values().all(|count| *count == 1), "{kept:?}");
    assert!(kept.contains_key("21") && gateway.admin("/readyz").status == 200);
}
