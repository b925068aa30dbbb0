//! `migrate`: makes the ledger where there is none and brings its schema up to date.

use super::{Ended, Global, block_on, print};
use crate::ledger;

pub(super) fn run(global: &Global) -> Ended {
    let config = global.load()?;
    let (before, after) = block_on(ledger::migrate(&config.ledger.url))??;
    if before == after {
        print(&format!("schema version {after}, up to date\n"));
    } else {
        print(&format!("schema version {before} -> {after}\n"));
    }
    Ok(())
}
