//! Builds the gateway from its settings and runs it until it is told to stop; takes new ones meanwhile.

mod bring_over;
mod presence;
mod reload;
mod start;
mod surfaces;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{Mutex, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::carrier::reading;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::{self, Config, FailedResult, Faults, RegMeaning};
use crate::ledger::{self, Ledger, OpenError, Pulse, Rules};
use crate::lifeline::{self, Lifelines};
use crate::payments::{self, Payments};
use crate::providers::{self, ClientError};
use crate::server::{self, origin::Networks};
use crate::subscription::judge::{Failed, Policy};
use crate::subscription::notice::{Reads, RegType};
use crate::surface::Listener;
use crate::system;
use crate::systemd::Sockets;
use crate::telemetry::Recorder;
use crate::worker::{Sender, Worker};
use bring_over::bring_over;
use presence::Presence;
pub use reload::{Reload, renew_providers, tell_faults, tell_left};
pub use start::{Sources, tell_start};
use surfaces::{Door, Doors, Parts};

/// Why the gateway could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The catalog has faults.
    #[error("{0}")]
    Catalog(Faults),
    /// The ledger cannot be used.
    #[error("the ledger cannot be opened")]
    Ledger(#[from] OpenError),
    /// A provider's client cannot be built.
    #[error("a provider cannot be set up")]
    Provider(#[from] ClientError),
    /// A way to pay cannot be set up.
    #[error("payments cannot be set up")]
    Payments(#[from] payments::BuildError),
    /// An address cannot be listened on.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// A socket that was passed cannot be listened on.
    #[error("cannot listen on the socket passed as {0}")]
    Passed(&'static str, #[source] io::Error),
    /// A socket was passed that no surface goes by.
    #[error("a socket was passed as {0:?}; the names are main, carrier and admin")]
    NoSurface(String),
    /// A socket was passed that would show the admin surface to everybody.
    #[error("the socket passed as admin is {0}, not loopback: set admin.token")]
    Exposed(SocketAddr),
}

/// The gateway, listening but not serving yet.
pub struct App {
    ledger: Ledger,
    settings: server::Settings,
    listeners: Vec<(TcpListener, Door)>,
    worker: Option<Worker>,
    presence: Presence,
    reload: Arc<Reload>,
}

impl App {
    /// Builds everything and listens everywhere, on `sockets` where a surface has one of its own
    /// there. The ledger is made and migrated here.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build(
        config: &Config,
        sockets: Sockets,
        clock: Clock,
        recorder: Recorder,
    ) -> Result<Self, StartError> {
        let rules = rules(config).map_err(StartError::Catalog)?;
        let (offers, fingerprint) = (rules.catalog.offers().len(), rules.fingerprint().to_owned());
        ledger::migrate(&config.ledger.url).await?;
        let ledger = Ledger::open(&ledger_settings(config), rules, clock.clone()).await?;
        ledger.fold_as_set().await?;
        tracing::info!(offers, rules = fingerprint, "the catalog is in force");
        let providers = Arc::new(providers::build(&config.providers, &clock)?);
        let payments = Arc::new(Payments::build(&config.payments, &clock)?);
        let sender = Sender::new(config, &providers, ledger.clone(), clock.clone());
        let worker = || Worker::new(config, ledger.clone(), &providers, clock.clone(), sender.clone());
        let worker = config.worker.enabled.then(worker);
        let beat = worker.as_ref().map(Worker::beat);
        let listening = Listening::open(config, sockets)?;
        let parts = Parts { ledger: ledger.clone(), clock, recorder, providers, payments, sender, beat };
        let doors = Doors::open(&parts, config, listening.of(Listener::Carrier).next().is_some());
        let presence = Presence::new(ledger.clone(), listening.address());
        let is_exposed = listening.exposed().is_some();
        if !ledger.is_refolding() {
            presence.announce().await;
        }
        // Last of all: who waits for these lines finds everything in place.
        for (surface, address, what) in &listening.told {
            tracing::info!(surface, %address, "{what}");
        }
        let listeners = listening.at(&doors);
        warn_of_descriptors(config.server.connections_max, listeners.len());
        let running = Mutex::new(config.clone());
        let reload = Arc::new(Reload { parts, doors, presence: presence.clone(), is_exposed, running });
        Ok(Self { ledger, settings: settings(config), listeners, worker, presence, reload })
    }

    /// Takes new settings, while it runs.
    #[must_use]
    pub fn reload(&self) -> Arc<Reload> {
        Arc::clone(&self.reload)
    }

    /// Watches whether notices are being committed.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.ledger.pulse()
    }

    /// What the process lives by.
    #[must_use]
    pub fn lifelines(&self) -> Lifelines {
        self.ledger.lifelines().clone()
    }

    /// Serves until `stop` says so, then answers what was accepted, commits it and returns.
    ///
    /// # Errors
    /// [`Fallen`].
    pub async fn run(self, stop: watch::Receiver<bool>) -> Result<(), Fallen> {
        let within = self.settings.shutdown_timeout;
        let lifelines = self.lifelines();
        let mut serving = JoinSet::new();
        // Nothing is written before the ledger is brought over: whoever sends a notice is told to come again.
        let is_late = self.ledger.is_refolding();
        let (over, is_over) = oneshot::channel();
        let (ledger, worker, stopped) = (self.ledger.clone(), self.worker, stop.clone());
        let work = async move {
            bring_over(&ledger, stopped.clone()).await;
            // Whoever waits for it may be gone: the gateway stops.
            let _ = over.send(());
            match worker {
                Some(worker) => worker.run(stopped).await,
                None => stopped_by(stopped).await,
            }
        };
        serving.spawn(lifelines.begin("worker").until(stop.clone(), work));
        let (presence, stopped) = (self.presence, stop.clone());
        let presence = async move {
            if is_late && is_over.await.is_ok() {
                presence.announce().await;
            }
            presence.keep(stopped).await;
        };
        serving.spawn(lifelines.begin("presence").until(stop.clone(), presence));
        for (listener, door) in self.listeners {
            let handler = move |request| door.load().answer(request);
            let serve = server::serve(listener, self.settings.clone(), stop.clone(), handler);
            serving.spawn(lifelines.begin("listener").until(stop.clone(), serve));
        }
        let all = async move { while serving.join_next().await.is_some() {} };
        run_until(stop, within, all, &self.ledger).await
    }
}

/// Waits for `stop`; without its sender it is one too.
pub async fn stopped_by(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Beyond its time, what serves and works gets this to end in its own order.
const SLACK: Duration = Duration::from_secs(1);

/// A part of the process ended before its time, and the process with it: its service manager starts it anew.
#[derive(Debug, thiserror::Error)]
#[error("a part of the process has ended: {0}")]
pub struct Fallen(lifeline::Part);

/// Runs until `stop`, then for `within` at most, and closes the ledger, within as much again: a ledger that
/// hangs must not hold up a stop. What is broken off was not acknowledged.
///
/// # Errors
/// [`Fallen`], as soon as a part has.
pub async fn run_until(
    stop: watch::Receiver<bool>,
    within: Duration,
    running: impl Future<Output = ()>,
    ledger: &Ledger,
) -> Result<(), Fallen> {
    let late = async {
        stopped_by(stop).await;
        sleep(within + SLACK).await;
    };
    let ended = tokio::select! {
        // Of what has fallen nothing is left that could be waited for.
        biased;
        part = ledger.lifelines().fallen() => Err(Fallen(part)),
        () = running => Ok(()),
        () = late => {
            tracing::warn!("stopping: what waits for the ledger is broken off");
            Ok(())
        }
    };
    if timeout(within.max(SLACK), ledger.close()).await.is_err() {
        tracing::warn!("stopping: the ledger does not answer");
    }
    tracing::info!("stopped");
    ended
}

/// The ledger's part of the settings.
#[must_use]
pub fn ledger_settings(config: &Config) -> ledger::Settings {
    ledger::Settings {
        url: config.ledger.url.clone(),
        queue_max: config.ledger.queue_max,
        codes_key: config.codes.key.clone(),
    }
}

/// What notices are judged by, catalog included.
///
/// # Errors
/// The catalog's faults.
pub fn rules(config: &Config) -> Result<Rules, Faults> {
    let grace_days = config.carrier.renewal_grace_days;
    let catalog = Catalog::load(&config.catalog, &config.providers, grace_days)?;
    Ok(Rules::new(catalog, policy(&config.carrier), reads(&config.carrier), reading::read_again))
}

/// The same for whoever judges no new notice: no offers.
#[must_use]
pub fn rules_without_offers(config: &Config) -> Rules {
    Rules::new(Catalog::default(), policy(&config.carrier), reads(&config.carrier), reading::read_again)
}

fn policy(carrier: &config::Carrier) -> Policy {
    let failed = match carrier.failed_result {
        FailedResult::Hold => Failed::Hold,
        FailedResult::Apply => Failed::Apply,
        FailedResult::Ignore => Failed::Ignore,
    };
    Policy {
        failed,
        record_only: carrier.record_only,
        queue_disorder_ms: i64::from(carrier.queue_disorder_max_s) * 1000,
        expiry_periods_max: carrier.expiry_periods_max,
        clock_skew_s: carrier.clock_skew_s,
    }
}

/// How a carrier's messages are read.
fn reads(carrier: &config::Carrier) -> Reads {
    let meant = |meaning: &RegMeaning| match meaning {
        RegMeaning::Register => RegType::Register,
        RegMeaning::Cancel => RegType::Cancel,
        RegMeaning::Ignore => RegType::Ignored,
    };
    let reg_types = carrier.reg_types.iter().map(|(sent, meaning)| (sent.clone(), meant(meaning)));
    Reads { reg_types: reg_types.collect(), ..Reads::in_zone(carrier.utc_offset) }
}

/// What is listened on.
struct Listening {
    sockets: Vec<(Listener, TcpListener)>,
    told: Vec<Told>,
}

/// What is said of a socket: its listener, its address, and how it came to be.
type Told = (&'static str, SocketAddr, &'static str);

impl Listening {
    fn open(config: &Config, mut sockets: Sockets) -> Result<Self, StartError> {
        let mut listening = Self { sockets: Vec::new(), told: Vec::new() };
        for listener in Listener::ALL {
            let address = match listener {
                Listener::Carrier => config.carrier.listen,
                Listener::Main => Some(config.server.listen),
                Listener::Admin => Some(config.admin.listen),
            };
            let opened = open(listener.word(), &mut sockets, address, &mut listening.told)?;
            listening.sockets.extend(opened.into_iter().map(|socket| (listener, socket)));
        }
        if let Some(name) = sockets.left() {
            return Err(StartError::NoSurface(name.to_owned()));
        }
        // The settings' own address was checked with them.
        match listening.exposed().filter(|_| config.admin.token.is_none()) {
            Some(address) => Err(StartError::Exposed(address)),
            None => Ok(listening),
        }
    }

    /// The addresses of a listener's sockets.
    fn of(&self, listener: Listener) -> impl Iterator<Item = SocketAddr> {
        let sockets = self.sockets.iter().filter(move |(of, _)| *of == listener);
        sockets.filter_map(|(_, socket)| socket.local_addr().ok())
    }

    /// The address that a gateway is known by.
    fn address(&self) -> Option<SocketAddr> {
        self.of(Listener::Main).next()
    }

    /// Where others than this machine may reach the admin surface.
    fn exposed(&self) -> Option<SocketAddr> {
        self.of(Listener::Admin).find(|address| !address.ip().to_canonical().is_loopback())
    }

    fn at(self, doors: &Doors) -> Vec<(TcpListener, Door)> {
        self.sockets.into_iter().map(|(listener, socket)| (socket, doors.of(listener))).collect()
    }
}

/// The sockets passed for a listener; where there are none, one of our own at `address`.
fn open(
    surface: &'static str,
    sockets: &mut Sockets,
    address: Option<SocketAddr>,
    at: &mut Vec<Told>,
) -> Result<Vec<TcpListener>, StartError> {
    let passed = sockets.take(surface);
    let is_passed = !passed.is_empty();
    let mut listeners = Vec::new();
    for socket in passed {
        listeners.push(server::adopt(socket).map_err(|error| StartError::Passed(surface, error))?);
    }
    if let Some(address) = address.filter(|_| !is_passed) {
        listeners.push(server::bind(address).map_err(|error| StartError::Listen(address, error))?);
    }
    for listener in &listeners {
        let address = listener.local_addr().map_err(|error| StartError::Passed(surface, error))?;
        let what = if is_passed { "listening, on a socket passed" } else { "listening" };
        at.push((surface, address, what));
    }
    Ok(listeners)
}

/// Each listener may hold `connections_max`; beyond the process's descriptors none is accepted.
fn warn_of_descriptors(connections_max: usize, listeners: usize) {
    let wanted = connections_max.saturating_mul(listeners) as u64;
    if let Some(possible) = system::connections_possible().filter(|possible| *possible < wanted) {
        tracing::warn!(
            connections_max,
            listeners,
            possible,
            "the limit of open descriptors leaves no room for server.connections_max on every listener; raise it \
             (LimitNOFILE, ulimit -Hn) or lower the setting"
        );
    }
}

/// What heads and bodies may take that are larger than real messages and not whole yet: so much, or so many of
/// the largest.
const ROOM_BYTES: usize = 32 << 20;
const ROOM_BODIES: usize = 16;

fn settings(config: &Config) -> server::Settings {
    let server = &config.server;
    server::Settings {
        body_bytes_max: server.body_bytes_max,
        header_timeout: server.header_timeout(),
        idle_timeout: server.idle_timeout(),
        request_timeout: server.request_timeout(),
        connections_max: server.connections_max,
        connections_per_address_max: server.connections_per_address_max,
        shared_addresses: Networks::new(config.carrier.trusted_proxies.clone()),
        room: server::Room::new(ROOM_BYTES.max(ROOM_BODIES * server.body_bytes_max)),
        shutdown_timeout: server.shutdown_timeout(),
    }
}
