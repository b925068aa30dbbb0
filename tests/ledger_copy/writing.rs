//! The way an operator goes: a first copy while the gateway runs, a second one after its end.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::kit::Book;
use crate::{Ledger, send};

fn moves(source: &Ledger, target: &Ledger) {
    let book = Book::new();
    let gateway = source.gateway();
    send(&book, &gateway, 1500);
    let done = AtomicBool::new(false);
    let first = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                send(&book, &gateway, 20);
            }
        });
        let first = source.copy(target);
        done.store(true, Ordering::Relaxed);
        first
    });
    first.refused("the source changed meanwhile; stop its gateway and run this again");
    assert_ne!(first.each("checksum"), first.each("target_checksum"));
    target.run(&["notices", "list"]).refused("is not finished");
    assert!(gateway.stop().success());

    let second = source.copy(target);
    let (rows, copied) = (second.check(0).sum("rows"), second.sum("copied"));
    assert!(copied > 0 && copied <= rows, "{copied} of {rows}");
    target.verify();
    assert!(source.export() == target.export());
    let gateway = target.gateway();
    book.check_api(&gateway);
    assert!(gateway.stop().success());
}

#[test]
fn from_a_file_that_is_written() {
    moves(&Ledger::file(), &Ledger::database());
}

#[test]
fn from_a_server_that_is_written() {
    moves(&Ledger::database(), &Ledger::file());
}
