//! The one way out to the providers of a process, whoever asks: tasks that the worker took up, and codes whose
//! redemption somebody waits for. Both share a provider's concurrency, rate, breaker and meters; who is waited
//! for goes first.
//!
//! ```text
//! worker       reserve ▶ claim ▶ a Place for each task ──┐
//! redemption   place (waits a while) ────────────────────┴▶ Place::send ▶ meters, log, breaker
//! ```

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument as _;

use super::lane::{Lane, Room};
use super::pace::PAUSE_MAX;
use super::retry::{self, Verdict};
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::ledger::Ledger;
use crate::outbox;
use crate::providers::{self, Attempted, Can, Provider, Providers, Why};
use crate::telemetry::{self, Chain};

/// What a provider may take beyond its `timeout_ms`, which it keeps to itself, to say so.
const LATE_MAX: Duration = Duration::from_secs(1);

/// Sends to the providers of the settings. Clones share all limits.
#[derive(Clone)]
pub struct Sender(Arc<Inner>);

struct Inner {
    lanes: Mutex<Vec<Lane>>,
    /// Told whenever a place may have become free.
    freed: Notify,
    /// When other processes' news of the providers were looked at.
    learnt_at: Mutex<Option<Instant>>,
    ledger: Ledger,
    clock: Clock,
}

/// Why nobody is sent to a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoPlace {
    /// The settings do not name it.
    #[error("the settings have no such provider")]
    Unknown,
    /// It failed again and again, and is left alone for a while.
    #[error("the provider failed again and again and is left alone for a while")]
    Open,
    /// Concurrency or rate left no place in time.
    #[error("the provider has as many tasks as it may")]
    Full,
}

/// One of a provider's places; free again when it is dropped.
pub struct Place {
    sender: Sender,
    lane: usize,
    /// The provider's name.
    pub(super) name: Arc<str>,
    provider: Arc<dyn Provider>,
    /// What it can.
    pub(super) can: Can,
    timeout: Duration,
}

/// Places of a provider that are held while tasks are claimed for them.
pub(super) struct Reserved {
    /// The provider's name.
    pub(super) name: Arc<str>,
    /// Whether it brings about a state.
    pub(super) keeps_state: bool,
    places: Vec<Place>,
}

impl Sender {
    /// Builds the lanes from the settings.
    #[must_use]
    pub fn new(config: &Config, providers: &Providers, ledger: Ledger, clock: Clock) -> Self {
        let lane = |(name, provider): (&String, &_)| {
            let settings = config.providers.get(name).cloned().unwrap_or_default();
            Lane::new(name, Arc::clone(provider), &settings)
        };
        let lanes = Mutex::new(providers.iter().map(lane).collect());
        let (freed, learnt_at) = (Notify::new(), Mutex::new(None));
        Self(Arc::new(Inner { lanes, freed, learnt_at, ledger, clock }))
    }

    /// One of a provider's places, as soon as there is one.
    ///
    /// # Errors
    /// [`NoPlace`]; after `wait` at the latest.
    pub async fn place(&self, provider: &str, wait: Duration) -> Result<Place, NoPlace> {
        self.learn().await;
        let until = Instant::now() + wait;
        let lane = self.lanes().iter().position(|lane| *lane.name == *provider).ok_or(NoPlace::Unknown)?;
        let _waiting = Waiting::begin(self, lane);
        loop {
            let freed = self.0.freed.notified();
            tokio::pin!(freed);
            // From here on nothing that is freed is missed.
            freed.as_mut().enable();
            let room = {
                let mut lanes = self.lanes();
                let (now, lane) = (self.0.clock.now(), &mut lanes[lane]);
                if lane.is_open(now) {
                    return Err(NoPlace::Open);
                }
                let room = lane.room(now);
                if room.tasks_max > 0 {
                    lane.begin();
                }
                room
            };
            if room.tasks_max > 0 {
                return Ok(self.taken(lane));
            }
            let soon = room.more_in.map_or(until, |more_in| until.min(Instant::now() + more_in));
            // Woken or not, it is looked again; only the last look decides.
            if timeout_at(soon, freed).await.is_err() && Instant::now() >= until {
                return Err(NoPlace::Full);
            }
        }
    }

    /// Takes all places there are but those that somebody waits for, and says when there are more.
    pub(super) fn reserve(&self, now: Timestamp) -> (Vec<Reserved>, Option<Duration>) {
        let (mut taken, mut more_in) = (Vec::new(), None);
        for (at, lane) in self.lanes().iter_mut().enumerate() {
            let Room { tasks_max, more_in: more } = lane.room(now);
            let tasks_max = tasks_max.saturating_sub(lane.waiting);
            (0..tasks_max).for_each(|_| lane.begin());
            more_in = [more_in, more].into_iter().flatten().min();
            if tasks_max > 0 {
                taken.push((at, tasks_max, Arc::clone(&lane.name), lane.can.keeps_state));
            }
        }
        let reserved = taken.into_iter().map(|(at, tasks_max, name, keeps_state)| {
            let places = (0..tasks_max).map(|_| self.taken(at)).collect();
            Reserved { name, keeps_state, places }
        });
        (reserved.collect(), more_in)
    }

    /// What other processes found out about the providers, now and then.
    pub(super) async fn learn(&self) {
        {
            let mut learnt_at = lock(&self.0.learnt_at);
            if learnt_at.is_some_and(|at| at.elapsed() < PAUSE_MAX) {
                return;
            }
            *learnt_at = Some(Instant::now());
        }
        // A ledger that cannot be read is told of by whoever claims or redeems.
        let rows = self.0.ledger.breakers().await.unwrap_or_default();
        for lane in self.lanes().iter_mut() {
            rows.iter().filter(|row| *row.provider == *lane.name).for_each(|row| lane.breaker.learn(row));
        }
    }

    /// Tells the ledger how providers do. What cannot be told is known here all the same.
    pub(super) async fn keep(&self) {
        let news: Vec<_> = self.lanes().iter_mut().filter_map(|lane| lane.breaker.news()).collect();
        for news in news {
            let provider = news.provider.clone();
            if let Some(until) = news.open_until {
                let until = until.rfc3339();
                tracing::warn!(provider, until, failures = news.failures, "nothing is sent for a while");
            }
            if let Err(error) = self.0.ledger.write(news).await {
                tracing::warn!(error = %Chain(&error), provider, "its breaker was not kept");
            }
        }
    }

    /// A place that its lane has counted.
    fn taken(&self, lane: usize) -> Place {
        let of = &self.lanes()[lane];
        let (name, provider) = (Arc::clone(&of.name), Arc::clone(&of.provider));
        Place { sender: self.clone(), lane, name, provider, can: of.can, timeout: of.timeout }
    }

    fn lanes(&self) -> MutexGuard<'_, Vec<Lane>> {
        lock(&self.0.lanes)
    }
}

impl Reserved {
    /// How many tasks may be claimed.
    pub(super) fn tasks_max(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(u32::MAX)
    }

    /// A place for a task that was claimed.
    pub(super) fn take(&mut self) -> Option<Place> {
        self.places.pop()
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        // Nothing was sent from them: neither does the rate count them.
        for place in &self.places {
            self.places[0].sender.lanes()[place.lane].unused();
        }
    }
}

impl Place {
    /// Asks the provider, for no longer than the task's lease lasts: afterwards it may be another's. One line of
    /// the log, the meters and the breaker learn what came of it. None once the lease is over: nothing was sent.
    pub async fn send(&self, task: &outbox::Task, errand: &providers::Errand) -> Option<Attempted> {
        let lasts = lease_left(task, self.sender.0.clock.now())?;
        let (began, budget) = (Instant::now(), lasts.min(self.timeout + LATE_MAX));
        let outcome =
            timeout(budget, self.provider.send(errand).instrument(span(task))).await.unwrap_or_else(|_| {
                Attempted::Unknown(Why::new(format!("no outcome within {} ms", budget.as_millis())))
            });
        let (verdict, now) = (retry::verdict(&outcome), self.sender.0.clock.now());
        self.tell(task, retry::class(&outcome), &verdict, began.elapsed());
        let breaker = &mut self.sender.lanes()[self.lane].breaker;
        match verdict {
            Verdict::Worked => breaker.worked(now),
            Verdict::Failed(why) => breaker.failed(&why, now),
            Verdict::Unasked => {}
        }
        Some(outcome)
    }

    /// Has the other processes know at once how the provider does, where that is news.
    pub async fn keep(&self) {
        self.sender.keep().await;
    }

    fn tell(&self, task: &outbox::Task, class: &'static str, verdict: &Verdict, took: Duration) {
        telemetry::task_attempt(&self.name, class);
        telemetry::task_sent(&self.name, took);
        // What it does elsewhere is a call that deserves a line of the log.
        if self.can.sends {
            let why = match verdict {
                Verdict::Failed(why) => Some(why),
                Verdict::Worked | Verdict::Unasked => None,
            };
            tracing::info!(
                task = task.id.0,
                provider = &*self.name,
                action = task.action.word(),
                notice = task.body.notice,
                msisdn = task.msisdn.as_ref().map(tracing::field::display),
                attempt = task.attempts.saturating_add(1),
                class,
                why,
                took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "task sent"
            );
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sender.lanes()[self.lane].end();
        self.sender.0.freed.notify_waiters();
    }
}

/// Somebody waits for a place.
struct Waiting<'a>(&'a Sender, usize);

impl<'a> Waiting<'a> {
    fn begin(sender: &'a Sender, lane: usize) -> Self {
        sender.lanes()[lane].waiting += 1;
        Self(sender, lane)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let waiting = &mut self.0.lanes()[self.1].waiting;
        *waiting = waiting.saturating_sub(1);
    }
}

/// What lines of the calls have in common: whose they are, up to the carrier's notice.
fn span(task: &outbox::Task) -> tracing::Span {
    tracing::info_span!("task", id = task.id.0, notice = task.body.notice)
}

/// How long a task's lease may be used for sending; none once it is over.
fn lease_left(task: &outbox::Task, now: Timestamp) -> Option<Duration> {
    let left_ms = u64::try_from(task.due_at.0.saturating_sub(now.0)).ok()?;
    // The rest is for writing down what came of it.
    Some(Duration::from_millis(left_ms) * 9 / 10).filter(|left| !left.is_zero())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
