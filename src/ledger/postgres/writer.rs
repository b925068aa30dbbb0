//! The writers: each takes what waits, carries it through one transaction, and answers. It judges
//! failures: what is tried again, what is one write's own fault, what is nobody's but the server's.
//!
//! They take turns: a turn is locking a batch's numbers, so that a number's writes stay in order; then the next
//! writer has it, and the batches are in flight together. While one has its turn, the next gathers its batch.

use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres::types::{WasNull, WrongType};

use super::batch::Batch;
use super::fetch::fetch;
use super::flush;
use super::hosts::Hosts;
use super::link::Ask;
use super::session::{Ended, Session};
use super::tables;
use super::terms::Known;
use crate::clock::{Clock, Timestamp};
use crate::ledger::commit::{Done, Job, Queue, Watched, Work, Writer, perform};
use crate::ledger::store::Lock;
use crate::ledger::{NoRandomBytes, Rules, StoreError};
use crate::subscription::judge::{Judgement, judge};
use crate::subscription::notice::Reading;

/// Writers of one gateway, so batches in flight at once. With two, the gateway works on one batch while
/// the server works on the other or waits for its disk; more only make the batches smaller.
const WRITERS: usize = 2;

/// How long all attempts at one batch may take: less than the watchdog's patience.
const COMMIT_MAX: Duration = Duration::from_secs(8);

/// Attempts at one batch where others came in between or the connection was lost.
const ATTEMPTS_MAX: u32 = 5;

/// Between two attempts, times their number.
const PAUSE: Duration = Duration::from_millis(20);

/// How often a batch may ask for more rows. A write asks for one kind after the other, and there are
/// some fifteen.
const ROUNDS_MAX: usize = 32;

/// Starts the writers. Each has a random name, by which a commit whose answer was lost is looked up; two of one
/// name could take another's commit for their own.
///
/// # Errors
/// [`NoRandomBytes`]; then none has been started.
pub(super) fn start(
    hosts: &Arc<Hosts>,
    known: &Arc<Known>,
    queue_max: usize,
) -> Result<Writer, NoRandomBytes> {
    let (writer, queue, watched) = Writer::new(queue_max, WRITERS);
    let (queue, order) = (Arc::new(Mutex::new(queue)), Arc::default());
    let name = |_: &_| getrandom::u64().map(|name| format!("{name:016x}")).map_err(NoRandomBytes);
    let names = watched.iter().map(name).collect::<Result<Vec<_>, _>>()?;
    for (watched, name) in watched.into_iter().zip(names) {
        let (hosts, known) = (Arc::clone(hosts), Arc::clone(known));
        let (queue, order) = (Arc::clone(&queue), Arc::clone(&order));
        let clock = Clock::system();
        let task = Task { hosts, known, queue, order, watched, name, batches: 0, session: None, clock };
        let running = tokio::spawn(task.run());
        // A panic of the writer has been reported by its hook; there is nothing to add here.
        writer.ends_with(async { drop(running.await) });
    }
    Ok(writer)
}

/// One writer's turn; dropped, it passes on.
type Turn = Option<OwnedMutexGuard<()>>;

struct Task {
    hosts: Arc<Hosts>,
    known: Arc<Known>,
    queue: Arc<Mutex<Queue>>,
    order: Arc<Mutex<()>>,
    watched: Watched,
    /// What its transactions go by.
    name: String,
    batches: i64,
    /// None after a failure that a session does not survive, until the next attempt opens another.
    session: Option<Session>,
    clock: Clock,
}

impl Task {
    async fn run(mut self) {
        loop {
            let mut queue = self.queue.lock().await;
            let Some(batch) = queue.batch().await else { break };
            let turn = Arc::clone(&self.order).lock_owned().await;
            drop(queue);
            self.settle(batch, Some(turn)).await;
        }
        if let Some(session) = self.session {
            session.close().await;
        }
    }

    async fn settle(&mut self, batch: Vec<Job>, mut turn: Turn) {
        let (alone, together): (Vec<Job>, Vec<Job>) =
            batch.into_iter().partition(|job| job.work.goes_alone());
        if !together.is_empty() {
            self.settle_together(together, &mut turn).await;
        }
        for job in alone {
            self.settle_together(vec![job], &mut turn).await;
        }
    }

    async fn settle_together(&mut self, batch: Vec<Job>, turn: &mut Turn) {
        let work: Vec<&Work> = batch.iter().map(|job| &job.work).collect();
        let results = match self.commit(&work, turn).await {
            Ok(done) => done.into_iter().map(Ok).collect(),
            Err(error) if work.len() > 1 && is_ones_own(&error) => self.one_by_one(&work).await,
            Err(error) => vec![Err(error); work.len()],
        };
        self.watched.answer(batch, results);
    }

    async fn one_by_one(&mut self, work: &[&Work]) -> Vec<Result<Done, StoreError>> {
        let mut results = Vec::with_capacity(work.len());
        for work in work {
            let done = self.commit(&[*work], &mut None).await;
            let lost = || StoreError::broken("a write had no result");
            results.push(done.and_then(|done| done.into_iter().next().ok_or_else(lost)));
        }
        results
    }

    async fn commit(&mut self, work: &[&Work], turn: &mut Turn) -> Result<Vec<Done>, StoreError> {
        let began = self.watched.begin();
        // An attempt that is given up leaves no session behind: what it holds ends with it.
        let result = timeout(COMMIT_MAX, self.attempts(work, turn)).await.unwrap_or(Err(StoreError::Late));
        self.watched.ended(began, work.len(), &result);
        result
    }

    async fn attempts(&mut self, work: &[&Work], turn: &mut Turn) -> Result<Vec<Done>, StoreError> {
        let mut failure = StoreError::Contended;
        for attempt in 0..ATTEMPTS_MAX {
            if attempt > 0 {
                tokio::time::sleep(PAUSE * attempt).await;
            }
            match self.attempt(work, turn).await {
                Ok((done, Ended::Committed)) => return Ok(done),
                Ok((done, Ended::Unknown(error))) => {
                    if self.was_committed().await? {
                        return Ok(done);
                    }
                    failure = error;
                }
                Err(error) if may_pass(&error) => failure = error,
                Err(error) => return Err(error),
            }
        }
        Err(failure)
    }

    /// One transaction. The session is kept only where it is in good order.
    async fn attempt(&mut self, work: &[&Work], turn: &mut Turn) -> Result<(Vec<Done>, Ended), StoreError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&self.hosts, &self.name, self.batches).await?,
        };
        let result = transaction(&mut session, &self.known, work, self.clock.now(), turn).await;
        self.batches = session.batch();
        match &result {
            Ok((_, Ended::Committed)) => self.session = Some(session),
            Err(error) if !is_lost(error) && session.roll_back().await.is_ok() => {
                self.session = Some(session)
            }
            _ => {}
        }
        result
    }

    /// Looks whether the newest transaction was committed after all.
    async fn was_committed(&mut self) -> Result<bool, StoreError> {
        let mut session = Session::open(&self.hosts, &self.name, self.batches).await?;
        let committed = session.was_committed(self.batches).await?;
        self.session = Some(session);
        tracing::warn!(committed, "a commit's answer was lost; the ledger was asked");
        Ok(committed)
    }
}

/// One transaction, in two trips where the batch is of new notices: it begins, locks and reads in the first,
/// and writes and commits in the second.
async fn transaction(
    session: &mut Session,
    known: &Known,
    work: &[&Work],
    now: Timestamp,
    turn: &mut Turn,
) -> Result<(Vec<Done>, Ended), StoreError> {
    let mut locks: BTreeSet<i64> = work.iter().flat_map(|work| work.locks()).map(Lock::key).collect();
    loop {
        let begin = session.begin(locks.iter().copied(), now);
        let mut batch = Batch::new(known, Some(&locks));
        match run(session, begin, &mut batch, known, work, turn).await {
            Ok(done) => {
                let mut writes = flush::asks(&batch.fetched, &batch.changed);
                writes.extend(tables::writes(&batch.overlay.changed));
                if batch.rehearses {
                    writes = flush::undone(writes);
                }
                return Ok((done, session.commit(writes).await?));
            }
            Err(StoreError::Unfetched) if locks.len() < ROUNDS_MAX * work.len() => {
                let more = std::mem::take(&mut batch.wanted.locks);
                session.roll_back().await?;
                locks.extend(more);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Runs the writes until nothing is wanted any more; [`StoreError::Unfetched`] where that takes locks
/// that must be taken first.
async fn run(
    session: &mut Session,
    begin: Ask<'_>,
    batch: &mut Batch<'_>,
    known: &Known,
    work: &[&Work],
    turn: &mut Turn,
) -> Result<Vec<Done>, StoreError> {
    let rows = work.iter().filter(|work| work.received().is_some()).count();
    foresee(work, &known.rules, batch);
    fetch(session.link(), Some(begin), known, rows, batch).await?;
    *turn = None;
    for _ in 0..ROUNDS_MAX {
        batch.begin_again();
        let done: Vec<_> = work.iter().map(|work| perform(batch, &known.rules, work)).collect();
        if !batch.wants() {
            return done.into_iter().collect();
        }
        if !batch.wanted.locks.is_empty() {
            return Err(StoreError::Unfetched);
        }
        fetch(session.link(), None, known, 0, batch).await?;
    }
    Err(StoreError::broken("a batch asked for more rows without end"))
}

/// What the writes will ask for if all are new: their identities, the services they speak of, and whether
/// the numbers have devices.
fn foresee(work: &[&Work], rules: &Rules, batch: &mut Batch<'_>) {
    // A number that is new to a service has its history folded, and one cannot know before who is.
    batch.wanted.histories_of_new = true;
    for work in work {
        let Some(received) = work.received() else { continue };
        let Reading::Notice(notice) = &received.reading else { continue };
        batch.wanted.identities.insert(notice.identity.clone());
        if let Judgement::Stands(change) = judge(notice, &rules.catalog, &rules.book, rules.policy) {
            let number = &notice.content.msisdn;
            let services = change.services().into_iter().map(|id| (number.clone(), id.to_owned()));
            batch.wanted.states.extend(services);
            batch.overlay.wanted.devices.insert(number.clone());
        }
    }
}

/// Whether the server ended the session, or is not the one that takes writes any more.
pub(super) fn is_cut(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        // What is fatal ends the session: shut down, crashed, starting up, idle for too long. And a standby is
        // read-only.
        Some(told) => {
            let is_fatal = matches!(told.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
            is_fatal || *told.code() == SqlState::READ_ONLY_SQL_TRANSACTION
        }
        None => !error.source().is_some_and(|source| source.is::<WrongType>() || source.is::<WasNull>()),
    }
}

/// Whether the session is lost with the failure.
fn is_lost(error: &StoreError) -> bool {
    matches!(error, StoreError::Server(error) if error.as_driver().is_none_or(is_cut))
}

/// Whether the next attempt may go well: the connection was lost, or another gateway came in between
/// (serialization, deadlock, an identity that was free a moment ago).
fn may_pass(error: &StoreError) -> bool {
    let code = error.as_server().and_then(|error| error.code());
    is_lost(error) || matches!(code.map(SqlState::code), Some("40001" | "40P01" | "23505"))
}

/// Whether one write of the batch may be at fault: the server refused its data (a trigger's word included), or
/// met damage where it reads or writes.
fn is_ones_own(error: &StoreError) -> bool {
    match error {
        StoreError::Broken(_) => true,
        _ => error
            .as_server()
            .and_then(|error| error.code())
            .is_some_and(|code| ["22", "23", "P0", "XX"].iter().any(|class| code.code().starts_with(class))),
    }
}
