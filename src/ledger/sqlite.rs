//! The embedded engine: SQLite in WAL mode, `synchronous=FULL`, written by one rusqlite connection
//! per process.
//!
//! sqlx reads and migrates; the writer and the carrier's look-ups go through rusqlite, because sqlx
//! hands every statement to a thread of its own: in prototypes on two cores that hop halved the
//! notices a second and cost a check more than its query. `cargo bench --bench load` has a server that
//! commits each notice through sqlx to compare with. Both link the same SQLite.
//!
//! To SQLite `$1` is a name like any other, numbered by where it first stands: in every statement
//! here the parameters stand in the order of their numbers.

mod checkpoint;
mod connect;
mod notices;
mod subscriptions;
mod terms;
mod verify;

pub(super) use checkpoint::Checkpointer;
pub(super) use connect::{address, create, path, reader, writer};
pub(super) use subscriptions::state;
pub(super) use terms::register_terms;

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::StoreError;
use super::journal::Row;
use super::raw::Raw;
use super::store::Store;
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::subscription::decide::Event;
use crate::subscription::order::Newest;
use crate::subscription::terms::{Terms, TermsBook};
use crate::subscription::{Run, ServiceState, Subscription};

/// One write transaction. The statements are prepared once and kept with the connection.
pub(super) struct Tx<'a> {
    pub(super) connection: &'a Connection,
    pub(super) book: &'a TermsBook,
}

impl Tx<'_> {
    /// Writes something, so that the commit must reach the disk.
    pub(super) fn probe(&mut self, at: Timestamp) -> Result<(), StoreError> {
        let sql = "/* probe */ INSERT INTO probe (id, at) VALUES (1, $1) \
                   ON CONFLICT (id) DO UPDATE SET at = excluded.at";
        self.connection.prepare_cached(sql)?.execute([at.0])?;
        Ok(())
    }

    /// The next numbers that the journal or the subscriptions know.
    pub(super) fn numbers_after(&mut self, after: &str) -> Result<Vec<Msisdn>, StoreError> {
        verify::numbers_after(self.connection, after)
    }

    /// Rows that name something missing, in words.
    pub(super) fn broken_links(&mut self) -> Result<Vec<String>, StoreError> {
        verify::broken_links(self.connection)
    }
}

impl Store for Tx<'_> {
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

    fn insert(&mut self, row: &Row, raw: &Raw) -> Result<NoticeId, StoreError> {
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
}
