//! Tells the ledger that this gateway runs and what it judges by, for the commands beside it.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::ledger::Ledger;
use crate::telemetry::Chain;

/// How often: several times in the time after which a silent gateway counts as gone.
const EVERY: Duration = Duration::from_secs(10);

/// How long a stop waits for the last word.
const LAST_WORD_MAX: Duration = Duration::from_secs(1);

/// A gateway, as the ledger knows it.
#[derive(Clone)]
pub(super) struct Presence {
    ledger: Ledger,
    name: String,
}

impl Presence {
    /// Of a gateway that listens there. Its name is the same after a restart, so that one that was killed is not
    /// taken for two.
    pub(super) fn new(ledger: Ledger, address: Option<SocketAddr>) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        let name = address.map_or_else(|| host.clone(), |address| format!("{host} {address}"));
        Self { ledger, name }
    }

    /// Says so now, and whether others judge otherwise.
    pub(super) async fn announce(&self) {
        if let Err(error) = self.ledger.announce(&self.name).await {
            tracing::warn!(error = %Chain(&error), "other processes cannot be told which catalog is in force");
            return;
        }
        let (own, others) = (self.ledger.fingerprint(), self.ledger.gateways().await.unwrap_or_default());
        for other in others.iter().filter(|other| other.rules != own) {
            let (gateway, rules, version) = (&other.name, &other.rules, &other.version);
            tracing::warn!(
                gateway,
                version,
                rules,
                own,
                "another gateway on this ledger judges by another catalog or other [carrier] settings"
            );
        }
    }

    /// What would become of notices that are kept without effect is foreseen by the rules that came into force.
    pub(super) async fn foresee(&self) {
        match self.ledger.foresee_again().await {
            Ok(0) => {}
            Ok(notices) => {
                tracing::info!(notices, "foreseen anew: what would become of notices kept without effect")
            }
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "not foreseen: what would become of notices")
            }
        }
    }

    /// Says so every so often, until `stop`; then that it has stopped.
    pub(super) async fn keep(self, mut stop: watch::Receiver<bool>) {
        // Beside everything else: it may be long, and is begun again where it is broken off.
        let own = self.clone();
        let foreseeing = tokio::spawn(async move { own.foresee().await });
        loop {
            tokio::select! {
                // Without its sender it is a stop too.
                _ = stop.wait_for(|stop| *stop) => break,
                () = sleep(EVERY) => {}
            }
            // A ledger that fails is told of by those who need it.
            let _ = self.ledger.announce(&self.name).await;
        }
        foreseeing.abort();
        let _ = timeout(LAST_WORD_MAX, self.ledger.leave(&self.name)).await;
    }
}
