//! Opening the ledger beside a gateway that may be running on it.
//!
//! Who reads, or changes what no catalog has a say in, needs none: a fault of it stops nobody who looks for its
//! cause. Who judges notices must judge as the gateway does.

use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, Global, told};
use crate::app;
use crate::clock::Clock;
use crate::config::{Config, Secrets};
use crate::ledger::{Gateway, Ledger, Refolded};

/// What is to be done with an older ledger whose subscriptions are not made again yet.
const NOT_BROUGHT_OVER: &str = "the ledger is not brought over to this version yet, or to another \
    carrier.queue_disorder_max_s: `sdp-gateway migrate` does it, and so does a gateway that starts on it";

/// The secrets of commands that need none but perhaps the ledger's.
const OWN: Secrets = Secrets::Of(&["ledger"]);

/// The ledger of the effective settings. Commands log nothing but warnings: their output is theirs. Whoever looks at an
/// older one is told that something may be going to change.
pub(super) async fn ledger(global: &Global) -> Result<Ledger, Failure> {
    let (_, ledger) = with_settings(global, OWN).await?;
    if ledger.is_refolding() {
        told(&format!("{NOT_BROUGHT_OVER}; until then it has what was made of its notices before"));
    }
    Ok(ledger)
}

/// The same for whoever can do nothing with one that is not brought over.
pub(super) async fn brought_over(global: &Global) -> Result<Ledger, Failure> {
    let (_, ledger) = with_settings(global, OWN).await?;
    if ledger.is_refolding() { Err(told(NOT_BROUGHT_OVER)) } else { Ok(ledger) }
}

/// The same with the settings, and these secrets of them.
pub(super) async fn with_settings(global: &Global, secrets: Secrets) -> Result<(Config, Ledger), Failure> {
    let config = global.load(secrets)?;
    super::serve::logs(global, &config, "warn")?;
    let ledger = beside(&config, Clock::system()).await?;
    Ok((config, ledger))
}

/// The ledger of settings that are loaded.
pub(super) async fn beside(config: &Config, clock: Clock) -> Result<Ledger, Failure> {
    let rules = app::rules_without_offers(config);
    Ok(Ledger::open(&app::ledger_settings(config), rules, clock).await?)
}

/// The ledger for whoever judges notices, by the catalog of the settings; refused where a gateway that runs on it has
/// another in force.
pub(super) async fn judging(global: &Global) -> Result<Ledger, Failure> {
    let (config, rules) = global.load_whole(OWN)?;
    super::serve::logs(global, &config, "warn")?;
    let ledger = Ledger::open(&app::ledger_settings(&config), rules, Clock::system()).await?;
    let own = ledger.fingerprint();
    let others: Vec<Gateway> =
        ledger.gateways().await?.into_iter().filter(|gateway| gateway.rules != own).collect();
    if others.is_empty() {
        return Ok(ledger);
    }
    ledger.close().await;
    for Gateway { name, rules, offers, since, .. } in &others {
        let since = since.rfc3339();
        told(&format!(
            "the gateway {name} judges by another catalog or other [carrier] settings ({offers} offers, {rules}, in \
             force since {since}) than this command would ({own})"
        ));
    }
    Err(told(
        "restart or reload it first (systemctl reload sdp-gateway, or SIGHUP), or use the settings it has",
    ))
}

/// Makes the subscriptions of a ledger again, where that is still to be done or the settings have another
/// `carrier.queue_disorder_max_s` than it was folded under: by the catalog, which is read only then.
pub(super) async fn bring_over(global: &Global, config: &Config) -> Result<Refolded, Failure> {
    let ledger = beside(config, Clock::system()).await?;
    ledger.fold_as_set().await?;
    if !ledger.is_refolding() {
        ledger.close().await;
        return Ok(Refolded::default());
    }
    ledger.close().await;
    let (config, rules) = global.load_whole(OWN)?;
    let ledger = Ledger::open(&app::ledger_settings(&config), rules, Clock::system()).await?;
    // It may be one that was killed a moment ago: nothing is lost by going on.
    let own = ledger.fingerprint();
    for Gateway { name, .. } in ledger.gateways().await?.iter().filter(|gateway| gateway.rules != own) {
        told(&format!(
            "the gateway {name} was seen on this ledger, of an older version, with another catalog or other [carrier] \
             settings: stop it"
        ));
    }
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} {pos} numbers, {per_sec}")?);
    let refolded = ledger.refold(|so_far| bar.set_position(so_far.numbers)).await?;
    bar.finish_and_clear();
    ledger.close().await;
    Ok(refolded)
}
