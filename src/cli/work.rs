//! `work`: runs only the worker until SIGTERM or SIGINT, beside any number of gateways and workers on the
//! same ledger.

use super::{Ended, Global, block_on};
use crate::app::{self, StartError};
use crate::clock::Clock;
use crate::config::Config;
use crate::ledger::Ledger;
use crate::worker::{Sender, Worker};
use crate::{providers, system, systemd};

pub(super) fn run(global: &Global) -> Ended {
    let config = global.load()?;
    super::serve::logs(&config, "info")?;
    system::raise_descriptors();
    block_on(work(config))?
}

async fn work(config: Config) -> Ended {
    let clock = Clock::system();
    let stopped = super::serve::stop_signal()?;
    let rules = app::rules(&config)?;
    let ledger = Ledger::open(&app::ledger_settings(&config), rules, clock.clone()).await?;
    let providers = providers::build(&config.providers, &clock).map_err(StartError::Provider)?;
    let sender = Sender::new(&config, &providers, ledger.clone(), clock.clone());
    let worker = Worker::new(&config, ledger.clone(), &providers, clock, sender);
    let watchdog = super::serve::watch(ledger.lifelines().clone(), ledger.pulse());
    systemd::ready();
    tracing::info!("working");
    let within = config.server.shutdown_timeout();
    let lifeline = ledger.lifelines().hold("worker");
    let working = lifeline.until(stopped.clone(), worker.run(stopped.clone()));
    let ended = app::run_until(stopped, within, working, &ledger).await;
    watchdog.abort();
    Ok(ended?)
}
