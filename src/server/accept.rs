//! The accept loop: takes connections, keeps the caps, survives want of file descriptors, and at
//! the stop signal sees every connection out.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use super::connection::{LAST_CALL, Link, run};
use super::fault::Faults;
use super::slots::{Full, Slots};
use super::{Answering, Request, Settings};
use crate::limits::{Sampler, Suppressed};
use crate::telemetry::ServerMeters;

/// How long to wait after an accept failed for want of something, before trying again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// At most one line per cause in this time.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Connections still taken from the kernel's queue when the stop signal comes.
const LAST_ACCEPTS_MAX: usize = 4096;

/// Serves `listener` until `stop` becomes true (or its sender is dropped), then takes no more
/// connections, closes idle ones, answers requests in progress with `Connection: close`, and
/// returns when all are gone or `shutdown_timeout` has passed. A panic in `handler` costs its
/// connection alone. `handler` only begins an answer; it must not block.
pub async fn serve<H, F>(listener: TcpListener, settings: Settings, stop: watch::Receiver<bool>, handler: H)
where
    H: Fn(Request) -> F + Clone + Send + 'static,
    F: Into<Answering> + 'static,
{
    let mut gate = Gate::new(settings, stop.clone(), handler);
    let mut stopped = pin!(stopped(stop));
    loop {
        tokio::select! {
            biased;
            () = &mut stopped => break,
            Some(ended) = gate.connections.join_next() => gate.note(ended),
            accepted = listener.accept() => gate.accepted(accepted).await,
        }
    }
    gate.last_accepts(&listener).await;
    drop(listener);
    gate.see_out().await;
}

/// Returns when the signal says stop.
pub(super) async fn stopped(mut stop: watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

struct Gate<H> {
    settings: Arc<Settings>,
    slots: Arc<Slots>,
    stop: watch::Receiver<bool>,
    handler: H,
    connections: JoinSet<()>,
    refusals: Sampler,
    failures: Sampler,
    faults: Arc<Faults>,
}

impl<H, F> Gate<H>
where
    H: Fn(Request) -> F + Clone + Send + 'static,
    F: Into<Answering> + 'static,
{
    fn new(settings: Settings, stop: watch::Receiver<bool>, handler: H) -> Self {
        let (total, per_address) = (settings.connections_max, settings.connections_per_address_max);
        Self {
            slots: Arc::new(Slots::new(
                total,
                per_address,
                settings.shared_addresses.clone(),
                ServerMeters::new(),
            )),
            settings: Arc::new(settings),
            stop,
            handler,
            connections: JoinSet::new(),
            refusals: Sampler::every(LOG_EVERY),
            failures: Sampler::every(LOG_EVERY),
            faults: Arc::new(Faults::new()),
        }
    }

    async fn accepted(&mut self, accepted: io::Result<(TcpStream, SocketAddr)>) {
        match accepted {
            Ok((stream, peer)) => self.admit(stream, peer),
            Err(error) => self.failed(&error).await,
        }
    }

    fn admit(&mut self, stream: TcpStream, peer: SocketAddr) {
        let address = peer.ip().to_canonical();
        let slot = match self.slots.take(address) {
            Ok(slot) => slot,
            Err(full) => return self.refuse(full),
        };
        // Answers are written whole; a socket that refuses this works, only later.
        let _ = stream.set_nodelay(true);
        let link = Link::new(slot, address, Arc::clone(&self.settings), Arc::clone(&self.faults));
        self.connections.spawn(run(stream, link, self.stop.clone(), self.handler.clone()));
    }

    fn refuse(&self, full: Full) {
        let (counter, key) = match full {
            Full::Total => (&self.slots.meters.refused_total, "server.connections_max"),
            Full::Address => (&self.slots.meters.refused_address, "server.connections_per_address_max"),
        };
        counter.increment(1);
        if let Some(Suppressed(suppressed)) = self.refusals.admit(Instant::now()) {
            warn!(setting = key, suppressed, "connection refused: too many");
        }
    }

    /// A client that hung up before it was accepted needs no pause; want of descriptors or memory
    /// does, and an idle connection given up may end it.
    async fn failed(&self, error: &io::Error) {
        self.slots.meters.accept_errors.increment(1);
        if matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) {
            return;
        }
        if let Some(Suppressed(suppressed)) = self.failures.admit(Instant::now()) {
            error!(%error, suppressed, "accepting a connection failed; going on");
        }
        self.slots.evict();
        sleep(ACCEPT_PAUSE).await;
    }

    fn note(&self, ended: Result<(), JoinError>) {
        if let Err(panic) = ended
            && panic.is_panic()
        {
            self.slots.meters.panics.increment(1);
            error!("a request handler panicked; its connection is closed");
        }
    }

    /// Clients in the kernel's queue have connected and may have sent a request. The pause lets
    /// the runtime hear of those that came just before the signal.
    async fn last_accepts(&mut self, listener: &TcpListener) {
        let mut over = pin!(sleep(LAST_CALL));
        for _ in 0..LAST_ACCEPTS_MAX {
            tokio::select! {
                biased;
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.admit(stream, peer),
                    Err(_) => return,
                },
                () = &mut over => return,
            }
        }
    }

    async fn see_out(&mut self) {
        let within = self.settings.shutdown_timeout;
        let all_gone = async {
            while let Some(ended) = self.connections.join_next().await {
                self.note(ended);
            }
        };
        if timeout(within, all_gone).await.is_err() {
            info!(dropped = self.connections.len(), "stopping: requests still in progress are dropped");
            self.connections.shutdown().await;
        }
    }
}
