//! The two systems that a command talks to: which provider is meant, and a client of each. Leaves what is said
//! to the commands.

use std::time::Duration;

use clap::error::ErrorKind;
use tokio::time::Instant;

use super::super::{Failure, wrong_usage};
use super::told;
use crate::config::{BillingRemote, Config, WatcherRemote};
use crate::providers::{self, ClientError, billing, watcher};

/// A list of many pages is read no longer; each page within the provider's `timeout_ms`.
const PATIENCE: Duration = Duration::from_secs(600);

/// Watcher, and billing where the settings have it.
pub(super) struct Systems {
    pub(super) name: String,
    pub(super) settings: WatcherRemote,
    pub(super) watcher: watcher::Client,
    billing: Option<(BillingRemote, billing::Client)>,
}

impl Systems {
    /// Of the provider that is named, or of the only one of kind `watcher`.
    pub(super) fn of(config: &Config, named: Option<&str>) -> Result<Self, Failure> {
        let names: Vec<&str> = providers::those(&config.providers, |can| can.plays).collect();
        let name = match (named, &names[..]) {
            (_, []) => return Err(told("the settings have no provider of kind watcher")),
            (Some(named), names) if names.contains(&named) => named,
            (Some(named), names) => {
                let what =
                    format!("--provider {named}: the providers of kind watcher are {}", names.join(", "));
                wrong_usage(ErrorKind::InvalidValue, &what)
            }
            (None, [only]) => *only,
            (None, names) => {
                let what = format!("--provider is needed: there are {}", names.join(", "));
                wrong_usage(ErrorKind::MissingRequiredArgument, &what)
            }
        };
        let provider = &config.providers[name];
        let settings = provider.watcher().ok_or(ClientError::Incomplete)?;
        let billing = match provider.billing() {
            Some(settings) => {
                let client = billing::Client::new(name, &settings)?;
                Some((settings, client))
            }
            None => None,
        };
        let watcher = watcher::Client::new(name, &settings)?;
        Ok(Self { name: name.to_owned(), settings, watcher, billing })
    }

    /// When what begins now has to be over; each call of it within the provider's `timeout_ms`.
    pub(super) fn deadline() -> Instant {
        Instant::now() + PATIENCE
    }

    /// Billing, where there is one.
    pub(super) fn any_billing(&self) -> Option<&billing::Client> {
        self.billing.as_ref().map(|(_, client)| client)
    }

    /// Billing, which the command cannot do without.
    pub(super) fn billing(&self) -> Result<&billing::Client, Failure> {
        let what = || told(&format!("this needs billing: set [providers.{}.billing]", self.name));
        self.any_billing().ok_or_else(what)
    }

    /// Who owns organizations that nobody else is named for.
    pub(super) fn owner(&self) -> Option<&str> {
        self.billing.as_ref().and_then(|(settings, _)| settings.owner.as_deref())
    }
}
