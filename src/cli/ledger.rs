//! `ledger`: the ledger as a whole. `verify` proves that its files are in order and that the journal and what
//! follows from it agree; `copy` moves it; `backup` and `restore` are for the day when it is lost.

mod backup;
mod copy;

use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::{Ended, Failure, Global, block_on, open, print, say, tell};

#[derive(Debug, Subcommand)]
pub(crate) enum Ledger {
    /// Copy a ledger into an empty one, such as from SQLite to PostgreSQL, and compare them
    Copy(copy::Copy),
    /// Copy the ledger into a new file, as it stands at one moment; also beside a running gateway
    Backup(backup::Backup),
    /// Put a backup in the ledger's place and what is there aside; only while no gateway runs on it
    Restore(backup::Restore),
    /// Have the engine check its files, then make every subscription again from the journal and compare; also
    /// beside a running gateway
    Verify,
}

pub(super) fn run(global: &Global, command: Ledger) -> Ended {
    match command {
        Ledger::Copy(command) => copy::run(global, &command),
        Ledger::Backup(command) => backup::backup(global, &command),
        Ledger::Restore(command) => backup::restore(global, &command),
        Ledger::Verify => verify(global),
    }
}

fn verify(global: &Global) -> Ended {
    let verified = block_on(async {
        let ledger = open::brought_over(global).await?;
        if let Some(folded_ms) = ledger.folded_otherwise().await? {
            let folded_s = folded_ms / 1000;
            tell(format!(
                "the ledger is judged by the carrier.queue_disorder_max_s that it was folded under, {folded_s}; the \
                 settings of this command have another"
            ));
        }
        let bar = ProgressBar::new_spinner();
        bar.set_style(ProgressStyle::with_template("{spinner} {pos} numbers, {per_sec}")?);
        let progress = bar.clone();
        let verified = ledger.verify(move |done| progress.set_position(done)).await?;
        bar.finish_and_clear();
        ledger.close().await;
        Ok::<_, Failure>(verified)
    })??;
    if global.json {
        let (numbers, faults, told) = (verified.numbers, verified.faults, &verified.told);
        let told = json!({"engine": verified.engine, "numbers": numbers, "faults": faults, "told": told});
        print(&format!("{told:#}\n"));
    } else {
        verified.told.iter().for_each(say);
        let engine =
            verified.engine.unwrap_or("not checked by its engine, which has no amcheck for this user");
        print(&format!("{engine}; verified {} numbers, {} faults\n", verified.numbers, verified.faults));
    }
    if verified.faults == 0 { Ok(()) } else { Err(Failure::Told) }
}
