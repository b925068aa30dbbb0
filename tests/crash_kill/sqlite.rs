//! After some kills the files of SQLite are put back to what had been synced, as a power cut would do.
//! PostgreSQL answers for its own files.

use std::path::Path;

use crate::gateway::{Folder, Gateway};
use crate::kit::{Book, Dice, verify};
use crate::shim::Shim;
use crate::{PART, ROUNDS, recover, round, rounds};

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

/// So many power cuts of one ledger; how many notices were acknowledged.
fn power_cuts(rounds: u64) -> usize {
    let folder = Folder::new();
    let shim = Shim::new();
    let start = || {
        let mut command = Gateway::command(folder.path(), "");
        shim.preload(&mut command);
        Gateway::spawn(&mut command, folder.path())
    };
    let (book, mut dice) = (Book::new(), Dice::new(Dice::seed()));
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
    book.kept()
}

#[test]
fn a_power_cut_loses_and_doubles_nothing() {
    let (mut done, mut kept) = (0, 0);
    for rounds in rounds::parts(ROUNDS / 2, PART) {
        done += rounds;
        kept += power_cuts(rounds);
        println!("{done} power cuts, {kept} notices acknowledged, each there once");
    }
}
