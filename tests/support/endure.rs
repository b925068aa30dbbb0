//! A fault of the ledger from its beginning to its end: promises before it, honest refusals in it,
//! recovery by itself after it, and the journal compared with all that was promised.

use std::time::{Duration, Instant};

use crate::gateway::{Gateway, check};
use crate::kit::{Book, Dice, Line, until, until_ready_is, verify};

pub(crate) const CHECK: &str = "/vascloud/v1/notify_check";

/// Notices sent before and after a fault, and refusals looked at during one.
pub(crate) const NOTICES: usize = 60;
const REFUSALS: usize = 3;

/// How long Prometheus waits for an answer unless it is told otherwise.
const SCRAPE_MAX: Duration = Duration::from_secs(10);

/// A fault's whole course. `begin` and `end` make and mend it. Answers how
/// long the slowest answer to a notice took during it.
pub(crate) fn endure(gateway: &Gateway, begin: impl FnOnce(), end: impl FnOnce()) -> Duration {
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    let mut line = Line::open(gateway.main).expect("a connection");
    let mut notice = |line: &mut Line| {
        let queue_id = book.draw(&mut dice);
        book.send(line, queue_id).expect("an answer").status
    };
    for _ in 0..NOTICES {
        assert_eq!(notice(&mut line), 200);
    }
    until_ready_is(gateway, 200);

    begin();
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    // A full disk may have room for some yet; those are promises like all others.
    for _ in 0..REFUSALS {
        until("a refusal", Duration::from_secs(30), || {
            let asked = Instant::now();
            let refused = notice(&mut line) == 503;
            slowest = slowest.max(asked.elapsed());
            refused.then_some(())
        });
    }
    let refused = began.elapsed();
    until_ready_is(gateway, 503);
    let asked = line.post(CHECK, &check("84945000001", "1000625", "1003013")).expect("an answer");
    assert!(matches!(asked.status, 200 | 503), "a check during the fault: {}", asked.text());
    let asked = Instant::now();
    assert_eq!(gateway.admin("/metrics").status, 200, "metrics are wanted most now");
    assert!(asked.elapsed() < SCRAPE_MAX, "metrics took {:?}", asked.elapsed());

    end();
    let mended = Instant::now();
    until_ready_is(gateway, 200);
    assert_eq!(notice(&mut line), 200, "not kept although ready");
    println!("refused for {refused:?}, ready again after {:?}", mended.elapsed());
    book.settle(gateway.main);
    for _ in 0..NOTICES {
        assert_eq!(notice(&mut line), 200);
    }
    book.check_journal(&gateway.folder);
    book.check_api(gateway);
    assert_eq!(book.kept(), book.sent());
    verify(&gateway.folder, "");
    slowest
}
