//! Builds the gateway from its settings, once, and runs it until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::activation::{self, Activation};
use crate::admin::Admin;
use crate::carrier::Carrier;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::{Config, FailedResult, Faults};
use crate::flussonic::Flussonic;
use crate::ledger::{self, Ledger, OpenError, Pulse, Rules};
use crate::lifeline::{self, Lifelines};
use crate::limits::Limiter;
use crate::partner::Partners;
use crate::providers::{self, ClientError};
use crate::routes::Routes;
use crate::server::origin::Networks;
use crate::server::{self, Guesses};
use crate::subscription::judge::{Failed, Policy};
use crate::subscription::terms::TermsBook;
use crate::system;
use crate::systemd::Sockets;
use crate::telemetry::Recorder;
use crate::worker::{Sender, Worker};

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

/// Who answers.
struct Surfaces {
    carrier: Arc<Carrier>,
    partners: Arc<Partners>,
    activation: Arc<Activation>,
    flussonic: Arc<Flussonic>,
    admin: Arc<Admin>,
}

/// The gateway, listening but not serving yet.
pub struct App {
    ledger: Ledger,
    settings: server::Settings,
    listeners: Vec<(TcpListener, Arc<Routes>)>,
    worker: Option<Worker>,
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
        let rules = rules(config)?;
        ledger::migrate(&config.ledger.url).await?;
        let ledger = Ledger::open(&ledger_settings(config), rules, clock.clone()).await?;

        let per_second = config.limits.carrier_per_second;
        let carrier = Carrier::new(config.carrier.clone(), per_second, ledger.clone(), clock.clone());
        let limiter = Arc::new(Limiter::new(config.limits.partner_per_second));
        // Each surface has its own: a wrong signature costs nobody his token.
        let guesses = || {
            let per_second = config.limits.bad_signature_per_second;
            Guesses::new(per_second, config.carrier.trusted_proxies.clone())
        };
        let partners =
            Partners::new(&config.partner, Arc::clone(&limiter), guesses(), ledger.clone(), clock.clone());
        let providers = providers::build(&config.providers, &clock)?;
        let sender = Sender::new(config, &providers, ledger.clone(), clock.clone());
        let worker = || Worker::new(config, ledger.clone(), &providers, clock.clone(), sender.clone());
        let worker = config.worker.enabled.then(worker);
        let beat = worker.as_ref().map(Worker::beat);
        let flussonic = Arc::new(Flussonic::new(config, guesses(), ledger.clone(), clock.clone()));
        let parts = activation::Parts {
            ledger: ledger.clone(),
            clock: clock.clone(),
            pausing: providers::converging(&providers),
            sender,
            limiter,
            guesses: guesses(),
        };
        let surfaces = Surfaces {
            carrier: Arc::new(carrier),
            partners: Arc::new(partners),
            activation: Arc::new(Activation::new(config, parts)),
            flussonic,
            admin: Arc::new(Admin::new(&config.admin, guesses(), ledger.clone(), clock, recorder, beat)),
        };
        let listeners = listeners(config, sockets, surfaces)?;
        warn_of_descriptors(config.server.connections_max, listeners.len());
        Ok(Self { ledger, settings: settings(config), listeners, worker })
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
        if let Some(worker) = self.worker {
            serving.spawn(lifelines.hold("worker").until(stop.clone(), worker.run(stop.clone())));
        }
        for (listener, routes) in self.listeners {
            let handler = move |request| {
                let routes = Arc::clone(&routes);
                async move { routes.answer(request).await }
            };
            let serve = server::serve(listener, self.settings.clone(), stop.clone(), handler);
            serving.spawn(lifelines.hold("listener").until(stop.clone(), serve));
        }
        let all = async move { while serving.join_next().await.is_some() {} };
        run_until(stop, within, all, &self.ledger).await
    }
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
    mut stop: watch::Receiver<bool>,
    within: Duration,
    running: impl Future<Output = ()>,
    ledger: &Ledger,
) -> Result<(), Fallen> {
    let late = async {
        // Without its sender it is a stop too.
        let _ = stop.wait_for(|stop| *stop).await;
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
pub fn rules(config: &Config) -> Result<Rules, StartError> {
    let grace_days = config.carrier.renewal_grace_days;
    let catalog =
        Catalog::load(&config.catalog, &config.providers, grace_days).map_err(StartError::Catalog)?;
    let failed = match config.carrier.failed_result {
        FailedResult::Hold => Failed::Hold,
        FailedResult::Apply => Failed::Apply,
        FailedResult::Ignore => Failed::Ignore,
    };
    Ok(Rules {
        catalog: Arc::new(catalog),
        book: TermsBook::default(),
        policy: Policy { failed, record_only: config.carrier.record_only },
        utc_offset: config.carrier.utc_offset,
    })
}

fn listeners(
    config: &Config,
    mut sockets: Sockets,
    surfaces: Surfaces,
) -> Result<Vec<(TcpListener, Arc<Routes>)>, StartError> {
    let on_carrier = open("carrier", &mut sockets, config.carrier.listen)?;
    let on_main = open("main", &mut sockets, Some(config.server.listen))?;
    let on_admin = open("admin", &mut sockets, Some(config.admin.listen))?;
    if let Some(name) = sockets.left() {
        return Err(StartError::NoSurface(name.to_owned()));
    }
    if config.admin.token.is_none() {
        refuse_exposed(&on_admin)?;
    }
    let apart = !on_carrier.is_empty();
    let Surfaces { carrier, partners, activation, flussonic, admin } = surfaces;
    let on_main_too = (!apart).then(|| Arc::clone(&carrier));
    let main = Routes::main(on_main_too, partners, activation, flussonic, Arc::clone(&admin));
    let mut listeners = serving(on_carrier, Routes::carrier(carrier, Arc::clone(&admin)));
    listeners.extend(serving(on_main, main));
    listeners.extend(serving(on_admin, Routes::admin(admin)));
    Ok(listeners)
}

/// The sockets passed for a surface; where there are none, one of our own at `address`.
fn open(
    surface: &'static str,
    sockets: &mut Sockets,
    address: Option<SocketAddr>,
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
        tracing::info!(surface, %address, "{what}");
    }
    Ok(listeners)
}

/// Without a token, only this machine may reach the admin surface. The settings' own address was
/// checked with them.
fn refuse_exposed(listeners: &[TcpListener]) -> Result<(), StartError> {
    let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok());
    match addresses.into_iter().find(|address| !address.ip().to_canonical().is_loopback()) {
        Some(address) => Err(StartError::Exposed(address)),
        None => Ok(()),
    }
}

fn serving(listeners: Vec<TcpListener>, routes: Routes) -> Vec<(TcpListener, Arc<Routes>)> {
    let routes = Arc::new(routes);
    listeners.into_iter().map(|listener| (listener, Arc::clone(&routes))).collect()
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
