//! `migrate`: makes the ledger where there is none and brings its schema up to date.

use super::{Ended, Global, block_on};
use crate::ledger;

pub(super) fn run(global: &Global) -> Ended {
    let config = global.load()?;
    let url = config.ledger.url.to_string();
    let (before, after) = block_on(ledger::migrate(&url))??;
    if before == after {
        println!("schema version {after}, up to date");
    } else {
        println!("schema version {before} -> {after}");
    }
    Ok(())
}
