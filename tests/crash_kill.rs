//! "Answered 0" outlives the process: under load it is killed at random moments, again and again, and
//! every promise is compared with the journal. And it outlives the power: after some kills the ledger's
//! files are put back to what had been synced.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "faultio/kit.rs"]
mod kit;
#[path = "faultio/shim.rs"]
mod shim;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gateway::Gateway;
use kit::{Book, Dice, Line, verify};
use shim::Shim;

/// Rounds in the ordinary suite, and the most that may be asked for.
const ROUNDS: u64 = 4;
const ROUNDS_MAX: u64 = 1000;

/// Connections that send at once, and the most notices one of them sends in a round.
const LINES: u64 = 6;
const NOTICES_MAX: usize = 2000;

fn rounds() -> u64 {
    let asked = std::env::var("SDP_GATEWAY_TEST_ROUNDS").ok();
    let asked = asked.map(|text| text.parse().expect("SDP_GATEWAY_TEST_ROUNDS is a number"));
    asked.unwrap_or(ROUNDS).min(ROUNDS_MAX)
}

/// One connection's traffic until it breaks: three new notices to one repeat, of its own or another's.
fn traffic(book: &Book, to: std::net::SocketAddr, stop: &AtomicBool, seed: u64) {
    let mut dice = Dice::new(seed);
    let Ok(mut line) = Line::open(to) else { return };
    for _ in 0..NOTICES_MAX {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let earlier = if dice.below(4) == 0 { book.earlier(&mut dice) } else { None };
        let queue_id = earlier.unwrap_or_else(|| book.draw(&mut dice));
        if book.send(&mut line, queue_id).is_err() {
            return;
        }
    }
}

/// Load, and in its midst a kill.
fn round(book: &Book, mut gateway: Gateway, dice: &mut Dice) {
    let stop = AtomicBool::new(false);
    let to = gateway.main;
    std::thread::scope(|scope| {
        for _ in 0..LINES {
            let seed = dice.below(u64::MAX >> 12);
            let (book, stop) = (&book, &stop);
            scope.spawn(move || traffic(book, to, stop, seed));
        }
        std::thread::sleep(Duration::from_millis(100 + dice.below(900)));
        gateway.signal("KILL");
        gateway.wait();
        stop.store(true, Ordering::Relaxed);
    });
}

/// What the carrier does after a break: whatever had no answer comes again.
fn recover(book: &Book, folder: &Path, start: impl Fn() -> Gateway) {
    let gateway = start();
    book.check_journal(folder);
    book.settle(gateway.main);
    book.check_journal(folder);
    assert!(gateway.stop().success());
}

#[test]
fn kills_lose_and_double_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    let rounds = rounds();
    for _ in 0..rounds {
        round(&book, Gateway::start_in(folder.path(), ""), &mut dice);
        recover(&book, folder.path(), || Gateway::start_in(folder.path(), ""));
    }
    let gateway = Gateway::start_in(folder.path(), "");
    book.check_api(&gateway);
    verify(folder.path(), "");
    assert!(gateway.stop().success());
    verify(folder.path(), "");
    assert_eq!(book.kept(), book.sent());
    assert!(book.kept() as u64 > rounds * 5, "too little happened: {} notices", book.kept());
    println!("{rounds} kills, {} notices acknowledged, each there once", book.kept());
}

/// The ledger's files as they were when last synced; what was written since is gone.
fn cut_power(data: &Path) {
    for name in ["gateway.db", "gateway.db-wal", "gateway.db-shm"] {
        let _ = std::fs::remove_file(data.join(name));
        let synced = data.join(format!("{name}.synced"));
        if synced.exists() {
            std::fs::rename(synced, data.join(name)).expect("the file put back");
        }
    }
}

#[test]
fn a_power_cut_loses_and_doubles_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let shim = Shim::new();
    let start = || {
        let mut command = Gateway::command(folder.path(), "");
        shim.preload(&mut command);
        Gateway::spawn(&mut command, folder.path())
    };
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
    let rounds = rounds().div_ceil(2);
    let data = folder.path().join("data");
    for _ in 0..rounds {
        // After a stop everything is in the one file, and synced.
        assert!(start().stop().success());
        std::fs::copy(data.join("gateway.db"), data.join("gateway.db.synced")).expect("a copy");
        shim.order("snap=1");
        round(&book, start(), &mut dice);
        cut_power(&data);
        shim.order("");
        recover(&book, folder.path(), start);
    }
    verify(folder.path(), "");
    assert!(book.kept() as u64 > rounds * 5, "too little happened: {} notices", book.kept());
    println!("{rounds} power cuts, {} notices acknowledged, each there once", book.kept());
}
