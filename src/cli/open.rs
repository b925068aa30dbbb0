//! Opening the ledger beside a gateway that may be running on it.

use super::{Failure, Global};
use crate::app;
use crate::clock::Clock;
use crate::config::Config;
use crate::ledger::Ledger;

/// The ledger of the effective settings. Commands log nothing but warnings: their output is theirs.
pub(super) async fn ledger(global: &Global) -> Result<Ledger, Failure> {
    Ok(with_settings(global).await?.1)
}

/// The same with the settings.
pub(super) async fn with_settings(global: &Global) -> Result<(Config, Ledger), Failure> {
    let config = global.load()?;
    super::serve::logs(&config, "warn")?;
    let ledger = beside(&config, Clock::system()).await?;
    Ok((config, ledger))
}

/// The ledger of settings that are loaded.
pub(super) async fn beside(config: &Config, clock: Clock) -> Result<Ledger, Failure> {
    let rules = app::rules(config)?;
    Ok(Ledger::open(&app::ledger_settings(config), rules, clock).await?)
}
