//! Group commit: whoever writes takes all waiting writes into one transaction and answers each after
//! the commit, so that they share an fsync. This is the queue between those who write and the
//! engine's writer ([`super::sqlite`], [`super::postgres`]). What a write is ([`Deed`]) each kind says for itself;
//! none is known here.
//!
//! A caller holds nothing but the end of a channel: one that goes away cancels nothing. A batch that
//! fails as a whole for one write's sake is undone and its writes are tried one by one, so that one
//! bad write cannot spoil its neighbours'.
//!
//! An engine may have several writers on the one queue. They take turns, so that what was handed over
//! earlier is also begun earlier.

mod deed;
mod job;
mod keeping;
mod queue;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc};

use super::{NotKept, StoreError};
use crate::limits::{Sampler, Suppressed};
use crate::telemetry::{Chain, LedgerMeters};
pub use deed::Deed;
pub(super) use job::{Job, Pending};
use keeping::Keeping;
pub(super) use queue::Queue;

/// The most writes in one transaction: bounds how long the first of them waits.
pub(super) const BATCH_MAX: usize = 256;

/// At most one line of log in this time tells of failed commits.
const FAILURES_EVERY: Duration = Duration::from_secs(5);

/// What a writer shows of itself.
#[derive(Debug, Default)]
struct Heart {
    /// Goes up as an attempt at a commit begins and as it ends: odd during one.
    beats: AtomicU64,
}

/// Tells whether the writers get on with their work. A failing database is no standstill as long as
/// its failures come back.
#[derive(Debug)]
pub struct Pulse(Vec<(Arc<Heart>, u64)>);

impl Pulse {
    /// False where a writer is at the very attempt that it was at when last asked, or died in it.
    pub fn moves(&mut self) -> bool {
        let mut all_move = true;
        for (heart, seen) in &mut self.0 {
            let beats = heart.beats.load(Ordering::Relaxed);
            all_move &= beats.is_multiple_of(2) || beats != *seen;
            *seen = beats;
        }
        all_move
    }
}

/// What an engine does to end a writer whose queue has closed.
type End = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The handle to the writers.
pub(super) struct Writer {
    meters: LedgerMeters,
    hearts: Vec<Arc<Heart>>,
    /// How the last commit of all went.
    failing: Arc<AtomicBool>,
    keeping: Arc<Keeping>,
    /// Told of every commit for which a task may be due.
    owed: Arc<Notify>,
    queue: Mutex<Option<mpsc::UnboundedSender<Box<dyn Job>>>>,
    /// Writes in the queue; what bounds it.
    waiting: Arc<AtomicUsize>,
    /// Writes handed over and not answered.
    outstanding: Arc<AtomicUsize>,
    queue_max: usize,
    ends: Mutex<Vec<End>>,
}

impl Writer {
    /// The handle, the queue's other end, and what each of so many writers shows of itself.
    pub(super) fn new(queue_max: usize, writers: usize) -> (Self, Queue, Vec<Watched>) {
        let (sender, jobs) = mpsc::unbounded_channel();
        let (waiting, outstanding) = <(Arc<AtomicUsize>, Arc<AtomicUsize>)>::default();
        let hearts: Vec<_> = (0..writers).map(|_| Arc::new(Heart::default())).collect();
        let failures = Arc::new(Sampler::every(FAILURES_EVERY));
        let (failing, landed) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let (keeping, owed) = <(Arc<Keeping>, Arc<Notify>)>::default();
        let watched = |heart| Watched {
            heart: Arc::clone(heart),
            failing: Arc::clone(&failing),
            keeping: Arc::clone(&keeping),
            outstanding: Arc::clone(&outstanding),
            landed: Arc::clone(&landed),
            owed: Arc::clone(&owed),
            meters: LedgerMeters::new(),
            place: None,
            failures: Arc::clone(&failures),
        };
        let watched = hearts.iter().map(watched).collect();
        let (waits, out) = (Arc::clone(&waiting), Arc::clone(&outstanding));
        let queue = Queue::new(jobs, waits, out, Arc::clone(&landed), writers);
        let (meters, sender) = (LedgerMeters::new(), Mutex::new(Some(sender)));
        let ends = Mutex::default();
        let writer = Self {
            meters,
            hearts,
            failing,
            keeping,
            owed,
            queue: sender,
            waiting,
            outstanding,
            queue_max,
            ends,
        };
        (writer, queue, watched)
    }

    /// To be waited for when the queue has closed.
    pub(super) fn ends_with(&self, end: impl Future<Output = ()> + Send + 'static) {
        lock(&self.ends).push(Box::pin(end));
    }

    pub(super) fn pulse(&self) -> Pulse {
        Pulse(self.hearts.iter().map(|heart| (Arc::clone(heart), 0)).collect())
    }

    /// Hands a write over. Writes are begun in the order in which they are handed over.
    pub(super) fn hand_over<D: Deed>(&self, deed: D) -> Result<Pending<D::Answer>, NotKept> {
        let queue = lock(&self.queue).clone().ok_or(NotKept::Stopped)?;
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue_max {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(NotKept::Full);
        }
        self.outstanding.fetch_add(1, Ordering::Relaxed);
        let (job, pending) = job::job(deed);
        queue.send(job).map_err(|_| NotKept::Stopped)?;
        Ok(pending)
    }

    /// How notices fared lately.
    pub(super) fn keeping(&self) -> &Keeping {
        &self.keeping
    }

    /// Waits until a task may be due for a commit, also one since the last call.
    pub(super) async fn owes(&self) {
        self.owed.notified().await;
    }

    /// As many writes as can be handed over at once and share a commit.
    pub(super) fn together(&self) -> usize {
        self.queue_max.min(BATCH_MAX)
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    pub(super) fn measure(&self) {
        self.meters.queue_depth.set(u32::try_from(self.waiting()).unwrap_or(u32::MAX));
    }

    /// Lets the writers finish what they were given.
    pub(super) async fn stop(&self) {
        drop(lock(&self.queue).take());
        let ends = std::mem::take(&mut *lock(&self.ends));
        for end in ends {
            end.await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Where a writer shows that it gets on.
pub(super) struct Watched {
    heart: Arc<Heart>,
    failing: Arc<AtomicBool>,
    keeping: Arc<Keeping>,
    outstanding: Arc<AtomicUsize>,
    landed: Arc<Notify>,
    owed: Arc<Notify>,
    meters: LedgerMeters,
    /// The file that is written, where it is one.
    place: Option<PathBuf>,
    failures: Arc<Sampler>,
}

impl Watched {
    /// Answers each job of a batch.
    pub(super) fn answer(&self, batch: Vec<Box<dyn Job>>, results: Vec<Result<(), StoreError>>) {
        self.outstanding.fetch_sub(batch.len(), Ordering::Relaxed);
        let mut may_owe = false;
        for (job, result) in batch.into_iter().zip(results) {
            self.keeping.saw(&*job, &result);
            may_owe |= job.answer(result);
        }
        if may_owe {
            self.owed.notify_one();
        }
        self.landed.notify_one();
    }

    /// What is written is this file.
    pub(super) fn at(self, path: PathBuf) -> Self {
        Self { place: Some(path), ..self }
    }

    /// Whether the disk had no room when last written to. `has_room` looks again, and is not asked where it had.
    pub(super) fn lacks_room(&self, has_room: impl FnOnce() -> bool) -> bool {
        self.keeping.lacks_room(has_room)
    }

    /// Marks the beginning of an attempt at a commit.
    pub(super) fn begin(&self) -> Instant {
        self.heart.beats.fetch_add(1, Ordering::Relaxed);
        Instant::now()
    }

    /// Marks its end, and counts it.
    pub(super) fn ended<T>(&self, began: Instant, writes: usize, result: &Result<T, StoreError>) {
        self.heart.beats.fetch_add(1, Ordering::Relaxed);
        self.failing.store(result.is_err(), Ordering::Relaxed);
        match result {
            Ok(_) => self.meters.committed(u32::try_from(writes).unwrap_or(u32::MAX), began.elapsed()),
            Err(error) => {
                self.meters.commit_failures.increment(1);
                // A disk that is full fails thousands a second.
                if let Some(Suppressed(suppressed)) = self.failures.admit(Instant::now()) {
                    let (ledger, remedy) = (self.place.as_deref().map(Path::display), error.remedy());
                    let ledger = ledger.map(tracing::field::display);
                    tracing::error!(error = %Chain(error), ledger, remedy, writes, suppressed, "a commit failed");
                }
            }
        }
    }
}
