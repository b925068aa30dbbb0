//! Group commit: one writer thread per process takes all waiting writes into one transaction and
//! answers each after the commit, so that they share an fsync.
//!
//! The thread owns its connection and its transactions. A caller holds nothing but the end of a
//! channel: one that goes away cancels nothing. A batch that fails as a whole is undone and its
//! writes are tried one by one, so that one bad write cannot spoil its neighbours'.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::operate::{Operated, Operation, operate};
use super::record::{Received, Recorded, record};
use super::{NotKept, Rules, StoreError, sqlite};
use crate::clock::Timestamp;
use crate::ids::NoticeId;
use crate::telemetry::{Chain, LedgerMeters};

/// The most writes in one transaction: bounds how long the first of them waits.
const BATCH_MAX: usize = 256;

/// One write.
pub(super) enum Work {
    Record(Box<Received>),
    Operate(Operation, NoticeId),
    Probe(Timestamp),
}

/// What became of one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Done {
    Recorded(Recorded),
    Operated(Operated),
    Probed,
}

struct Job {
    work: Work,
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

/// Tells whether the writer gets on with its work. A failing database is no standstill as long as
/// its failures come back.
#[derive(Debug)]
pub struct Pulse {
    /// Goes up as an attempt at a commit begins and as it ends: odd during one.
    beats: Arc<AtomicU64>,
    seen: u64,
}

impl Pulse {
    /// False where the writer is at the very attempt that it was at when last asked, or died in it.
    pub fn moves(&mut self) -> bool {
        let beats = self.beats.load(Ordering::Relaxed);
        let moves = beats.is_multiple_of(2) || beats != self.seen;
        self.seen = beats;
        moves
    }
}

/// The handle to the writer thread.
pub(super) struct Writer {
    meters: LedgerMeters,
    beats: Arc<AtomicU64>,
    failing: Arc<AtomicBool>,
    queue: Mutex<Option<mpsc::Sender<Job>>>,
    capacity: usize,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(path: PathBuf, connection: Connection, rules: Arc<Rules>, queue_max: usize) -> Self {
        let (queue, jobs) = mpsc::channel(queue_max);
        let (beats, failing) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let thread = Thread {
            checkpointer: sqlite::Checkpointer::start(path.clone()),
            path,
            connection: Some(connection),
            rules,
            meters: LedgerMeters::new(),
            beats: Arc::clone(&beats),
            failing: Arc::clone(&failing),
        };
        let run = move || thread.run(jobs);
        let thread = std::thread::Builder::new().name("ledger-writer".into()).spawn(run);
        let meters = LedgerMeters::new();
        let (queue, thread) = (Mutex::new(Some(queue)), Mutex::new(thread.ok()));
        Self { meters, beats, failing, queue, capacity: queue_max, thread }
    }

    pub(super) fn pulse(&self) -> Pulse {
        Pulse { beats: Arc::clone(&self.beats), seen: 0 }
    }

    /// Hands a write over and waits until it is committed.
    pub(super) async fn submit(&self, work: Work) -> Result<Done, NotKept> {
        self.hand_over(work)?.answer().await
    }

    /// Hands a write over. Writes are done in the order in which they are handed over.
    pub(super) fn hand_over(&self, work: Work) -> Result<Pending, NotKept> {
        let (reply, answer) = oneshot::channel();
        let queue = lock(&self.queue).clone().ok_or(NotKept::Stopped)?;
        queue.try_send(Job { work, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotKept::Full,
            mpsc::error::TrySendError::Closed(_) => NotKept::Stopped,
        })?;
        Ok(Pending(answer))
    }

    /// As many writes as can be handed over at once and share a commit.
    pub(super) fn together(&self) -> usize {
        self.capacity.min(BATCH_MAX)
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    pub(super) fn waiting(&self) -> usize {
        lock(&self.queue).as_ref().map_or(0, |queue| self.capacity - queue.capacity())
    }

    pub(super) fn measure(&self) {
        self.meters.queue_depth.set(u32::try_from(self.waiting()).unwrap_or(u32::MAX));
    }

    /// Lets the thread finish what it was given.
    pub(super) async fn stop(&self) {
        drop(lock(&self.queue).take());
        let thread = lock(&self.thread).take();
        if let Some(thread) = thread {
            // A panic of the writer has been reported by its hook; there is nothing to add here.
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

struct Thread {
    path: PathBuf,
    /// None after a failure that a connection does not survive, until the next batch opens another.
    connection: Option<Connection>,
    rules: Arc<Rules>,
    meters: LedgerMeters,
    beats: Arc<AtomicU64>,
    failing: Arc<AtomicBool>,
    checkpointer: sqlite::Checkpointer,
}

impl Thread {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while jobs.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
            self.settle(std::mem::take(&mut batch));
        }
    }

    fn settle(&mut self, batch: Vec<Job>) {
        let writes = batch.len();
        let work: Vec<&Work> = batch.iter().map(|job| &job.work).collect();
        let results = match self.commit(&work) {
            Ok(done) => done.into_iter().map(Ok).collect(),
            Err(error) if batch.len() > 1 && !is_everyones(&error) => self.one_by_one(&work),
            Err(error) => vec![Err(error); batch.len()],
        };
        for (job, result) in batch.into_iter().zip(results) {
            // A caller that has gone away does not wait for the answer; the write stands.
            let _ = job.reply.send(result);
        }
        if let Some(connection) = &self.connection {
            self.checkpointer.committed(writes, connection);
        }
    }

    fn one_by_one(&mut self, work: &[&Work]) -> Vec<Result<Done, StoreError>> {
        let alone =
            |work: &&Work| self.commit(&[*work]).and_then(|done| done.first().copied().ok_or_else(lost));
        work.iter().map(alone).collect()
    }

    fn commit(&mut self, work: &[&Work]) -> Result<Vec<Done>, StoreError> {
        let began = Instant::now();
        self.beats.fetch_add(1, Ordering::Relaxed);
        let result = self.transaction(work);
        self.beats.fetch_add(1, Ordering::Relaxed);
        self.failing.store(result.is_err(), Ordering::Relaxed);
        match &result {
            Ok(_) => self.meters.committed(u32::try_from(work.len()).unwrap_or(u32::MAX), began.elapsed()),
            Err(error) => {
                self.meters.commit_failures.increment(1);
                tracing::error!(error = %Chain(error), writes = work.len(), "a commit failed");
                if is_everyones(error) {
                    self.connection = None;
                }
            }
        }
        result
    }

    fn transaction(&mut self, work: &[&Work]) -> Result<Vec<Done>, StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(sqlite::writer(&self.path)?),
        };
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut store = sqlite::Tx { connection: &tx, book: &self.rules.book };
        let done =
            work.iter().map(|work| perform(&mut store, &self.rules, work)).collect::<Result<_, _>>()?;
        tx.commit()?;
        Ok(done)
    }
}

fn perform(store: &mut sqlite::Tx<'_>, rules: &Rules, work: &Work) -> Result<Done, StoreError> {
    match work {
        Work::Record(received) => record(store, rules, received).map(Done::Recorded),
        Work::Operate(operation, id) => operate(store, rules, *operation, *id).map(Done::Operated),
        Work::Probe(at) => store.probe(*at).map(|()| Done::Probed),
    }
}

fn lost() -> StoreError {
    StoreError::broken("a write had no result")
}

/// Whether a failure is the database's and not one write's: then trying the others one by one would
/// only fail them later.
fn is_everyones(error: &StoreError) -> bool {
    match error {
        StoreError::Engine(error) => !matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig) | None
        ),
        StoreError::Read(_) | StoreError::Broken(_) => false,
    }
}
