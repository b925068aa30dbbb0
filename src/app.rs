//! Builds the gateway from its settings, once, and runs it until it is told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::admin::Admin;
use crate::carrier::Carrier;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::{Config, FailedResult, Faults};
use crate::ledger::{self, Ledger, OpenError, Rules};
use crate::partner::Partners;
use crate::routes::Routes;
use crate::server;
use crate::subscription::judge::{Failed, Policy};
use crate::subscription::terms::TermsBook;
use crate::telemetry::Recorder;

/// Why the gateway could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The catalog has faults.
    #[error("{0}")]
    Catalog(Faults),
    /// The ledger cannot be used.
    #[error("the ledger cannot be opened")]
    Ledger(#[from] OpenError),
    /// An address cannot be listened on.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
}

/// The gateway, listening but not serving yet.
pub struct App {
    ledger: Ledger,
    settings: server::Settings,
    listeners: Vec<(TcpListener, Arc<Routes>)>,
}

impl App {
    /// Builds everything and binds every address. The ledger is made and migrated here.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build(config: &Config, clock: Clock, recorder: Recorder) -> Result<Self, StartError> {
        let url = config.ledger.url.to_string();
        let rules = rules(config)?;
        ledger::migrate(&url).await?;
        let ledger = Ledger::open(&ledger_settings(config), rules, clock.clone()).await?;

        let per_second = config.limits.carrier_per_second;
        let carrier = Carrier::new(config.carrier.clone(), per_second, ledger.clone(), clock.clone());
        let partners =
            Partners::new(&config.partner, config.limits.partner_per_second, ledger.clone(), clock.clone());
        let admin = Admin::new(&config.admin, ledger.clone(), clock, recorder);
        let listeners = listeners(config, Arc::new(carrier), Arc::new(partners), Arc::new(admin))?;
        Ok(Self { ledger, settings: settings(&config.server), listeners })
    }

    /// Serves until `stop` says so, then answers what was accepted, commits it and returns.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let mut serving = JoinSet::new();
        for (listener, routes) in self.listeners {
            let handler = move |request| {
                let routes = Arc::clone(&routes);
                async move { routes.answer(request).await }
            };
            serving.spawn(server::serve(listener, self.settings.clone(), stop.clone(), handler));
        }
        while serving.join_next().await.is_some() {}
        self.ledger.close().await;
        tracing::info!("stopped");
    }
}

/// The ledger's part of the settings.
#[must_use]
pub fn ledger_settings(config: &Config) -> ledger::Settings {
    ledger::Settings { url: config.ledger.url.to_string(), queue_max: config.ledger.queue_max }
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
    carrier: Arc<Carrier>,
    partners: Arc<Partners>,
    admin: Arc<Admin>,
) -> Result<Vec<(TcpListener, Arc<Routes>)>, StartError> {
    let mut listeners = Vec::new();
    let on_main = match config.carrier.listen {
        Some(address) => {
            listeners.push(listen("carrier", address, Routes::carrier(carrier))?);
            None
        }
        None => Some(carrier),
    };
    listeners.push(listen("main", config.server.listen, Routes::main(on_main, partners))?);
    listeners.push(listen("admin", config.admin.listen, Routes::admin(admin))?);
    Ok(listeners)
}

fn listen(
    surface: &str,
    address: SocketAddr,
    routes: Routes,
) -> Result<(TcpListener, Arc<Routes>), StartError> {
    let failed = |error| StartError::Listen(address, error);
    let listener = server::bind(address).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    tracing::info!(surface, %address, "listening");
    Ok((listener, Arc::new(routes)))
}

fn settings(config: &crate::config::Server) -> server::Settings {
    server::Settings {
        body_bytes_max: config.body_bytes_max,
        header_timeout: config.header_timeout(),
        request_timeout: config.request_timeout(),
        connections_max: config.connections_max,
        connections_per_address_max: config.connections_per_address_max,
        shutdown_timeout: config.shutdown_timeout(),
    }
}
