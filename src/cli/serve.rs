//! `serve`: runs the gateway until SIGTERM or SIGINT.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::{Ended, Failure, Global, block_on};
use crate::app::App;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::ledger::Pulse;
use crate::lifeline::Lifelines;
use crate::system;
use crate::systemd::{self, Sockets};
use crate::telemetry::{self, LogFormat, Recorder};

pub(super) fn run(global: &Global) -> Ended {
    // First of all: it must come before any thread.
    let sockets = Sockets::passed()?;
    let config = global.load()?;
    logs(&config, "info")?;
    config.warnings().iter().for_each(|warning| tracing::warn!("{warning}"));
    system::raise_descriptors();
    block_on(serve(config, sockets))?
}

async fn serve(config: Config, sockets: Sockets) -> Ended {
    let clock = Clock::system();
    let recorder = Recorder::install(clock.now().0)?;
    // Before anything listens: who sees that we do may tell us to stop at once.
    let stopped = stop_signal()?;
    let app = App::build(&config, sockets, clock, recorder.clone()).await?;
    let upkeep = app.lifelines().hold("metrics").until(stopped.clone(), recorder.run_upkeep());
    let upkeep = tokio::spawn(upkeep);
    let watchdog = watch(app.lifelines(), app.pulse());
    systemd::ready();
    let ended = app.run(stopped).await;
    watchdog.abort();
    upkeep.abort();
    Ok(ended?)
}

/// Feeds the service manager's watchdog, where there is one.
pub(super) fn watch(lifelines: Lifelines, mut pulse: Pulse) -> JoinHandle<()> {
    let lifeline = lifelines.hold("watchdog");
    tokio::spawn(async move {
        systemd::feed_watchdog(move || pulse.moves()).await;
        lifeline.end();
    })
}

/// Turns true at SIGTERM or SIGINT.
pub(super) fn stop_signal() -> std::io::Result<watch::Receiver<bool>> {
    let (stop, stopped) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        };
        tracing::info!(signal = name, "stopping");
        systemd::stopping();
        let _ = stop.send(true);
    });
    Ok(stopped)
}

/// Starts logging as the settings say.
pub(super) fn logs(config: &Config, level: &str) -> Result<(), Failure> {
    let format = match config.log.format {
        config::LogFormat::Text => LogFormat::Text,
        config::LogFormat::Json => LogFormat::Json,
    };
    // The database layer's own lines repeat ours in other words.
    telemetry::init_logs(format, &format!("{level},sqlx=warn"))?;
    telemetry::log_panics();
    Ok(())
}
