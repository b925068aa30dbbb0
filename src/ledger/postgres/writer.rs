//! The writers: each takes what waits, carries it through one transaction, and answers. It judges
//! failures: what is tried again, what is one write's own fault, what is nobody's but the server's.
//!
//! They take turns: a turn is locking a batch's numbers, so that a number's writes stay in order; then the next
//! writer has it, and the batches are in flight together. While one has its turn, the next gathers its batch.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;
use tokio_postgres::error::SqlState;

use super::batch::Batch;
use super::course::{Course, Seen, Sent, Step};
use super::fetch::fetch;
use super::flush;
use super::hosts::Hosts;
use super::link::{Ask, is_cut};
use super::marks::{Mark, Names};
use super::session::{Ended, Session};
use super::sets::With;
use super::tables;
use super::terms::Known;
use crate::ledger::commit::{Job, Queue, Watched, Writer};
use crate::ledger::store::Lock;
use crate::ledger::{NoRandomBytes, Rules, StoreError};
use crate::lifeline::Lifelines;
use crate::subscription::judge::{Judgement, judge};
use crate::subscription::notice::Reading;
use crate::telemetry::Chain;

/// Writers of one gateway, so batches in flight at once. With two, the gateway works on one batch while
/// the server works on the other or waits for its disk; more only make the batches smaller.
const WRITERS: usize = 2;

/// How long all attempts at one batch may take, and all looks for what became of them: less than the watchdog's
/// patience.
const COMMIT_MAX: Duration = Duration::from_secs(8);

/// Between two steps of a batch's course, times their number up to the second.
const PAUSE: Duration = Duration::from_millis(20);
const PAUSES_MAX: u32 = 10;

/// Given-up transactions that a writer leaves to themselves before it waits for one. They may hang for as long as
/// a standby is away, and each has a process of the server's.
const ADRIFT_MAX: usize = 2;

/// How often a batch may ask for more rows. A write asks for one kind after the other, and there are
/// some fifteen.
const ROUNDS_MAX: usize = 32;

/// Starts the writers. Each has a random number, of which the names of its sessions are made: by these a commit
/// whose answer was lost is looked up, and nobody may take another's for his own.
///
/// # Errors
/// [`NoRandomBytes`]; then none has been started.
pub(super) fn start(
    hosts: &Arc<Hosts>,
    known: &Arc<Known>,
    queue_max: usize,
    lifelines: &Lifelines,
) -> Result<Writer, NoRandomBytes> {
    let (writer, queue, watched) = Writer::new(queue_max, WRITERS);
    let (queue, order) = (Arc::new(Mutex::new(queue)), Arc::default());
    let names = |_: &_| getrandom::u64().map(Names::of).map_err(NoRandomBytes);
    let names = watched.iter().map(names).collect::<Result<Vec<_>, _>>()?;
    for (watched, names) in watched.into_iter().zip(names) {
        let (hosts, known) = (Arc::clone(hosts), Arc::clone(known));
        let (queue, order) = (Arc::clone(&queue), Arc::clone(&order));
        let task = Task {
            hosts,
            known,
            queue,
            order,
            watched,
            names,
            session: None,
            under_way: None,
            adrift: VecDeque::new(),
        };
        let lifeline = lifelines.begin("ledger-writer");
        let running = tokio::spawn(async move {
            task.run().await;
            lifeline.end();
        });
        // Its lifeline tells of a panic.
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
    /// What its sessions are called.
    names: Names,
    /// None after a failure that a session does not survive, until the next attempt opens another.
    session: Option<Session>,
    /// The session of the transaction under way or in doubt, and those of given-up ones.
    under_way: Option<Arc<str>>,
    adrift: VecDeque<Arc<str>>,
}

impl Task {
    async fn run(mut self) {
        loop {
            let mut queue = self.queue.lock().await;
            let Some(batch) = queue.batch().await else { break };
            let turn = Arc::clone(&self.order).lock_owned().await;
            drop(queue);
            self.keep(batch, Some(turn)).await;
        }
        if let Some(session) = self.session {
            session.close().await;
        }
    }

    async fn keep(&mut self, batch: Vec<Box<dyn Job>>, mut turn: Turn) {
        let (alone, together): (Vec<_>, Vec<_>) = batch.into_iter().partition(|job| job.goes_alone());
        if !together.is_empty() {
            self.keep_together(together, &mut turn).await;
        }
        for job in alone {
            self.keep_together(vec![job], &mut turn).await;
        }
    }

    async fn keep_together(&mut self, mut batch: Vec<Box<dyn Job>>, turn: &mut Turn) {
        let results = match self.commit(&mut batch, turn).await {
            Err(error) if batch.len() > 1 && is_ones_own(&error) => self.one_by_one(&mut batch).await,
            result => vec![result; batch.len()],
        };
        self.watched.answer(batch, results);
    }

    async fn one_by_one(&mut self, batch: &mut [Box<dyn Job>]) -> Vec<Result<(), StoreError>> {
        let mut results = Vec::with_capacity(batch.len());
        for alone in batch.chunks_mut(1) {
            results.push(self.commit(alone, &mut None).await);
        }
        results
    }

    /// Does a batch, once. On a failure it is not known whether it took place, unless the server refused it.
    async fn commit(&mut self, jobs: &mut [Box<dyn Job>], turn: &mut Turn) -> Result<(), StoreError> {
        let began = self.watched.begin();
        // What is given up leaves no session behind, and no name: what its transaction holds ends with it, and
        // if that lands after all, it is not taken for another.
        let result = timeout(COMMIT_MAX, self.go(jobs, turn)).await;
        let under_way = self.under_way.take();
        let result = result.unwrap_or_else(|_| {
            self.adrift.extend(under_way);
            Err(StoreError::Late)
        });
        self.watched.ended(began, jobs.len(), &result);
        result
    }

    /// A batch's course, step by step. Bounded by [`COMMIT_MAX`]: a doubt has no other end but its answer.
    async fn go(&mut self, jobs: &mut [Box<dyn Job>], turn: &mut Turn) -> Result<(), StoreError> {
        let (mut course, mut step) = (Course::default(), Step::Send);
        let (mut failure, mut pauses) = (StoreError::Contended, 0);
        loop {
            step = match step {
                Step::Send => match self.attempt(jobs, turn).await {
                    Ok(Ended::Committed) => course.sent(Sent::Committed),
                    Ok(Ended::Unknown(mark, error)) => {
                        failure = error;
                        course.sent(Sent::Unknown(mark))
                    }
                    Err(error) => {
                        let may_pass = may_pass(&error);
                        failure = error;
                        course.sent(Sent::Failed { may_pass })
                    }
                },
                Step::Look(mark) => course.seen(self.look(&mark).await),
                Step::Happened => return Ok(()),
                Step::GivenUp => return Err(failure),
            };
            if matches!(step, Step::Send | Step::Look(_)) {
                pauses = PAUSES_MAX.min(pauses + 1);
                tokio::time::sleep(PAUSE * pauses).await;
            }
        }
    }

    /// One transaction. The session is kept only where it is in good order.
    async fn attempt(&mut self, jobs: &mut [Box<dyn Job>], turn: &mut Turn) -> Result<Ended, StoreError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&self.hosts, self.names.next()).await?,
        };
        while let Some(name) = self.adrift.front().filter(|_| self.adrift.len() >= ADRIFT_MAX) {
            session.wait_for(name).await?;
            self.adrift.pop_front();
        }
        self.under_way = Some(session.name());
        let result = transaction(&mut session, &self.known, jobs, turn).await;
        match &result {
            Ok(Ended::Committed) => self.session = Some(session),
            Err(error) if !is_lost(error) && session.roll_back().await.is_ok() => {
                self.session = Some(session)
            }
            _ => {}
        }
        result
    }

    /// Looks whether a transaction was committed after all.
    async fn look(&mut self, mark: &Mark) -> Seen {
        let asked = async {
            let mut session = Session::open(&self.hosts, self.names.next()).await?;
            let committed = session.was_committed(mark).await?;
            Ok::<_, StoreError>((session, committed))
        };
        match asked.await {
            Ok((session, committed)) => {
                self.session = Some(session);
                tracing::warn!(committed, "a commit's answer was lost; the ledger was asked");
                if committed { Seen::Committed } else { Seen::NotCommitted }
            }
            Err(error) => {
                tracing::debug!(error = %Chain(&error), "how a commit ended could not be asked");
                Seen::Nothing
            }
        }
    }
}

/// One transaction, in two trips where the batch is of new notices: it begins, locks and reads in the first,
/// and writes and commits in the second.
async fn transaction(
    session: &mut Session,
    known: &Known,
    jobs: &mut [Box<dyn Job>],
    turn: &mut Turn,
) -> Result<Ended, StoreError> {
    let mut locks: BTreeSet<i64> = jobs.iter().flat_map(|job| job.locks()).map(Lock::key).collect();
    loop {
        let begin = session.begin(locks.iter().copied());
        let mut batch = Batch::new(known, Some(&locks));
        match run(session, begin, &mut batch, known, jobs, turn).await {
            Ok(()) => {
                let mut writes = flush::asks(&batch.fetched, &batch.changed);
                writes.extend(tables::writes(&batch.overlay.changed));
                if batch.rehearses {
                    writes = flush::undone(writes);
                }
                return session.commit(writes).await;
            }
            Err(StoreError::Unfetched) if locks.len() < ROUNDS_MAX * jobs.len() => {
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
    jobs: &mut [Box<dyn Job>],
    turn: &mut Turn,
) -> Result<(), StoreError> {
    let rows = jobs.iter().filter(|job| job.received().is_some()).count();
    // All of them by the same rules, however often they are run again.
    let rules = known.rules.load_full();
    foresee(jobs, &rules, batch);
    fetch(session.link(), Some(begin), known, rows, batch).await?;
    *turn = None;
    for _ in 0..ROUNDS_MAX {
        batch.begin_again();
        // All of them, whatever came of the first: what they lack is fetched together.
        let mut done = Ok(());
        for job in jobs.iter_mut() {
            done = done.and(job.on_postgres(batch, &rules));
        }
        if !batch.wants() {
            return done;
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
fn foresee(jobs: &[Box<dyn Job>], rules: &Rules, batch: &mut Batch<'_>) {
    // A number that is new to a service has its history folded, and one cannot know before who is.
    batch.wanted.states_with = With::HistoriesOfNew;
    if jobs.iter().any(|job| job.folds()) {
        batch.wants_folded();
    }
    for received in jobs.iter().filter_map(|job| job.received()) {
        let Reading::Notice(notice) = &received.reading else { continue };
        batch.wanted.identities.insert(notice.name.clone(), Some(notice.content.msisdn.clone()));
        if let Judgement::Stands(change) =
            judge(notice, &rules.catalog, &rules.book, rules.policy, received.received_at)
        {
            let number = &notice.content.msisdn;
            let services = change.services().into_iter().map(|id| (number.clone(), id.to_owned()));
            batch.wanted.states.extend(services);
            batch.overlay.wanted.devices.insert(number.clone());
        }
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
