//! Takes new settings while the gateway runs: all of what can be taken, or nothing of it.
//!
//! ```text
//! read      the settings again, secrets included, and the catalog     config, catalog
//! refuse    where anything is wrong: what was in force stays, and the log says why
//! renew     the secrets of providers and payments, the rules of the ledger, the doors to the surfaces
//! ```
//!
//! Catalog, secrets, callers, partners and limits come into force; listeners, the ledger, the worker and what else
//! takes a restart is named.

use tokio::sync::Mutex;

use super::presence::Presence;
use super::rules;
use super::surfaces::{Doors, Parts};
use crate::config::{Config, Faults};
use crate::ledger::OpenError;
use crate::payments::BuildError;
use crate::providers::{ClientError, Providers};
use crate::systemd;
use crate::telemetry::Chain;

/// Takes new settings.
pub struct Reload {
    pub(super) parts: Parts,
    pub(super) doors: Doors,
    pub(super) presence: Presence,
    /// Whether an admin listener can be reached from elsewhere: then there must be a token.
    pub(super) is_exposed: bool,
    /// The settings in force.
    pub(super) running: Mutex<Config>,
}

/// Why new settings were not taken.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{0}")]
    Faults(Faults),
    #[error("an admin listener is not loopback: admin.token must stay")]
    Exposed,
    #[error("a provider's client cannot be built")]
    Provider(#[source] ClientError),
    #[error("payments cannot be set up")]
    Payments(#[source] BuildError),
    #[error("the ledger does not take the catalog")]
    Ledger(#[source] OpenError),
}

impl Reload {
    /// Takes what was `read`. Where it has faults, or the ledger cannot be reached, what was in force stays.
    pub async fn take(&self, read: Result<Config, Faults>) {
        systemd::reloading();
        let took = match read {
            Ok(read) => self.put_in_force(read).await,
            Err(faults) => Err(Refused::Faults(faults)),
        };
        systemd::ready();
        match took {
            Ok(()) => self.presence.foresee().await,
            Err(refused) => refused.tell(),
        }
    }

    async fn put_in_force(&self, read: Config) -> Result<(), Refused> {
        let mut running = self.running.lock().await;
        let (taken, left) = running.renewed(&read);
        if self.is_exposed && taken.admin.token.is_none() {
            return Err(Refused::Exposed);
        }
        let rules = rules(&taken).map_err(Refused::Faults)?;
        let (offers, fingerprint) = (rules.catalog.offers().len(), rules.fingerprint().to_owned());
        renew_providers(&self.parts.providers, &taken).map_err(Refused::Provider)?;
        self.parts.payments.renew(&taken.payments).map_err(Refused::Payments)?;
        self.parts.ledger.put_in_force(rules).await.map_err(Refused::Ledger)?;
        self.doors.renew(&self.parts, &taken);
        *running = taken;
        tracing::info!(offers, rules = fingerprint, "reloaded: catalog, secrets, callers and limits");
        tell_left(&left);
        self.presence.announce().await;
        Ok(())
    }
}

/// Has the providers use the secrets of these settings.
///
/// # Errors
/// [`ClientError`] of the first that cannot; it and those after it go on with their old ones.
pub fn renew_providers(providers: &Providers, settings: &Config) -> Result<(), ClientError> {
    let known =
        providers.iter().filter_map(|(name, provider)| Some((provider, settings.providers.get(name)?)));
    known.into_iter().try_for_each(|(provider, settings)| provider.renew(settings))
}

/// Names the keys that take a restart.
pub fn tell_left(left: &[String]) {
    if !left.is_empty() {
        tracing::warn!(keys = left.join(", "), "changed in the settings, and not in force before a restart");
    }
}

/// Says what is wrong with settings that were to be taken.
pub fn tell_faults(faults: &Faults) {
    for fault in &faults.0 {
        tracing::error!("not reloaded: {fault}");
    }
}

impl Refused {
    fn tell(&self) {
        match self {
            Self::Faults(faults) => tell_faults(faults),
            other => tracing::error!(error = %Chain(other), "not reloaded"),
        }
        tracing::error!("not reloaded: what was in force stays in force");
    }
}
