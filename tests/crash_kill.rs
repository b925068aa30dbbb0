//! "Answered 0" outlives the process: under load it is killed at random moments, again and again, and
//! every promise is compared with the journal. And with SQLite it outlives the power.

#[path = "support/gateway.rs"]
mod gateway;
#[path = "faultio/kit.rs"]
mod kit;
#[path = "support/load.rs"]
mod load;
#[path = "support/rounds.rs"]
mod rounds;
#[path = "faultio/shim.rs"]
mod shim;

#[path = "crash_kill/sqlite.rs"]
mod sqlite;

use std::path::Path;
use std::time::Duration;

use gateway::{Folder, Gateway};
use kit::{Book, Dice, verify};
use load::Load;

/// Rounds in the ordinary suite, and the most of one ledger.
const ROUNDS: u64 = 4;
const PART: u64 = 20;

/// Connections that send at once.
const LINES: u64 = 6;

/// Load, and in its midst a kill.
fn round(book: &Book, mut gateway: Gateway, dice: &mut Dice) {
    let to = gateway.main;
    let until_kill = Duration::from_millis(100 + dice.below(900));
    // What breaks is the gateway's end; whatever had no answer comes again later.
    let traffic = |load: &Load, seed| drop(load.traffic(book, to, seed));
    Load::during(LINES, dice, traffic, |_| {
        std::thread::sleep(until_kill);
        gateway.signal("KILL");
        gateway.wait();
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

/// So many kills of gateways on one ledger; how many notices were acknowledged.
fn kills(rounds: u64) -> usize {
    let folder = Folder::new();
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
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
    book.kept()
}

#[test]
fn kills_lose_and_double_nothing() {
    let (mut done, mut kept) = (0, 0);
    for rounds in rounds::parts(ROUNDS, PART) {
        done += rounds;
        kept += kills(rounds);
        println!("{done} kills, {kept} notices acknowledged, each there once");
    }
}
