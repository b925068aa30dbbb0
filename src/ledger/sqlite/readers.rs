//! Threads for the look-ups on the answer path. A disk that hangs holds up the thread that reads from it and nobody
//! else: whoever asked waits for a value, and can go away at its deadline.
//!
//! A thread takes all that waits, up to [`BATCH_MAX`], and reads it in one transaction: it begins after its questions
//! came, and so sees all that any gateway has acknowledged before. Under load the hop to a thread and the locks of a
//! transaction are shared by many questions that way. Therefore one thread works as long as it comes back soon and
//! takes all that waits; others are called by a question that has waited for [`PATIENCE`] and once more than a batch
//! waits. Of the threads that have nothing to do the one that worked last is woken first, whose memory is warm.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle, Thread};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{connect, subscriptions};
use crate::ids::Msisdn;
use crate::ledger::rules::InForce;
use crate::ledger::{OpenError, StoreError};
use crate::lifeline::Lifelines;
use crate::subscription::ServiceState;

/// Threads, each with a connection of its own. Enough that a few reads which take long, from a part of the file that is
/// read for the first time or cannot be, leave some for the others.
const THREADS: usize = 4;

/// Questions in one transaction, at most: what a read that hangs takes with it.
const BATCH_MAX: usize = 64;

/// Questions waiting, at most: beyond, a check is answered as one that failed.
const WAITING_MAX: usize = 16_384;

/// How long a question waits for a thread that works before it calls another.
const PATIENCE: Duration = Duration::from_millis(2);

struct Question {
    number: Msisdn,
    service_id: String,
    reply: oneshot::Sender<Result<ServiceState, StoreError>>,
}

/// The handle. Dropped, it ends the threads and does not wait for them.
pub(in crate::ledger) struct Readers {
    pub(super) path: PathBuf,
    desk: Arc<Desk>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Where questions wait for threads, and threads for questions.
#[derive(Default)]
struct Desk(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    questions: VecDeque<Question>,
    /// Threads that have nothing to do; the last is the one that worked last.
    idle: Vec<Thread>,
    /// Threads that have taken questions and not come back.
    working: usize,
    /// A thread has been called and has not come yet: what waits is its.
    is_called: bool,
    is_closed: bool,
}

impl Readers {
    /// Opens the connections and starts the threads.
    pub(super) fn start(path: &Path, rules: &Arc<InForce>, lifelines: &Lifelines) -> Result<Self, OpenError> {
        let readers = Self { path: path.to_owned(), desk: Arc::default(), threads: Mutex::default() };
        for _ in 0..THREADS {
            let reader = Reader {
                connection: connect::reader(path)?,
                rules: Arc::clone(rules),
                desk: Arc::clone(&readers.desk),
            };
            let lifeline = lifelines.begin("ledger-reader");
            let run = move || {
                reader.run();
                lifeline.end();
            };
            let thread = Builder::new().name("ledger-reader".into()).spawn(run);
            readers.threads().push(thread.map_err(OpenError::Thread)?);
        }
        Ok(readers)
    }

    /// What a number holds of a service.
    pub(in crate::ledger) async fn state(
        &self,
        number: &Msisdn,
        service_id: &str,
    ) -> Result<ServiceState, StoreError> {
        let (reply, mut answer) = oneshot::channel();
        self.desk.ask(Question { number: number.clone(), service_id: service_id.to_owned(), reply })?;
        let answered = match timeout(PATIENCE, &mut answer).await {
            Ok(answered) => answered,
            Err(_) => {
                self.desk.hurry();
                answer.await
            }
        };
        answered.unwrap_or(Err(StoreError::Late))
    }

    /// Answers what was asked, and closes the connections.
    pub(in crate::ledger) async fn stop(&self) {
        self.desk.close();
        let threads = std::mem::take(&mut *self.threads());
        // Their lifelines tell of a panic.
        let joined =
            tokio::task::spawn_blocking(|| threads.into_iter().for_each(|thread| drop(thread.join())));
        let _ = joined.await;
    }

    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.desk.close();
    }
}

impl Desk {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that is done under the lock can panic half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, question: Question) -> Result<(), StoreError> {
        let mut waiting = self.waiting();
        if waiting.is_closed || waiting.questions.len() >= WAITING_MAX {
            return Err(StoreError::Late);
        }
        waiting.questions.push_back(question);
        let is_attended = waiting.working > 0 && waiting.questions.len() <= BATCH_MAX;
        let called = if is_attended { None } else { waiting.call() };
        drop(waiting);
        wake(called);
        Ok(())
    }

    /// Calls another thread if something still waits.
    fn hurry(&self) {
        let mut waiting = self.waiting();
        let called = if waiting.questions.is_empty() { None } else { waiting.call() };
        drop(waiting);
        wake(called);
    }

    /// What waits, up to a batch; none once the desk is closed and nothing is left.
    fn take(&self) -> Option<Vec<Question>> {
        let mut waiting = self.waiting();
        loop {
            // What nobody waits for any more was asked before a read that hung.
            let gone = waiting.questions.iter().take_while(|question| question.reply.is_closed()).count();
            waiting.questions.drain(..gone);
            let many = waiting.questions.len().min(BATCH_MAX);
            waiting.is_called = false;
            if many > 0 {
                let batch = waiting.questions.drain(..many).collect();
                waiting.working += 1;
                let called = if waiting.questions.is_empty() { None } else { waiting.call() };
                drop(waiting);
                wake(called);
                return Some(batch);
            }
            if waiting.is_closed {
                return None;
            }
            let this = std::thread::current();
            waiting.idle.push(this.clone());
            drop(waiting);
            std::thread::park();
            waiting = self.waiting();
            // A thread may be woken without having been called: whoever works must not be taken for idle.
            waiting.idle.retain(|idle| idle.id() != this.id());
        }
    }

    /// A thread comes back from what it took.
    fn back(&self) {
        self.waiting().working -= 1;
    }

    fn close(&self) {
        let mut waiting = self.waiting();
        waiting.is_closed = true;
        waiting.idle.drain(..).for_each(|thread| thread.unpark());
    }
}

impl Waiting {
    /// A thread to be woken for what waits, unless one is on its way.
    fn call(&mut self) -> Option<Thread> {
        if self.is_called {
            return None;
        }
        let thread = self.idle.pop();
        self.is_called = thread.is_some();
        thread
    }
}

fn wake(called: Option<Thread>) {
    if let Some(thread) = called {
        thread.unpark();
    }
}

struct Reader {
    connection: Connection,
    rules: Arc<InForce>,
    desk: Arc<Desk>,
}

impl Reader {
    fn run(self) {
        while let Some(batch) = self.desk.take() {
            let states = self.look(&batch);
            for (question, state) in batch.into_iter().zip(states) {
                // Who asked may have gone away.
                let _ = question.reply.send(state);
            }
            self.desk.back();
        }
    }

    fn look(&self, batch: &[Question]) -> Vec<Result<ServiceState, StoreError>> {
        let one = |question: &Question| self.state(question);
        if let [alone] = batch {
            return vec![one(alone)];
        }
        match self.execute("BEGIN") {
            Ok(()) => {
                let states = batch.iter().map(one).collect();
                // A failure may have ended it already; one to end it shows in the next.
                let _ = self.execute("ROLLBACK");
                states
            }
            Err(error) => vec![Err(error); batch.len()],
        }
    }

    fn state(&self, question: &Question) -> Result<ServiceState, StoreError> {
        subscriptions::state(
            &self.connection,
            &self.rules.load().book,
            &question.number,
            &question.service_id,
        )
    }

    fn execute(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }
}
