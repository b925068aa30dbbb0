//! The writer thread: it owns its connection and all write transactions of this process.

use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use super::tables::Statements;
use super::{Checkpointer, Place, Tx, connect};
use crate::ledger::StoreError;
use crate::ledger::commit::{Job, Queue, Watched, Writer};
use crate::ledger::rules::InForce;
use crate::lifeline::Lifelines;

struct Thread {
    place: Arc<Place>,
    /// None after a failure that a connection does not survive, until the next batch opens another.
    connection: Option<Connection>,
    statements: Statements,
    rules: Arc<InForce>,
    queue: Queue,
    watched: Watched,
    checkpointer: Checkpointer,
}

/// Starts the thread. Without one (no memory for it) nothing can be written, and its lifeline falls.
pub(super) fn start(
    place: Arc<Place>,
    connection: Connection,
    rules: Arc<InForce>,
    queue_max: usize,
    lifelines: &Lifelines,
) -> Writer {
    let (writer, queue, mut watched) = Writer::new(queue_max, 1);
    let checkpointer = Checkpointer::start(Arc::clone(&place), lifelines.begin("ledger-checkpoint"));
    let watched = watched.pop().map(|watched| watched.at(place.path().to_owned()));
    let Some(watched) = watched else { return writer };
    let thread = Thread {
        place,
        connection: Some(connection),
        statements: Statements::default(),
        rules,
        queue,
        watched,
        checkpointer,
    };
    let lifeline = lifelines.begin("ledger-writer");
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
            let (probes, writes): (Vec<_>, Vec<_>) = batch.into_iter().partition(|job| job.is_probe());
            if !writes.is_empty() {
                self.keep(writes);
            }
            for probe in probes {
                self.keep(vec![probe]);
            }
        }
    }

    fn keep(&mut self, mut batch: Vec<Box<dyn Job>>) {
        let writes = batch.len();
        let results = match self.commit(&mut batch) {
            Err(error) if writes > 1 && !is_everyones(&error) => {
                batch.chunks_mut(1).map(|alone| self.commit(alone)).collect()
            }
            result => vec![result; writes],
        };
        self.watched.answer(batch, results);
        if let Some(connection) = &self.connection {
            self.checkpointer.committed(writes, connection);
        }
    }

    fn commit(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let began = self.watched.begin();
        let result = self.transaction(batch);
        self.watched.ended(began, batch.len(), &result);
        if result.as_ref().is_err_and(|error| is_everyones(error) || is_damage(error)) {
            self.connection = None;
        }
        result
    }

    fn transaction(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        if batch.iter().any(|job| job.is_probe()) && self.watched.lacks_room(|| self.place.has_room()) {
            return Err(StoreError::NoRoom(self.place.path().to_owned()));
        }
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => none.insert(connect::again(&self.place)?),
        };
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rules = self.rules.load_full();
        let mut store = Tx::new(&tx, &rules.book, &mut self.statements);
        batch.iter_mut().try_for_each(|job| job.on_sqlite(&mut store, &rules))?;
        tx.commit()?;
        // After the commit: what was removed before it has been written into nothing.
        self.place.check()
    }
}

/// Whether a failure is the database's and not one write's: then trying the others one by one would
/// only fail them later. A damaged page may be one number's.
fn is_everyones(error: &StoreError) -> bool {
    match error {
        StoreError::Sqlite(error) => !matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::DatabaseCorrupt) | None
        ),
        StoreError::Astray(..) | StoreError::NoRoom(_) | StoreError::Refolding => true,
        _ => false,
    }
}

/// Whether a page was found damaged, which the connection would remember when it has been mended.
fn is_damage(error: &StoreError) -> bool {
    matches!(error, StoreError::Sqlite(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt))
}
