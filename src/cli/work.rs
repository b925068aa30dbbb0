//! `work`: runs only the worker until SIGTERM or SIGINT, beside any number of gateways and workers on the
//! same ledger.

use super::{Ended, Global, block_on};
use crate::app::{self, StartError};
use crate::clock::Clock;
use crate::config::Config;
use crate::ledger::Ledger;
use crate::worker::Worker;
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
    let worker = Worker::new(&config, ledger.clone(), &providers, clock);
    let mut pulse = ledger.pulse();
    let watchdog = tokio::spawn(systemd::feed_watchdog(move || pulse.moves()));
    systemd::ready();
    tracing::info!("working");
    let within = config.server.shutdown_timeout();
    app::run_until(stopped.clone(), within, worker.run(stopped), &ledger).await;
    watchdog.abort();
    Ok(())
}
