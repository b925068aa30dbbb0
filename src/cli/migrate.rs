//! `migrate`: makes the ledger where there is none and brings it up to date: its schema, and where that changes how
//! notices are read or ordered, every subscription.

use serde_json::json;

use super::{Ended, Global, block_on, open};
use crate::config::Secrets;
use crate::ledger::{self, Refolded};

pub(super) fn run(global: &Global) -> Ended {
    let config = global.load(Secrets::Of(&["ledger"]))?;
    let ((before, after), refolded) = block_on(async {
        let versions = ledger::migrate(&config.ledger.url).await?;
        let refolded = open::bring_over(global, &config).await?;
        Ok::<_, super::Failure>((versions, refolded))
    })??;
    let Refolded { numbers, read_otherwise, settled, changed } = &refolded;
    global.print(&json!({ "before": before, "after": after, "refolded": refolded }), || {
        let mut told = match before == after {
            true => format!("schema version {after}, up to date\n"),
            false => format!("schema version {before} -> {after}\n"),
        };
        if *numbers > 0 {
            told += &format!(
                "subscriptions made again of {numbers} numbers: {} hold something else than before, {settled} \
                 conflicts are notices of their own now, {read_otherwise} notices are read otherwise\n",
                changed.len()
            );
        }
        told
    });
    Ok(())
}
