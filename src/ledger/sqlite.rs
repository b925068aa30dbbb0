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

use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::dialect::Dialect;
use super::fulfil::{Claim, Need};
use super::journal::Row;
use super::raw::Raw;
use super::store::{Lock, Store};
use super::tables::refold::{self as refold_row, Refold};
use super::tables::{Cell, Old, Record as _, Records as _, Table};
use super::{InForce, Lookups, OpenError, Opened, Rules, StoreError, migrate, read, refold};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::lifeline::Lifelines;
use crate::subscription::decide::Event;
use crate::subscription::order::Newest;
use crate::subscription::terms::{Terms, TermsBook};
use crate::subscription::{Run, ServiceState, Subscription};

/// Opens a ledger that is there, and starts its writer.
pub(super) async fn open(
    path: &Path,
    mut rules: Rules,
    queue_max: usize,
    lifelines: &Lifelines,
) -> Result<Opened, OpenError> {
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
    let pool = read::sqlite(&address(path), &place).await?;
    let writer = writer::start(place, connection, Arc::clone(&rules), queue_max, lifelines);
    Ok(Opened { rules, writer, lookups: Lookups::Sqlite(readers), pool })
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
    if !connection.prepare(refold::SETTING)?.exists([])? {
        connection.execute(refold::SET, [disorder_ms])?;
    }
    Ok(())
}

/// Has all folds be made again where they were made under another setting. Writes nothing where they were not.
pub(super) async fn begin_refold(path: &Path, disorder_ms: i64) -> Result<(), StoreError> {
    let path = path.to_owned();
    let begun = tokio::task::spawn_blocking(move || {
        let connection = connect::writer(&path)?;
        let folded: Option<Option<i64>> =
            connection.query_row(refold::SETTING, [], |row| row.get(0)).optional()?;
        if folded.is_some_and(|folded| folded != Some(disorder_ms)) {
            connection.execute(refold::BEGIN, [disorder_ms])?;
        }
        Ok(())
    });
    begun.await.unwrap_or_else(|_| Err(StoreError::broken("the folds' setting could not be looked for")))
}

/// One write transaction. The statements are prepared once and kept with the connection.
pub(super) struct Tx<'a> {
    connection: &'a Connection,
    book: &'a TermsBook,
    /// What was found of the folds' setting.
    folded: Option<Option<Refold>>,
}

impl<'a> Tx<'a> {
    fn new(connection: &'a Connection, book: &'a TermsBook) -> Self {
        Self { connection, book, folded: None }
    }
}

impl Store for Tx<'_> {
    fn probe(&mut self, at: Timestamp) -> Result<(), StoreError> {
        let sql = "/* probe */ INSERT INTO probe (id, at) VALUES (1, $1) \
                   ON CONFLICT (id) DO UPDATE SET at = excluded.at";
        self.connection.prepare_cached(sql)?.execute([at.0])?;
        Ok(())
    }

    fn rehearse<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.connection.execute_batch("SAVEPOINT rehearsal")?;
        let done = act(self)?;
        // The pages stay written to, and go to the log with the commit: as much as a notice takes there.
        self.connection.execute_batch("ROLLBACK TO rehearsal; RELEASE rehearsal")?;
        Ok(done)
    }

    fn folded(&mut self) -> Result<Option<Refold>, StoreError> {
        if self.folded.is_none() {
            self.folded = Some(self.get(refold_row::KEY)?);
        }
        Ok(self.folded.clone().flatten())
    }

    fn holder(&mut self, identity: &str) -> Result<Option<NoticeId>, StoreError> {
        let sql = "/* identity holder */ SELECT notice_id FROM identity WHERE key = $1";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([identity], |row| row.get(0).map(NoticeId)).optional()?)
    }

    fn hold(&mut self, identity: &str, id: NoticeId) -> Result<(), StoreError> {
        let sql = "/* identity hold */ INSERT INTO identity (key, notice_id) VALUES ($1, $2) \
                   ON CONFLICT (key) DO UPDATE SET notice_id = excluded.notice_id";
        self.connection.prepare_cached(sql)?.execute(params![identity, id.0])?;
        Ok(())
    }

    fn notice(&mut self, id: NoticeId) -> Result<Option<Row>, StoreError> {
        notices::find(self.connection, id)
    }

    fn insert(&mut self, row: &Row, raw: Option<&Raw>) -> Result<NoticeId, StoreError> {
        notices::insert(self.connection, row, raw)
    }

    fn count_again(&mut self, id: NoticeId) -> Result<(), StoreError> {
        let sql = "/* notice count */ UPDATE notice SET count = count + 1 WHERE id = $1";
        self.connection.prepare_cached(sql)?.execute([id.0])?;
        Ok(())
    }

    fn update(&mut self, row: &Row) -> Result<(), StoreError> {
        notices::update(self.connection, row)
    }

    fn raw(&mut self, id: NoticeId) -> Result<Option<Raw>, StoreError> {
        notices::raw(self.connection, id)
    }

    fn terms(&mut self, id: i64) -> Result<Arc<Terms>, StoreError> {
        terms::terms(self.connection, self.book, id)
    }

    fn state(&mut self, number: &Msisdn, service_id: &str) -> Result<ServiceState, StoreError> {
        subscriptions::state(self.connection, self.book, number, service_id)
    }

    fn events(&mut self, number: &Msisdn) -> Result<Vec<Event>, StoreError> {
        notices::events(self.connection, self.book, number)
    }

    fn history(&mut self, number: &Msisdn) -> Result<Vec<Row>, StoreError> {
        notices::history(self.connection, number)
    }

    fn put(
        &mut self,
        number: &Msisdn,
        subscription: &Subscription,
        newest: &Newest,
    ) -> Result<(), StoreError> {
        subscriptions::put(self.connection, number, subscription, newest)
    }

    fn add_past(&mut self, number: &Msisdn, run: &Run) -> Result<(), StoreError> {
        subscriptions::add_past(self.connection, number, run)
    }

    fn clear(&mut self, number: &Msisdn, service_id: &str) -> Result<(), StoreError> {
        subscriptions::clear(self.connection, number, service_id)
    }

    fn past(&mut self, number: &Msisdn, service_id: &str) -> Result<Vec<Run>, StoreError> {
        subscriptions::past(self.connection, self.book, number, service_id)
    }

    fn services(&mut self, number: &Msisdn) -> Result<Vec<String>, StoreError> {
        verify::services(self.connection, number)
    }

    fn lock(&mut self, _: Lock) -> Result<(), StoreError> {
        // The transaction has the whole database for itself.
        Ok(())
    }

    fn has_devices(&mut self, number: &Msisdn) -> Result<bool, StoreError> {
        tables::has_devices(self.connection, number.in_full())
    }

    fn row(&mut self, table: &'static Table, key: &Cell) -> Result<Option<Vec<Cell>>, StoreError> {
        tables::row(self.connection, table, key)
    }

    fn rows(
        &mut self,
        table: &'static Table,
        column: usize,
        value: &Cell,
    ) -> Result<Vec<Vec<Cell>>, StoreError> {
        tables::rows(self.connection, table, column, value)
    }

    fn write(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<(), StoreError> {
        if table == Refold::TABLE {
            self.folded = None;
        }
        tables::write(self.connection, table, &row)
    }

    fn next_number(&mut self, table: &'static Table) -> Result<i64, StoreError> {
        tables::next_number(self.connection, table)
    }

    fn stock(&mut self, need: &Need) -> Result<Option<Vec<Cell>>, StoreError> {
        tables::stock(self.connection, need)
    }

    fn claim(&mut self, claim: &Claim) -> Result<Vec<Vec<Cell>>, StoreError> {
        tables::claim(self.connection, claim)
    }

    fn purge(&mut self, old: &'static Old, at: Timestamp) -> Result<(), StoreError> {
        tables::purge(self.connection, old, at)
    }
}
