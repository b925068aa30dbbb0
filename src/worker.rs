//! Has providers carry out what is owed: claim → send → settle.
//!
//! ```text
//! dispatch   the loop: how much each provider can take, claimed on lease, an attempt for each task
//! sender     the one way out, for tasks and for redemptions that somebody waits for
//! lane       one provider's limits: concurrency, rate, breaker
//! attempt    one task: its code drawn, sent, ruled on, settled
//! retry      what follows from an outcome: done, another attempt, a dead letter
//! sweep      what begins and ends by itself, at its second
//! ```
//!
//! Providers translate, the worker decides, the ledger remembers: any number of workers share one, each
//! with limits of its own. A worker that dies leaves its tasks to their leases; they are taken up again
//! in doubt, and the provider looks before it repeats. A stop claims nothing more, waits a while for what is
//! under way, and gives the rest back without burning an attempt.

mod attempt;
mod backoff;
mod breaker;
mod dispatch;
mod errand;
mod lane;
mod pace;
mod retry;
mod sender;
mod sweep;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::Config;
use crate::ledger::Ledger;
use crate::providers::Providers;
use crate::reconcile::Comparison;
use crate::telemetry;
use attempt::Shared;
use backoff::Backoff;
use dispatch::{Dispatch, Terms};
pub use errand::{Unfit, errand};
use retry::RetryPolicy;
pub use sender::{NoPlace, Sender};

/// How long the stock is left alone that had no code for a task; less where pauses are set shorter.
const STOCK_PAUSE: Duration = Duration::from_secs(30);

/// The worker of a process.
pub struct Worker {
    dispatch: Dispatch,
    comparisons: Vec<Comparison>,
    ledger: Ledger,
    clock: Clock,
    beat: Beat,
}

/// When a worker last got through its round. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Beat(Arc<Mutex<Option<Instant>>>);

impl Worker {
    /// Builds it from its settings.
    #[must_use]
    pub fn new(config: &Config, ledger: Ledger, providers: &Providers, clock: Clock, sender: Sender) -> Self {
        let backoff = Backoff {
            min: Duration::from_millis(config.worker.backoff_ms_min.into()),
            max: Duration::from_secs(config.worker.backoff_s_max.into()),
        };
        let stock_pause = STOCK_PAUSE.min(backoff.max);
        let policy = RetryPolicy { attempts_max: config.worker.attempts_max, backoff, stock_pause };
        for (name, provider) in providers {
            telemetry::zero_provider(name, provider.keeps_state().is_some());
        }
        let comparisons = Comparison::of(providers);
        let shared = Arc::new(Shared { ledger: ledger.clone(), clock: clock.clone(), policy });
        let lease_ms = i64::from(config.worker.lease_s) * 1000;
        let terms = Terms { lease_ms, stop_max: config.server.shutdown_timeout() };
        let beat = Beat::default();
        let dispatch = Dispatch::new(shared, terms, sender, beat.clone());
        Self { dispatch, comparisons, ledger, clock, beat }
    }

    /// Tells how it does, while it runs.
    #[must_use]
    pub fn beat(&self) -> Beat {
        self.beat.clone()
    }

    /// Works until `stop` says so, and settles what is under way.
    pub async fn run(self, stop: watch::Receiver<bool>) {
        let mut compared = JoinSet::new();
        for comparison in self.comparisons {
            let lifeline = self.ledger.lifelines().begin(format!("reconcile {}", comparison.name()));
            let run = comparison.run(self.ledger.clone(), self.clock.clone(), stop.clone());
            compared.spawn(lifeline.until(stop.clone(), run));
        }
        let sweep = sweep::run(self.ledger, self.clock, stop.clone());
        tokio::join!(sweep, self.dispatch.run(stop));
        // What a comparison is in the midst of is safe to break off: it is made again.
        compared.shutdown().await;
    }
}

impl Beat {
    fn now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// How long ago it was; none before the first.
    #[must_use]
    pub fn age(&self) -> Option<Duration> {
        let at = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        at.map(|at| at.elapsed())
    }
}
