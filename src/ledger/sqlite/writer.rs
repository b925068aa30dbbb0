//! The writer thread: it owns its connection and all write transactions of this process.

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::{Checkpointer, Tx, connect};
use crate::ledger::commit::{Done, Job, Queue, Watched, Work, Writer, perform};
use crate::ledger::{InForce, StoreError};
use crate::lifeline::Lifelines;

struct Thread {
    path: PathBuf,
    /// None after a failure that a connection does not survive, until the next batch opens another.
    connection: Option<Connection>,
    rules: Arc<InForce>,
    queue: Queue,
    watched: Watched,
    checkpointer: Checkpointer,
}

/// Starts the thread. Without one (no memory for it) nothing can be written, and its lifeline falls.
pub(super) fn start(
    path: PathBuf,
    connection: Connection,
    rules: Arc<InForce>,
    queue_max: usize,
    lifelines: &Lifelines,
) -> Writer {
    let (writer, queue, mut watched) = Writer::new(queue_max, 1);
    let checkpointer = Checkpointer::start(path.clone(), lifelines.hold("ledger-checkpoint"));
    let Some(watched) = watched.pop().map(|watched| watched.at(path.clone())) else { return writer };
    let thread = Thread { path, connection: Some(connection), rules, queue, watched, checkpointer };
    let lifeline = lifelines.hold("ledger-writer");
    let run = move || {
        thread.run();
        lifeline.end();
    };
    if let Ok(thread) = std::thread::Builder::new().name("ledger-writer".into()).spawn(run) {
        // Its lifeline tells of a panic.
        writer.ends_with(async { drop(tokio::task::spawn_blocking(move || thread.join()).await) });
    }
    writer
}

impl Thread {
    fn run(mut self) {
        while let Some(batch) = self.queue.blocking_batch() {
            self.settle(batch);
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
        self.watched.answer(batch, results);
        if let Some(connection) = &self.connection {
            self.checkpointer.committed(writes, connection);
        }
    }

    fn one_by_one(&mut self, work: &[&Work]) -> Vec<Result<Done, StoreError>> {
        let lost = || StoreError::broken("a write had no result");
        let alone =
            |work: &&Work| self.commit(&[*work]).and_then(|done| done.into_iter().next().ok_or_else(lost));
        work.iter().map(alone).collect()
    }

    fn commit(&mut self, work: &[&Work]) -> Result<Vec<Done>, StoreError> {
        let began = self.watched.begin();
        let result = self.transaction(work);
        self.watched.ended(began, work.len(), &result);
        if result.as_ref().is_err_and(is_everyones) {
            self.connection = None;
        }
        result
    }

    fn transaction(&mut self, work: &[&Work]) -> Result<Vec<Done>, StoreError> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect::writer(&self.path)?),
        };
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rules = self.rules.load_full();
        let mut store = Tx { connection: &tx, book: &rules.book };
        let done = work.iter().map(|work| perform(&mut store, &rules, work)).collect::<Result<_, _>>()?;
        tx.commit()?;
        Ok(done)
    }
}

/// Whether a failure is the database's and not one write's: then trying the others one by one would
/// only fail them later.
fn is_everyones(error: &StoreError) -> bool {
    match error {
        StoreError::Sqlite(error) => !matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig) | None
        ),
        _ => false,
    }
}
