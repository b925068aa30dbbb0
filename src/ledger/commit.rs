//! Group commit: whoever writes takes all waiting writes into one transaction and answers each after
//! the commit, so that they share an fsync. This is the queue between those who write and the
//! engine's writer ([`super::sqlite`], [`super::postgres`]), and what one write is.
//!
//! A caller holds nothing but the end of a channel: one that goes away cancels nothing. A batch that
//! fails as a whole for one write's sake is undone and its writes are tried one by one, so that one
//! bad write cannot spoil its neighbours'.
//!
//! An engine may have several writers on the one queue. They take turns, so that what was handed over
//! earlier is also begun earlier.

mod keeping;
mod queue;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, oneshot};

use super::aside::{self, Otherwise};
use super::fulfil::{self, Deed, Fact};
use super::operate::{Operated, Order, operate};
use super::record::{Received, Recorded, record};
use super::refold::{self, Refolded};
use super::repair::{Repair, Repaired, repair};
use super::store::{Lock, Store};
use super::{NotKept, Rules, StoreError};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::limits::{Sampler, Suppressed};
use crate::subscription::notice::Reading;
use crate::telemetry::{Chain, LedgerMeters};

/// The most writes in one transaction: bounds how long the first of them waits.
pub(super) const BATCH_MAX: usize = 256;

/// At most one line of log in this time tells of failed commits.
const FAILURES_EVERY: Duration = Duration::from_secs(5);

/// One write.
pub(super) enum Work {
    Record(Box<Received>),
    Operate(Order),
    Repair(Box<Repair>),
    Fulfil(Box<Deed>),
    /// A message that is recorded and undone again, beside something small that is committed.
    Probe(Box<Received>),
    /// Folds are made again.
    Refold(refold::Part, Timestamp),
    /// It is only looked what a notice that was laid aside would be.
    Compare(NoticeId),
}

impl Work {
    /// The message that is recorded, for good or to be undone.
    pub(super) fn received(&self) -> Option<&Received> {
        match self {
            Self::Record(received) | Self::Probe(received) => Some(received),
            Self::Operate(_) | Self::Repair(_) | Self::Fulfil(_) | Self::Refold(..) | Self::Compare(_) => {
                None
            }
        }
    }

    /// The number that a notice speaks of.
    pub(super) fn number(&self) -> Option<&Msisdn> {
        match &self.received()?.reading {
            Reading::Notice(notice) => Some(&notice.content.msisdn),
            Reading::Unreadable(_) | Reading::WrongMessage(_) => None,
        }
    }

    /// Whether it may change what a number holds.
    pub(super) fn folds(&self) -> bool {
        !matches!(self, Self::Fulfil(_) | Self::Compare(_))
    }

    /// Whether it only tells whether others could be kept: what it meets is no other write's trouble.
    pub(super) fn is_probe(&self) -> bool {
        matches!(self, Self::Probe(_))
    }

    /// What it will certainly need for itself.
    pub(super) fn locks(&self) -> Vec<Lock> {
        match self {
            Self::Record(_) | Self::Probe(_) => self.number().map(Lock::number).into_iter().collect(),
            Self::Operate(_) => vec![Lock::OPERATORS],
            Self::Repair(repair) => vec![Lock::number(&repair.number)],
            Self::Fulfil(deed) => deed.locks(),
            Self::Compare(_) => Vec::new(),
            Self::Refold(part, _) => part.written().iter().map(Lock::number).collect(),
        }
    }

    /// Whether it takes rows that others may hold, and so goes alone: a transaction that has some and
    /// waits for more could wait for one that waits for it.
    pub(super) fn goes_alone(&self) -> bool {
        let is_refold = matches!(self, Self::Refold(..));
        is_refold || self.is_probe() || matches!(self, Self::Fulfil(deed) if deed.goes_alone())
    }
}

/// What became of one.
#[derive(Debug, Clone)]
pub(super) enum Done {
    Recorded(Recorded),
    Operated(Operated),
    Repaired(Repaired),
    Fulfilled(Fact),
    Probed,
    Refolded(Refolded),
    Compared(Option<Otherwise>),
}

/// Does one write in a transaction of its engine.
///
/// # Errors
/// The engine's.
pub(super) fn perform(store: &mut impl Store, rules: &Rules, work: &Work) -> Result<Done, StoreError> {
    match work {
        Work::Record(received) => record(store, rules, received).map(Done::Recorded),
        Work::Operate(order) => operate(store, rules, order).map(Done::Operated),
        Work::Repair(wanted) => repair(store, rules, wanted).map(Done::Repaired),
        Work::Fulfil(deed) => fulfil::perform(store, deed).map(Done::Fulfilled),
        Work::Compare(id) => aside::compare(store, rules, *id).map(Done::Compared),
        Work::Refold(part, now) => refold::perform(store, rules, part, *now).map(Done::Refolded),
        Work::Probe(received) => {
            store.probe(received.received_at)?;
            store.rehearse(|store| record(store, rules, received)).map(|_| Done::Probed)
        }
    }
}

use keeping::Keeping;
pub(super) use queue::Queue;

/// A write and who waits for it.
pub(super) struct Job {
    pub(super) work: Work,
    reply: oneshot::Sender<Result<Done, StoreError>>,
}

/// A write that was handed over.
pub(super) struct Pending(oneshot::Receiver<Result<Done, StoreError>>);

impl Pending {
    /// Waits until it is committed. Dropping this cancels nothing.
    pub(super) async fn answer(self) -> Result<Done, NotKept> {
        Ok(self.0.await.map_err(|_| NotKept::Stopped)??)
    }
}

/// What a writer shows of itself.
#[derive(Debug, Default)]
struct Lane {
    /// Goes up as an attempt at a commit begins and as it ends: odd during one.
    beats: AtomicU64,
}

/// Tells whether the writers get on with their work. A failing database is no standstill as long as
/// its failures come back.
#[derive(Debug)]
pub struct Pulse(Vec<(Arc<Lane>, u64)>);

impl Pulse {
    /// False where a writer is at the very attempt that it was at when last asked, or died in it.
    pub fn moves(&mut self) -> bool {
        let mut all_move = true;
        for (lane, seen) in &mut self.0 {
            let beats = lane.beats.load(Ordering::Relaxed);
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
    lanes: Vec<Arc<Lane>>,
    /// How the last commit of all went.
    failing: Arc<AtomicBool>,
    keeping: Arc<Keeping>,
    pending: refold::Pending,
    queue: Mutex<Option<mpsc::UnboundedSender<Job>>>,
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
        let lanes: Vec<_> = (0..writers).map(|_| Arc::new(Lane::default())).collect();
        let failures = Arc::new(Sampler::every(FAILURES_EVERY));
        let (failing, landed) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
        let keeping = Arc::<Keeping>::default();
        let watched = |lane| Watched {
            lane: Arc::clone(lane),
            failing: Arc::clone(&failing),
            keeping: Arc::clone(&keeping),
            outstanding: Arc::clone(&outstanding),
            landed: Arc::clone(&landed),
            meters: LedgerMeters::new(),
            place: None,
            failures: Arc::clone(&failures),
        };
        let watched = lanes.iter().map(watched).collect();
        let (waits, out) = (Arc::clone(&waiting), Arc::clone(&outstanding));
        let queue = Queue::new(jobs, waits, out, Arc::clone(&landed), writers);
        let (meters, sender) = (LedgerMeters::new(), Mutex::new(Some(sender)));
        let ends = Mutex::default();
        let writer = Self {
            meters,
            lanes,
            failing,
            keeping,
            pending: refold::Pending::default(),
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
        Pulse(self.lanes.iter().map(|lane| (Arc::clone(lane), 0)).collect())
    }

    /// Hands a write over and waits until it is committed.
    pub(super) async fn submit(&self, work: Work) -> Result<Done, NotKept> {
        self.hand_over(work)?.answer().await
    }

    /// Hands a write over. Writes are begun in the order in which they are handed over.
    pub(super) fn hand_over(&self, work: Work) -> Result<Pending, NotKept> {
        if self.pending.is_pending() && !matches!(work, Work::Refold(..)) {
            return Err(NotKept::Failed(StoreError::Refolding));
        }
        let (reply, answer) = oneshot::channel();
        let queue = lock(&self.queue).clone().ok_or(NotKept::Stopped)?;
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue_max {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(NotKept::Full);
        }
        self.outstanding.fetch_add(1, Ordering::Relaxed);
        queue.send(Job { work, reply }).map_err(|_| NotKept::Stopped)?;
        Ok(Pending(answer))
    }

    /// Whether notices can be kept: does with `specimen` what is done with any notice, and undoes it; and
    /// where those of several numbers were refused lately and none was kept, the same with the last of them.
    /// So it tells of faults that spare the one or the other, and of their end although no notice comes.
    pub(super) async fn probe(&self, specimen: Received) -> Result<(), NotKept> {
        self.submit(Work::Probe(Box::new(specimen))).await?;
        if let Some(refused) = self.keeping.widely_refused() {
            self.submit(Work::Probe(refused)).await?;
            self.keeping.mended();
        }
        Ok(())
    }

    /// Notices that could not be kept so far.
    pub(super) fn refusals(&self) -> u64 {
        self.keeping.refusals()
    }

    /// As many writes as can be handed over at once and share a commit.
    pub(super) fn together(&self) -> usize {
        self.queue_max.min(BATCH_MAX)
    }

    /// Whether folds are still to be made again.
    pub(super) fn pending(&self) -> &refold::Pending {
        &self.pending
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
    lane: Arc<Lane>,
    failing: Arc<AtomicBool>,
    keeping: Arc<Keeping>,
    outstanding: Arc<AtomicUsize>,
    landed: Arc<Notify>,
    meters: LedgerMeters,
    /// The file that is written, where it is one.
    place: Option<PathBuf>,
    failures: Arc<Sampler>,
}

impl Watched {
    /// Answers each job of a batch.
    pub(super) fn answer(&self, batch: Vec<Job>, results: Vec<Result<Done, StoreError>>) {
        self.outstanding.fetch_sub(batch.len(), Ordering::Relaxed);
        for (job, result) in batch.into_iter().zip(results) {
            self.keeping.saw(&job.work, &result);
            // A caller that has gone away does not wait for the answer; the write stands.
            let _ = job.reply.send(result);
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
        self.lane.beats.fetch_add(1, Ordering::Relaxed);
        Instant::now()
    }

    /// Marks its end, and counts it.
    pub(super) fn ended<T>(&self, began: Instant, writes: usize, result: &Result<T, StoreError>) {
        self.lane.beats.fetch_add(1, Ordering::Relaxed);
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
