//! The remote system with the activation-code API: redeems codes of its own that our stock holds, or
//! places orders there (setting `mode`). One attempt is a few calls under one deadline, and whatever may
//! have reached the other side is looked up before it is repeated.
//!
//! ```text
//! redeem, order   the two ways, each a short story of calls
//! look            what the other side says happened
//! call, base      one signed call, and where it goes
//! code            what a result code means for a task
//! ```

mod base;
mod call;
mod code;
mod look;
mod order;
mod redeem;

use std::time::Duration;

use tokio::time::Instant;

use super::{Action, Attempted, ClientError, Errand, Fulfilled, Provider, Sending};
use crate::clock::Clock;
use crate::config::{self, ActivationRemote, Mode};
use call::Remote;

/// What an operator reads where a redeemed code's service was to end.
const RUNS_OUT: &str = "a redeemed code cannot be taken back: the service there runs out by itself";

/// A provider of kind `activation`.
pub struct Activation(Remote);

impl Activation {
    /// Builds the client; nothing is called yet. `name` is for the log.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(name: &str, settings: ActivationRemote, clock: Clock) -> Result<Self, ClientError> {
        Remote::new(name, settings, clock).map(Self)
    }

    async fn attempt(&self, task: &Errand) -> Attempted {
        let remote = &self.0;
        let timeout = Duration::from_millis(u64::from(remote.settings.timeout_ms));
        let deadline = Instant::now() + timeout;
        match (remote.settings.mode, task.action) {
            (Mode::Code, Action::Begin | Action::Change) => redeem::redeem(remote, task, deadline).await,
            (Mode::Code, Action::End) => {
                Attempted::Done(Fulfilled { note: Some(RUNS_OUT), ..Fulfilled::default() })
            }
            (Mode::Order, Action::Begin | Action::Change) => order::create(remote, task, deadline).await,
            (Mode::Order, Action::End) => order::cancel(remote, task, deadline).await,
        }
    }
}

impl Provider for Activation {
    fn send<'a>(&'a self, task: &'a Errand) -> Sending<'a> {
        Box::pin(self.attempt(task))
    }

    fn renew(&self, settings: &config::Provider) -> Result<(), ClientError> {
        let remote = settings.activation().ok_or(ClientError::Incomplete)?;
        self.0.renew(remote.partner_secret);
        Ok(())
    }
}
