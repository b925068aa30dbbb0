//! Who carries out what was granted. Providers translate: a task into calls of their own, and what came
//! of them into an outcome. They see no ledger and judge nothing: the worker does, and the ledger
//! remembers.
//!
//! A new kind: its file here with the same `send`, its arm in [`build`], its keys in
//! `config/provider.rs`. What a provider needs to know is in the task; what it needs to have is handed
//! to [`build`]. The clients of [`watcher`] and [`billing`] are used by the commands too.
//!
//! ```text
//! http     one request: bounded, never redirected
//! said     what an answer says of the call, whatever its status
//! rest     one call of a JSON system; whether a refusal is about one thing or about our key
//! loose    numbers for booleans, `0` for none, rows that cannot be read
//! fault    why a call did not come about;  outcome: what came of an attempt at a task
//! ```

pub mod activation;
pub mod billing;
mod fault;
mod http;
mod local;
mod loose;
mod outcome;
mod rest;
mod said;
mod scripted;
mod task;
pub mod watcher;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;

pub use crate::service::change::Action;
pub use fault::Fault;
pub use http::ClientError;
pub use local::Local;
pub use outcome::{CodeFault, Outcome, Settled, Why};
pub use scripted::Scripted;
pub use task::{Doubt, Task};

use crate::clock::Clock;
use crate::config::{self, ProviderKind};

/// An attempt under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// Who carries out grants.
pub trait Provider: Send + Sync {
    /// Makes one attempt at a task, within the provider's `timeout_ms`. Every failure is an outcome;
    /// dropping the future leaves a task [`Doubt::Possible`].
    fn send<'a>(&'a self, task: &'a Task) -> Sending<'a>;

    /// Whether a beginning or a change takes a code out of stock.
    fn takes_codes(&self) -> bool {
        false
    }

    /// Whether it brings about what should be on a device by now ([`Task::wanted`]), whatever a task asks
    /// for: order, repeats and failures of tasks change no end state then. Such a one can stop and
    /// resume what was paid, and codes for its services are redeemed with us alone.
    fn converges(&self) -> bool {
        false
    }

    /// Takes the secrets of new settings, which agree with its own in everything else: for calls that begin from
    /// now on.
    ///
    /// # Errors
    /// [`ClientError`]; then it goes on with its old ones.
    fn renew(&self, _settings: &config::Provider) -> Result<(), ClientError> {
        Ok(())
    }

    /// The keeper of cameras that it is, for whoever compares all of them.
    fn keeper(&self) -> Option<&watcher::Keeper> {
        None
    }
}

/// The providers by name; `local` is always among them.
pub type Providers = BTreeMap<String, Arc<dyn Provider>>;

/// The names of those for whose services codes are ours alone: they stop and resume what was paid.
#[must_use]
pub fn converging(providers: &Providers) -> BTreeSet<String> {
    let own = |(name, provider): (&String, &Arc<dyn Provider>)| provider.converges().then(|| name.clone());
    providers.iter().filter_map(own).collect()
}

/// Builds the providers of the settings.
///
/// # Errors
/// [`ClientError`] where a remote system's client cannot be built: this machine has no certificates
/// to trust, for one.
pub fn build(settings: &BTreeMap<String, config::Provider>, clock: &Clock) -> Result<Providers, ClientError> {
    let mut providers = Providers::from([("local".to_owned(), Arc::new(Local) as Arc<dyn Provider>)]);
    for (name, settings) in settings {
        let provider: Arc<dyn Provider> = match settings.kind {
            ProviderKind::Local => Arc::new(Local),
            ProviderKind::Scripted => Arc::new(Scripted::new(settings.script.clone().unwrap_or_default())),
            ProviderKind::Activation => {
                let remote = settings.activation().ok_or(ClientError::Incomplete)?;
                Arc::new(activation::Activation::new(name, remote, clock.clone())?)
            }
            ProviderKind::Watcher => {
                let remote = settings.watcher().ok_or(ClientError::Incomplete)?;
                Arc::new(watcher::Keeper::new(name, remote, settings.billing(), clock.clone())?)
            }
        };
        providers.insert(name.clone(), provider);
    }
    Ok(providers)
}
