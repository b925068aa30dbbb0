//! What the gateway does while its PostgreSQL server restarts, hangs, has no room, moves elsewhere, or
//! breaks off in the middle of a commit: it refuses honestly and in time, loses nothing it acknowledged,
//! keeps nothing twice, and goes on by itself. Each test has a server of its own.

#[path = "support/endure.rs"]
mod endure;
#[path = "support/gateway.rs"]
mod gateway;
#[path = "faultio/kit.rs"]
mod kit;
#[path = "support/load.rs"]
mod load;
#[path = "support/outbox.rs"]
mod outbox;
#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/refusal.rs"]
mod refusal;
#[path = "support/rounds.rs"]
mod rounds;
#[path = "support/said.rs"]
mod said;
#[path = "support/server.rs"]
mod server;
#[path = "support/signed.rs"]
mod signed;

#[path = "postgres_failure/commits.rs"]
mod commits;
#[path = "postgres_failure/crowd.rs"]
mod crowd;
#[path = "postgres_failure/doubts.rs"]
mod doubts;
#[path = "postgres_failure/failover.rs"]
mod failover;
#[path = "postgres_failure/habits.rs"]
mod habits;
#[path = "postgres_failure/hangs.rs"]
mod hangs;
#[path = "postgres_failure/restarts.rs"]
mod restarts;
#[path = "postgres_failure/tls.rs"]
mod tls;

use std::path::Path;

use gateway::Gateway;
use kit::{Book, Dice, verify};
use load::Load;

/// Connections that send at once.
const LINES: u64 = 4;

/// Notices after which it is believed that the gateway works.
const ENOUGH: u64 = 50;

/// Traffic that must be answered whatever happens, while something does.
fn under_load(book: &Book, gateway: &Gateway, happens: impl FnOnce(&Load)) {
    let traffic = |load: &Load, seed| answered(load, book, gateway, seed);
    Load::during(LINES, &mut Dice::new(Dice::seed()), traffic, happens);
}

/// Traffic to a gateway that must answer whatever happens.
fn answered(load: &Load, book: &Book, gateway: &Gateway, mut seed: u64) {
    while !load.is_over() {
        seed += 1;
        load.traffic(book, gateway.main, seed).expect("an answer");
    }
}

/// What the carrier does after a fault, and what must be true then. `direct` is a folder whose ledger is
/// the database itself, not a way to it that may be broken.
fn conclude(book: &Book, gateway: Gateway, direct: &Path) {
    book.check_journal(direct);
    book.settle(gateway.main);
    assert_eq!(book.kept(), book.sent());
    book.check_journal(direct);
    book.check_api(&gateway);
    verify(direct, "");
    assert!(gateway.stop().success());
    verify(direct, "");
}
