//! `migrate`: makes the ledger where there is none and brings its schema up to date.

use serde_json::json;

use super::{Ended, Global, block_on};
use crate::config::Secrets;
use crate::ledger;

pub(super) fn run(global: &Global) -> Ended {
    let config = global.load(Secrets::Of(&["ledger"]))?;
    let (before, after) = block_on(ledger::migrate(&config.ledger.url))??;
    global.print(&json!({ "before": before, "after": after }), || match before == after {
        true => format!("schema version {after}, up to date\n"),
        false => format!("schema version {before} -> {after}\n"),
    });
    Ok(())
}
