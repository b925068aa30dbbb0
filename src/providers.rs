//! Who carries out what was granted. Providers translate: a task into calls of their own, and what came
//! of them into a word of theirs. They see no ledger and decide nothing: the worker does, and the ledger
//! remembers.
//!
//! A new kind: its file here with the same `send`, its arms in [`can`] and [`build_one`], its keys in
//! `config/provider.rs`. What a provider needs to know is in the task; what it needs to have is handed
//! to [`build_one`]. The clients of [`watcher`] and [`billing`] are used by the commands too.
//!
//! ```text
//! state    who keeps a state, and how all of it is looked through;  paced: at which rate
//! said     what an answer says of the call, whatever its status
//! rest     one call of a JSON system; whether a refusal is about one thing or about our key
//! loose    numbers for booleans, `0` for none, rows that cannot be read
//! fault    why a call did not come about;  outcome: what came of an attempt at a task
//! ```

pub mod activation;
mod attempted;
pub mod billing;
mod errand;
mod fault;
mod local;
mod loose;
mod paced;
mod rest;
mod said;
mod scripted;
mod state;
pub mod watcher;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

pub use crate::service::change::Action;
pub use attempted::{Attempted, CodeFault, Fulfilled, Why};
pub use errand::{Doubt, Errand};
pub use fault::Fault;
pub use local::Local;
pub use scripted::Scripted;
pub use state::{Calling, Difference, KeepsState, Look, Page, Survey};

use crate::clock::Clock;
use crate::config::{self, Mode, ProviderKind};
pub use crate::http::ClientError;

/// An attempt under way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Attempted> + Send + 'a>>;

/// Who carries out grants.
pub trait Provider: Send + Sync {
    /// Makes one attempt at a task, within the provider's `timeout_ms`. Every failure is an outcome;
    /// dropping the future leaves a task [`Doubt::Possible`].
    fn send<'a>(&'a self, task: &'a Errand) -> Sending<'a>;

    /// Takes the secrets of new settings, which agree with its own in everything else: for calls that begin from
    /// now on.
    ///
    /// # Errors
    /// [`ClientError`]; then it goes on with its old ones.
    fn renew(&self, _settings: &config::Provider) -> Result<(), ClientError> {
        Ok(())
    }

    /// The state that it keeps, for whoever compares all of it; none where it [`can`] keep none.
    fn keeps_state(&self) -> Option<&dyn KeepsState> {
        None
    }
}

/// What a provider can.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Can {
    /// Has its tasks done elsewhere: as many at once, and in a second, as its settings say.
    pub sends: bool,
    /// Takes a code out of stock for a beginning or a change.
    pub takes_codes: bool,
    /// Brings about what should be on a device by now ([`Errand::wanted`]), whatever a task asks for: order, repeats and
    /// failures of tasks change no end state then. Such a one can stop and resume what was paid, and codes for its
    /// services are redeemed with us alone.
    pub keeps_state: bool,
    /// Plays what its cameras see.
    pub plays: bool,
}

/// What the provider of these settings can.
#[must_use]
pub fn can(settings: &config::Provider) -> Can {
    match settings.kind {
        ProviderKind::Local => Can::default(),
        ProviderKind::Scripted => Can { sends: true, ..Can::default() },
        ProviderKind::Activation => {
            let takes_codes = settings.activation().is_some_and(|remote| remote.mode == Mode::Code);
            Can { sends: true, takes_codes, ..Can::default() }
        }
        ProviderKind::Watcher => Can { sends: true, takes_codes: false, keeps_state: true, plays: true },
    }
}

/// The names of those that can something.
pub fn those<'s>(
    settings: &'s BTreeMap<String, config::Provider>,
    what: impl Fn(Can) -> bool + 's,
) -> impl Iterator<Item = &'s str> {
    settings.iter().filter(move |(_, settings)| what(can(settings))).map(|(name, _)| name.as_str())
}

/// The providers by name; `local` is always among them.
pub type Providers = BTreeMap<String, Arc<dyn Provider>>;

/// Builds the providers of the settings.
///
/// # Errors
/// As [`build_one`].
pub fn build(settings: &BTreeMap<String, config::Provider>, clock: &Clock) -> Result<Providers, ClientError> {
    let mut providers = Providers::from([("local".to_owned(), Arc::new(Local) as Arc<dyn Provider>)]);
    for (name, settings) in settings {
        providers.insert(name.clone(), build_one(name, settings, clock)?);
    }
    Ok(providers)
}

/// Builds one provider.
///
/// # Errors
/// [`ClientError`] where a remote system's client cannot be built: this machine has no certificates
/// to trust, for one.
pub fn build_one(
    name: &str,
    settings: &config::Provider,
    clock: &Clock,
) -> Result<Arc<dyn Provider>, ClientError> {
    Ok(match settings.kind {
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
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_can_keep_a_state_says_so_of_it() {
        let watcher = config::Provider {
            kind: ProviderKind::Watcher,
            base_url: Some("http://127.0.0.1:1".to_owned()),
            api_key: Some("not-a-real-key".to_owned().into()),
            default_preset_id: Some(391),
            login_domain: Some("sdp.example".to_owned()),
            ..config::Provider::default()
        };
        let scripted = config::Provider { kind: ProviderKind::Scripted, ..config::Provider::default() };
        for settings in [config::Provider::default(), scripted, watcher] {
            let built = build_one("test", &settings, &Clock::system()).expect("a provider");
            assert_eq!(built.keeps_state().is_some(), can(&settings).keeps_state, "{:?}", settings.kind);
        }
    }
}
