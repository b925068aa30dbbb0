//! The embedded engine: SQLite in WAL mode, `synchronous=FULL`, written by one rusqlite connection
//! per process.
//!
//! sqlx reads and migrates; the writer and the carrier's look-ups go through rusqlite and threads of ours, which
//! take many questions at once, because sqlx hands every statement to a thread of its own: in prototypes on two
//! cores that hop halved the notices a second and cost a check more than its query. `cargo bench --bench load` has
//! a server that commits each notice through sqlx to compare with. Both link the same SQLite. Nothing here reads
//! or writes on a thread of the runtime once the ledger is open: a disk that hangs must not hold up those who need
//! none of it.
//!
//! To SQLite `$1` is a name like any other, numbered by where it first stands: in every statement
//! here the parameters stand in the order of their numbers.

mod backup;
mod belongs;
mod check;
mod checkpoint;
pub(super) mod connect;
mod look;
mod notices;
mod place;
mod readers;
mod restore;
mod subscriptions;
mod tables;
mod terms;
mod tx;
mod verify;
mod writer;

pub use backup::BackupError;
pub(super) use backup::backup;
use checkpoint::Checkpointer;
pub(super) use connect::{address, create};
pub use look::Unfit;
pub(super) use look::look;
pub(super) use place::Place;
pub(super) use readers::Readers;
pub(super) use restore::restore;
pub use restore::{RestoreError, Restored};
pub(super) use tx::Tx;

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::dialect::Dialect;
use super::opening::Opened;
use super::rules::InForce;
use super::{OpenError, Rules, StoreError, folded, migrate, pool};
use crate::lifeline::Lifelines;
use crate::subscription::terms::{Terms, TermsBook};

/// Opens a ledger that is there, and starts its writer.
pub(super) async fn open(
    path: &Path,
    mut rules: Rules,
    queue_max: usize,
    lifelines: &Lifelines,
) -> Result<Opened<Readers>, OpenError> {
    if !path.exists() {
        return Err(OpenError::Missing(path.to_owned()));
    }
    look(path)?;
    migrate::check(&address(path), Dialect::Sqlite).await?;
    let mut connection = connect::writer(path)?;
    rules.book = terms::register_terms(&mut connection, rules.terms())?;
    set_order(&connection, rules.policy.queue_disorder_ms)?;
    let rules = Arc::new(InForce::from_pointee(rules));
    let readers = Readers::start(path, &rules, lifelines)?;
    let place = Place::of(path).map_err(|error| OpenError::Place(path.to_owned(), error))?;
    let place = Arc::new(place);
    let pool = pool::sqlite(&address(path), &place).await?;
    let writer = writer::start(place, connection, Arc::clone(&rules), queue_max, lifelines);
    Ok(Opened { rules, writer, lookups: readers, pool })
}

/// Numbers terms beside a ledger that is open. A connection of its own: it comes once in a while.
pub(super) async fn number_terms(path: &Path, today: Vec<Terms>) -> Result<TermsBook, StoreError> {
    let path = path.to_owned();
    let numbered =
        tokio::task::spawn_blocking(move || terms::register_terms(&mut connect::writer(&path)?, today));
    numbered.await.unwrap_or_else(|_| Err(StoreError::broken("the terms could not be numbered")))
}

/// A ledger without notices takes the setting of whoever opens it first. Writes nothing where there is one.
fn set_order(connection: &Connection, disorder_ms: i64) -> Result<(), StoreError> {
    if !connection.prepare(folded::SETTING)?.exists([])? {
        connection.execute(folded::SET, [disorder_ms])?;
    }
    Ok(())
}

/// Has all folds be made again where they were made under another setting. Writes nothing where they were not.
pub(super) async fn begin_refold(path: &Path, disorder_ms: i64) -> Result<(), StoreError> {
    let path = path.to_owned();
    let begun = tokio::task::spawn_blocking(move || {
        let connection = connect::writer(&path)?;
        let folded: Option<Option<i64>> =
            connection.query_row(folded::SETTING, [], |row| row.get(0)).optional()?;
        if folded.is_some_and(|folded| folded != Some(disorder_ms)) {
            connection.execute(folded::BEGIN, [disorder_ms])?;
        }
        Ok(())
    });
    begun.await.unwrap_or_else(|_| Err(StoreError::broken("the folds' setting could not be looked for")))
}
