//! `migrate`: makes the ledger where there is none and brings its schema up to date.

use super::{Ended, Global, block_on};
use crate::ledger;

pub(super) fn run(global: &Global) -> Ended {
    let config = global.load()?;
    let (before, after) = block_on(ledger::migrate(&config.ledger.url))??;
    if before == after {
        println!("schema version {after}, up to date");
    } else {
        println!("schema version {before} -> {after}");
    }
    Ok(())
}
