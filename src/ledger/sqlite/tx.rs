//! One write transaction of the embedded engine.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, params};

use super::tables::{self, Statements};
use super::{notices, subscriptions, terms};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::due::Claim;
use crate::ledger::journal::Row;
use crate::ledger::need::Need;
use crate::ledger::raw::Raw;
use crate::ledger::records::Reads as _;
use crate::ledger::store::{Journal, Lock, Locks, ReadsFolds, Store, Tables, WritesFolds};
use crate::ledger::tables::refold::{KEY, Refold};
use crate::ledger::tables::{Cell, Old, Record as _, Table};
use crate::subscription::decide::Event;
use crate::subscription::order::Newest;
use crate::subscription::terms::{Terms, TermsBook};
use crate::subscription::{Run, ServiceState, Subscription};

/// One write transaction. The statements are prepared once and kept with the connection.
pub(in crate::ledger) struct Tx<'a> {
    connection: &'a Connection,
    book: &'a TermsBook,
    statements: &'a mut Statements,
    /// What was found of the folds' setting.
    folded: Option<Option<Refold>>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        book: &'a TermsBook,
        statements: &'a mut Statements,
    ) -> Self {
        Self { connection, book, statements, folded: None }
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
}

impl Locks for Tx<'_> {
    fn lock(&mut self, _: Lock) -> Result<(), StoreError> {
        // The transaction has the whole database for itself.
        Ok(())
    }
}

impl Journal for Tx<'_> {
    fn holder(&mut self, identity: &str) -> Result<Option<NoticeId>, StoreError> {
        let sql = "/* identity holder */ SELECT notice_id FROM identity WHERE key = $1";
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row([identity], |row| row.get(0).map(NoticeId)).optional()?)
    }

    fn assign(&mut self, identity: &str, id: NoticeId) -> Result<(), StoreError> {
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

    fn history(&mut self, number: &Msisdn) -> Result<Vec<Row>, StoreError> {
        notices::history(self.connection, number)
    }
}

impl ReadsFolds for Tx<'_> {
    fn folded(&mut self) -> Result<Option<Refold>, StoreError> {
        if self.folded.is_none() {
            self.folded = Some(self.one(&KEY.into())?);
        }
        Ok(self.folded.clone().flatten())
    }

    fn terms(&mut self, id: i64) -> Result<Arc<Terms>, StoreError> {
        terms::terms(self.connection, self.book, id)
    }

    fn state(&mut self, number: &Msisdn, service_id: &str) -> Result<ServiceState, StoreError> {
        subscriptions::state(self.connection, self.book, number, service_id)
    }

    fn past(&mut self, number: &Msisdn, service_id: &str) -> Result<Vec<Run>, StoreError> {
        subscriptions::past(self.connection, self.book, number, service_id)
    }

    fn services(&mut self, number: &Msisdn) -> Result<Vec<String>, StoreError> {
        subscriptions::services(self.connection, number)
    }

    fn events(&mut self, number: &Msisdn) -> Result<Vec<Event>, StoreError> {
        notices::events(self.connection, self.book, number)
    }

    fn has_devices(&mut self, number: &Msisdn) -> Result<bool, StoreError> {
        tables::has_devices(self.connection, number.in_full())
    }
}

impl WritesFolds for Tx<'_> {
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
}

impl Tables for Tx<'_> {
    fn row(&mut self, table: &'static Table, key: &Cell) -> Result<Option<Vec<Cell>>, StoreError> {
        tables::row(self.connection, self.statements, table, key)
    }

    fn rows(
        &mut self,
        table: &'static Table,
        column: usize,
        value: &Cell,
    ) -> Result<Vec<Vec<Cell>>, StoreError> {
        tables::rows(self.connection, self.statements, table, column, value)
    }

    fn write(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<(), StoreError> {
        if table == Refold::TABLE {
            self.folded = None;
        }
        tables::write(self.connection, self.statements, table, &row)
    }

    fn next_number(&mut self, table: &'static Table) -> Result<i64, StoreError> {
        tables::next_number(self.connection, self.statements, table)
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
