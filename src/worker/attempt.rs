//! One attempt at one task: its code is drawn where it needs one, its provider is asked, and what came of
//! it is judged and settled. Runs beside all other attempts.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::errand::{Unfit, errand};
use super::judge::{self, Policy, Verdict};
use crate::clock::{Clock, Timestamp};
use crate::ledger::fulfil::{Claimed, Drawn, Outcome, Settled, Task, TaskAction};
use crate::ledger::{Ledger, NotKept};
use crate::providers::{self, Provider};
use crate::telemetry::{self, Chain};

/// What a provider may take beyond its `timeout_ms`, which it keeps to itself, to say so.
const LATE_MAX: Duration = Duration::from_secs(1);

/// How long a settling that failed rests before it is tried again; until the lease is over.
const SETTLE_PAUSE: Duration = Duration::from_millis(200);

/// What all attempts share.
pub(super) struct Shared {
    pub(super) ledger: Ledger,
    pub(super) clock: Clock,
    pub(super) policy: Policy,
}

/// An attempt that is to be made.
pub(super) struct Attempt {
    pub(super) shared: Arc<Shared>,
    pub(super) name: Arc<str>,
    pub(super) provider: Arc<dyn Provider>,
    pub(super) timeout: Duration,
    pub(super) is_remote: bool,
    pub(super) claimed: Claimed,
}

/// What the dispatch has to know of it.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) verdict: Verdict,
    /// When the task is due again.
    pub(super) due_at: Option<Timestamp>,
}

/// What is to be settled, if anything is, and what it says of the provider.
type Step = (Option<Outcome>, Verdict);

impl Attempt {
    /// Makes it. When `break_off` turns true, what is under way is left as it is and given back.
    pub(super) async fn make(mut self, break_off: watch::Receiver<bool>) -> Ended {
        let (outcome, verdict) = self.carry_out(break_off).await;
        let due_at = outcome.as_ref().and_then(judge::due_at);
        if let Some(outcome) = outcome {
            self.settle(outcome).await;
        }
        Ended { verdict, due_at }
    }

    async fn carry_out(&mut self, break_off: watch::Receiver<bool>) -> Step {
        let task = &self.claimed.task;
        if self.shared.policy.is_spent(task.attempts) {
            return unasked(Outcome::Dead { why: spent(task), doubt: false });
        }
        let is_issue = task.action == TaskAction::Issue;
        let takes_code = matches!(task.action, TaskAction::Begin | TaskAction::Change)
            && self.provider.takes_codes()
            && self.claimed.code.is_none();
        if is_issue || takes_code {
            match self.draw().await {
                Ok(code) => self.claimed.code = Some(code),
                Err(step) => return (step, Verdict::Unasked),
            }
        }
        match errand(&self.claimed, self.shared.ledger.vault()) {
            Ok(errand) => self.send(&errand, break_off).await,
            Err(Unfit::Nothing) => {
                let note = Some("nothing had begun there".to_owned());
                unasked(Outcome::Done { note, follow_up_at: None })
            }
            Err(Unfit::Incomplete) => {
                let why = "the task names no device or no account".to_owned();
                unasked(Outcome::Dead { why, doubt: false })
            }
            // An operator may set the key, and restart.
            Err(Unfit::Sealed(why)) => {
                let outcome = providers::Outcome::Again { why: providers::Why::new(why), after: None };
                unasked(self.judge(outcome))
            }
        }
    }

    /// A code for the task. Where there is none to go on with, what is to be settled, if anything is.
    async fn draw(&self) -> Result<crate::ledger::fulfil::Code, Option<Outcome>> {
        let task = &self.claimed.task;
        match self.shared.ledger.draw(task, self.shared.clock.now()).await {
            Ok(Drawn::Reserved(code)) => Ok(code),
            Ok(Drawn::Issued(_)) => {
                telemetry::task_attempt(&self.name, "done");
                Err(None)
            }
            Ok(Drawn::NotYours) => Err(None),
            Ok(Drawn::Empty) => {
                telemetry::task_attempt(&self.name, judge::class(&providers::Outcome::Waits));
                Err(Some(self.judge(providers::Outcome::Waits)))
            }
            Err(error) => {
                tracing::warn!(task = task.id.0, error = %Chain(&error), "no code could be drawn");
                Err(Some(Outcome::GivenBack))
            }
        }
    }

    /// Asks the provider, for no longer than the lease lasts: afterwards the task may be another's.
    async fn send(&self, errand: &providers::Task, mut break_off: watch::Receiver<bool>) -> Step {
        let lasts = self.lease_left() * 9 / 10;
        if lasts.is_zero() {
            return unasked(Outcome::GivenBack);
        }
        let began = Instant::now();
        let budget = lasts.min(self.timeout + LATE_MAX);
        let outcome = tokio::select! {
            outcome = timeout(budget, self.provider.send(errand)) => outcome,
            () = told(&mut break_off) => return unasked(Outcome::BrokenOff),
        };
        let outcome = outcome.unwrap_or_else(|_| {
            let text = format!("no outcome within {} ms", budget.as_millis());
            providers::Outcome::Unknown(providers::Why::new(text))
        });
        self.tell(&outcome, began.elapsed());
        let verdict = judge::verdict(&outcome);
        (Some(self.judge(outcome)), verdict)
    }

    fn judge(&self, outcome: providers::Outcome) -> Outcome {
        let (chance, now) = (getrandom::u32().unwrap_or_default(), self.shared.clock.now());
        self.shared.policy.judge(outcome, self.claimed.task.attempts, chance, now)
    }

    /// One line for each call, and the meters. What sends nothing is worth no line.
    fn tell(&self, outcome: &providers::Outcome, took: Duration) {
        let (task, class) = (&self.claimed.task, judge::class(outcome));
        telemetry::task_attempt(&self.name, class);
        telemetry::task_sent(&self.name, took);
        if self.is_remote {
            let why = match judge::verdict(outcome) {
                Verdict::Failed(why) => Some(why),
                _ => None,
            };
            tracing::info!(
                task = task.id.0,
                provider = &*self.name,
                action = task.action.word(),
                msisdn = task.msisdn.as_ref().map(tracing::field::display),
                attempt = task.attempts.saturating_add(1),
                class,
                why,
                took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "task sent"
            );
        }
    }

    /// Writes it down, again and again until the lease is over: then the task is taken up anew, in doubt.
    async fn settle(&self, outcome: Outcome) {
        let (task, shared) = (&self.claimed.task, &self.shared);
        if let Outcome::Dead { why, .. } = &outcome {
            tracing::warn!(task = task.id.0, provider = &*self.name, why, "a task is dead");
        }
        loop {
            match shared.ledger.settle(task, outcome.clone(), shared.clock.now()).await {
                Ok(Settled::Settled) => return,
                Ok(Settled::NotYours) => {
                    tracing::warn!(task = task.id.0, "a task was taken up by another before it was settled");
                    return;
                }
                Err(NotKept::Stopped) => return,
                Err(error) if self.lease_left().is_zero() => {
                    tracing::error!(task = task.id.0, error = %Chain(&error), "a task could not be settled");
                    return;
                }
                Err(_) => sleep(SETTLE_PAUSE).await,
            }
        }
    }

    fn lease_left(&self) -> Duration {
        let left = self.claimed.task.due_at.0.saturating_sub(self.shared.clock.now().0);
        Duration::from_millis(u64::try_from(left).unwrap_or(0))
    }
}

fn unasked(outcome: Outcome) -> Step {
    (Some(outcome), Verdict::Unasked)
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
