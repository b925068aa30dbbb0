//! `work`: runs only the worker until SIGTERM or SIGINT, beside any number of gateways and workers on the
//! same ledger. SIGHUP has it take the providers' secrets anew.

use std::sync::Arc;

use super::serve::{hangup, logs, reread, stop_signal, watch};
use super::{Ended, Global, block_on};
use crate::app::{self, StartError};
use crate::clock::Clock;
use crate::config::{Config, Faults, Secrets};
use crate::ledger::{Ledger, Rules};
use crate::providers::Providers;
use crate::telemetry::Chain;
use crate::worker::{Sender, Worker};
use crate::{providers, system, systemd};

pub(super) fn run(global: &Global) -> Ended {
    let (config, rules) = global.load_whole(Secrets::All)?;
    logs(global, &config, &config.log.level)?;
    system::raise_descriptors();
    block_on(work(global.clone(), config, rules))?
}

async fn work(global: Global, config: Config, rules: Rules) -> Ended {
    let clock = Clock::system();
    let (stopped, hangups) = (stop_signal()?, hangup()?);
    app::tell_start(&config, &global.sources());
    let ledger = Ledger::open(&app::ledger_settings(&config), rules, clock.clone()).await?;
    let providers = Arc::new(providers::build(&config.providers, &clock).map_err(StartError::Provider)?);
    let sender = Sender::new(&config, &providers, ledger.clone(), clock.clone());
    let worker = Worker::new(&config, ledger.clone(), &providers, clock, sender);
    let running = config.clone();
    let mut rereads = reread(global, hangups);
    let reloading = async move {
        while let Some(read) = rereads.recv().await {
            take(&running, read, &providers);
        }
    };
    let lifelines = ledger.lifelines().clone();
    let reloading = tokio::spawn(lifelines.begin("reload").until(stopped.clone(), reloading));
    let watchdog = watch(lifelines, ledger.pulse());
    systemd::ready();
    tracing::info!("working");
    let within = config.server.shutdown_timeout();
    let lifeline = ledger.lifelines().begin("worker");
    let (beside, until) = (ledger.clone(), stopped.clone());
    let working = async move {
        // What is owed follows from folds: a gateway or `migrate` may be making them again.
        tokio::select! {
            () = app::stopped_by(until.clone()) => {}
            () = beside.brought_over() => {}
        }
        worker.run(until).await;
    };
    let working = lifeline.until(stopped.clone(), working);
    let ended = app::run_until(stopped, within, working, &ledger).await;
    watchdog.abort();
    reloading.abort();
    Ok(ended?)
}

/// Takes the providers' secrets of settings that were read again. A worker judges no notices: no catalog.
fn take(running: &Config, read: Result<Config, Faults>, providers: &Providers) {
    systemd::reloading();
    match read {
        Ok(read) => {
            let (taken, left) = running.renewed(&read);
            match app::renew_providers(providers, &taken) {
                Ok(()) => tracing::info!("reloaded: the secrets of providers"),
                Err(error) => tracing::error!(error = %Chain(&error), "not reloaded"),
            }
            app::tell_left(&left);
        }
        Err(faults) => app::tell_faults(&faults),
    }
    systemd::ready();
}
