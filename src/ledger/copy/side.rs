//! One of the two ledgers of a copy, on either engine: a few verbs, and every statement of them one
//! text. Each engine is spoken to by its own driver, since sqlx's common one has no arrays, without
//! which PostgreSQL takes rows one by one.

use super::checksum::{Checksum, Content};
use super::row::{Row, Value};
use super::table::{Found, Kind, Range, Table};
use super::{postgres, sqlite};
use crate::config::LedgerUrl;
use crate::ledger::{OpenError, StoreError};

/// A ledger with its connection.
pub(super) enum Side {
    Sqlite(sqlite::Side),
    Postgres(postgres::Side),
}

impl Side {
    /// Opens the ledger to read from, whose schema must be this binary's.
    pub(super) async fn source(url: &LedgerUrl) -> Result<Self, OpenError> {
        match url {
            LedgerUrl::Sqlite(path) => sqlite::Side::source(path).await.map(Self::Sqlite),
            LedgerUrl::Postgres(url) => postgres::Side::source(url).await.map(Self::Postgres),
        }
    }

    /// Opens the ledger to write to, which is there. `None`: somebody else has it open.
    pub(super) async fn target(url: &LedgerUrl) -> Result<Option<Self>, OpenError> {
        match url {
            LedgerUrl::Sqlite(path) => Ok(sqlite::Side::target(path).await?.map(Self::Sqlite)),
            LedgerUrl::Postgres(url) => Ok(postgres::Side::target(url).await?.map(Self::Postgres)),
        }
    }

    /// From now on others may open it, if they do not mind the mark.
    pub(super) async fn marked(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(side) => side.marked().await,
            // Its lock is no hindrance to the copy.
            Self::Postgres(_) => Ok(()),
        }
    }

    /// Every column of every table.
    pub(super) async fn catalog(&mut self) -> Result<Vec<Found>, StoreError> {
        match self {
            Self::Sqlite(side) => side.catalog().await,
            Self::Postgres(side) => side.catalog().await,
        }
    }

    /// Runs a statement; its rows have columns of these kinds.
    pub(super) async fn query(
        &mut self,
        sql: String,
        parameters: Vec<Value>,
        kinds: &[Kind],
    ) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(side) => side.query(sql, parameters, kinds.to_vec()).await,
            Self::Postgres(side) => side.query(sql, parameters, kinds).await,
        }
    }

    /// The one number that a statement finds.
    pub(super) async fn number(&mut self, sql: String) -> Result<i64, StoreError> {
        let rows = self.query(sql, Vec::new(), &[Kind::Integer]).await?;
        let number = rows.first().and_then(|row| row.first()).and_then(Value::integer);
        number.ok_or_else(|| StoreError::broken("a count found nothing"))
    }

    /// The first rows of a range, in the order of their keys.
    pub(super) async fn rows(
        &mut self,
        table: &Table,
        range: &Range,
        rows_max: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut parameters = range.parameters();
        parameters.push(Value::Integer(i64::try_from(rows_max).unwrap_or(i64::MAX)));
        self.query(table.select(range), parameters, &table.kinds()).await
    }

    /// Puts rows in place of all that is in a range, in one transaction.
    pub(super) async fn replace(
        &mut self,
        table: &Table,
        range: &Range,
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(side) => side.replace(table, range, rows).await,
            Self::Postgres(side) => side.replace(table, range, rows).await,
        }
    }

    /// Makes what was written so far, and what is written from now on, outlive the machine; and has
    /// new rows numbered after the largest there is.
    pub(super) async fn finish(&mut self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(side) => side.finish().await,
            Self::Postgres(side) => side.finish().await,
        }
    }

    /// Ends the connection in good order.
    pub(super) async fn close(self) {
        match self {
            Self::Sqlite(side) => side.close().await,
            Self::Postgres(side) => side.close().await,
        }
    }

    /// Reads a whole table; `progress` is told how many rows more.
    pub(super) async fn content(
        &mut self,
        table: &Table,
        mut progress: impl FnMut(usize),
    ) -> Result<Content, StoreError> {
        let mut checksum = Checksum::new(table);
        let mut range = Range::default();
        loop {
            let rows = self.rows(table, &range, table.rows_max()).await?;
            rows.iter().for_each(|row| checksum.add(row));
            progress(rows.len());
            match rows.last() {
                Some(last) if rows.len() == table.rows_max() => range.after = Some(table.key_of(last)),
                _ => return Ok(checksum.finish()),
            }
        }
    }
}
