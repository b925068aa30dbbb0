//! `serve`: runs the gateway until SIGTERM or SIGINT; SIGHUP has it read its settings again.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::{Ended, Failure, Global, block_on};
use crate::app::{self, App};
use crate::clock::Clock;
use crate::config::{self, Config, Faults, Secrets};
use crate::ledger::Pulse;
use crate::lifeline::Lifelines;
use crate::system;
use crate::systemd::{self, Sockets};
use crate::telemetry::{self, LogFormat, Recorder};

pub(super) fn run(global: &Global) -> Ended {
    // First of all: it must come before any thread.
    let sockets = Sockets::passed()?;
    let (config, _) = global.load_whole(Secrets::All)?;
    logs(global, &config, &config.log.level)?;
    system::raise_descriptors();
    block_on(serve(global.clone(), config, sockets))?
}

async fn serve(global: Global, config: Config, sockets: Sockets) -> Ended {
    let clock = Clock::system();
    let recorder = Recorder::install(clock.now().0)?;
    // Before anything listens: who sees that we do may tell us to stop at once.
    let (stopped, hangups) = (stop_signal()?, hangup()?);
    app::tell_start(&config, &global.sources());
    let app = App::build(&config, sockets, clock, recorder.clone()).await?;
    let reload = app.reload();
    let mut rereads = reread(global, hangups);
    let reloading = async move {
        while let Some(read) = rereads.recv().await {
            reload.take(read).await;
        }
    };
    let lifelines = app.lifelines();
    let reloading = tokio::spawn(lifelines.begin("reload").until(stopped.clone(), reloading));
    let upkeep = tokio::spawn(lifelines.begin("metrics").until(stopped.clone(), recorder.run_upkeep()));
    let watchdog = watch(lifelines, app.pulse());
    systemd::ready();
    let ended = app.run(stopped).await;
    watchdog.abort();
    upkeep.abort();
    reloading.abort();
    Ok(ended?)
}

/// Feeds the service manager's watchdog, where there is one.
pub(super) fn watch(lifelines: Lifelines, mut pulse: Pulse) -> JoinHandle<()> {
    let lifeline = lifelines.begin("watchdog");
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

/// SIGHUP from now on; until [`reread`] looks they wait.
pub(super) fn hangup() -> std::io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// At each SIGHUP reads settings and catalog again, and hands them over.
pub(super) fn reread(global: Global, mut hangups: Signal) -> mpsc::Receiver<Result<Config, Faults>> {
    let (sender, read) = mpsc::channel(1);
    tokio::spawn(async move {
        while hangups.recv().await.is_some() {
            let global = global.clone();
            let whole = move || global.load_whole(Secrets::All).map(|(config, _)| config);
            // A file on a disk that hangs must hold up nothing else.
            let Ok(read) = tokio::task::spawn_blocking(whole).await else { continue };
            if sender.send(read).await.is_err() {
                return;
            }
        }
    });
    read
}

/// Starts logging in the settings' format.
pub(super) fn logs(global: &Global, config: &Config, level: &str) -> Result<(), Failure> {
    let format = match config.log.format {
        config::LogFormat::Json => LogFormat::Json,
        config::LogFormat::Text if global.json => LogFormat::Json,
        config::LogFormat::Text => LogFormat::Text,
    };
    // The database layer's own lines repeat ours in other words.
    telemetry::init_logs(format, &format!("sqlx=warn,{level}"), systemd::has_journal())?;
    telemetry::log_panics();
    Ok(())
}
