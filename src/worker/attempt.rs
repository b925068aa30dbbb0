//! One attempt at one task: its code is drawn where it needs one, its provider is asked, and what came of
//! it is decided what follows, and settled. Runs beside all other attempts.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::errand::{Unfit, errand};
use super::retry::{self, RetryPolicy};
use super::sender::Place;
use crate::clock::{Clock, Timestamp};
use crate::ledger::fulfil::{Claimed, Draw, Drawn, Settle, Settled};
use crate::ledger::{Ledger, NotKept};
use crate::outbox::{Settlement, Task, TaskAction};
use crate::providers;
use crate::stock::Code;
use crate::telemetry::{self, Chain};

/// How long a settling that failed rests before it is tried again; until the lease is over.
const SETTLE_PAUSE: Duration = Duration::from_millis(200);

/// What all attempts share.
pub(super) struct Shared {
    pub(super) ledger: Ledger,
    pub(super) clock: Clock,
    pub(super) policy: RetryPolicy,
}

/// An attempt that is to be made.
pub(super) struct Attempt {
    pub(super) shared: Arc<Shared>,
    pub(super) place: Place,
    pub(super) claimed: Claimed,
}

/// What is to be settled, if anything is.
type Step = Option<Settlement>;

impl Attempt {
    /// Makes it, and says when the task is due again. When `break_off` turns true, what is under way is left as it
    /// is and given back.
    pub(super) async fn make(mut self, break_off: watch::Receiver<bool>) -> Option<Timestamp> {
        let outcome = self.carry_out(break_off).await?;
        let due_at = retry::due_at(&outcome);
        self.settle(outcome).await;
        due_at
    }

    async fn carry_out(&mut self, break_off: watch::Receiver<bool>) -> Step {
        let task = &self.claimed.task;
        if self.shared.policy.is_spent(task.attempts) {
            return Some(Settlement::Dead { why: spent(task), doubt: false });
        }
        let is_issue = task.action == TaskAction::Issue;
        let takes_code = matches!(task.action, TaskAction::Begin | TaskAction::Change)
            && self.place.can.takes_codes
            && self.claimed.code.is_none();
        if is_issue || takes_code {
            match self.draw().await {
                Ok(code) => self.claimed.code = Some(code),
                Err(step) => return step,
            }
        }
        match errand(&self.claimed, self.shared.ledger.vault()) {
            Ok(errand) => self.send(&errand, break_off).await,
            Err(why @ Unfit::Nothing) => {
                Some(Settlement::Done { note: Some(why.to_string()), follow_up_at: None })
            }
            Err(why @ Unfit::Incomplete) => Some(Settlement::Dead { why: why.to_string(), doubt: false }),
            // An operator may set the key, and restart.
            Err(Unfit::Sealed(why)) => {
                let outcome = providers::Attempted::Again { why: providers::Why::new(why), after: None };
                Some(self.ruled(outcome))
            }
        }
    }

    /// A code for the task. Where there is none to go on with, what is to be settled, if anything is.
    async fn draw(&self) -> Result<Code, Step> {
        let task = &self.claimed.task;
        match self.shared.ledger.write(Draw { task: task.clone(), now: self.shared.clock.now() }).await {
            Ok(Drawn::Reserved(code)) => Ok(code),
            Ok(Drawn::Issued(_)) => {
                telemetry::task_attempt(&self.place.name, "done");
                Err(None)
            }
            Ok(Drawn::NotYours) => Err(None),
            Ok(Drawn::Empty) => {
                telemetry::task_attempt(&self.place.name, retry::class(&providers::Attempted::Waits));
                Err(Some(self.ruled(providers::Attempted::Waits)))
            }
            Err(error) => {
                tracing::warn!(task = task.id.0, error = %Chain(&error), "no code could be drawn");
                Err(Some(Settlement::GivenBack))
            }
        }
    }

    /// Asks the provider, for no longer than the lease lasts: afterwards the task may be another's.
    async fn send(&self, errand: &providers::Errand, mut break_off: watch::Receiver<bool>) -> Step {
        let outcome = tokio::select! {
            outcome = self.place.send(&self.claimed.task, errand) => outcome,
            () = told(&mut break_off) => return Some(Settlement::BrokenOff),
        };
        Some(outcome.map_or(Settlement::GivenBack, |outcome| self.ruled(outcome)))
    }

    fn ruled(&self, outcome: providers::Attempted) -> Settlement {
        let (chance, now) = (getrandom::u32().unwrap_or_default(), self.shared.clock.now());
        self.shared.policy.rule(outcome, self.claimed.task.attempts, chance, now)
    }

    /// Writes it down, again and again until the lease is over: then the task is taken up anew, in doubt.
    async fn settle(&self, outcome: Settlement) {
        let (task, shared) = (&self.claimed.task, &self.shared);
        if let Settlement::Dead { why, .. } = &outcome {
            tracing::warn!(task = task.id.0, provider = &*self.place.name, why, "a task is dead");
        }
        loop {
            let settle = Settle { task: task.clone(), outcome: outcome.clone(), now: shared.clock.now() };
            match shared.ledger.write(settle).await {
                Ok(Settled::Settled) => return,
                Ok(Settled::NotYours) => {
                    tracing::warn!(task = task.id.0, "a task was taken up by another before it was settled");
                    return;
                }
                Err(NotKept::Stopped) => return,
                Err(error) if shared.clock.now() >= task.due_at => {
                    tracing::error!(task = task.id.0, error = %Chain(&error), "a task could not be settled");
                    return;
                }
                Err(_) => sleep(SETTLE_PAUSE).await,
            }
        }
    }
}

fn spent(task: &Task) -> String {
    let why = task.last_error.as_deref().unwrap_or("the worker that had taken it up was gone");
    format!("given up after {} attempts: {why}", task.attempts)
}

/// Waits until it turns true.
async fn told(signal: &mut watch::Receiver<bool>) {
    if signal.wait_for(|is_told| *is_told).await.is_err() {
        // Nobody is left who could say so.
        std::future::pending().await
    }
}
