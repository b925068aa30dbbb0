//! One writer's session: its transactions, the numbers they lock, and how a commit whose answer was
//! lost is looked up.

use std::fmt::Write;

use sqlx::postgres::PgConnection;
use sqlx::{Connection, Row};

use super::hosts::Hosts;
use crate::clock::{DAY_MS, Timestamp};
use crate::ledger::StoreError;

/// Begins a transaction, marks it as this writer's so-many-th, and locks. In one statement after the
/// other, but in one trip, which takes their text with numbers in it; both hold before anything is read.
fn begin(writer: &str, batch: i64, now: Timestamp, locks: &[i64]) -> String {
    let mut keys = String::with_capacity(locks.len() * 21);
    for key in locks {
        let comma = if keys.is_empty() { "" } else { "," };
        // A String takes whatever is written to it.
        let _ = write!(keys, "{comma}{key}");
    }
    format!(
        "/* batch begin */ BEGIN; INSERT INTO writer (id, batch, seen_at) VALUES ('{writer}', {batch}, {}) \
         ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, seen_at = excluded.seen_at; \
         SELECT count(pg_advisory_xact_lock(key)) FROM unnest('{{{keys}}}'::bigint[]) AS key",
        now.0
    )
}

/// Waits for a transaction that still holds the row.
const LOOK: &str = "/* batch look */ SELECT batch FROM writer WHERE id = $1 FOR UPDATE";

const FORGET: &str = "/* writer forget */ DELETE FROM writer WHERE seen_at < $1";

/// How a transaction ended.
pub(super) enum Ended {
    /// Committed.
    Committed,
    /// The commit was asked for and no answer came.
    Unknown(StoreError),
}

/// A connection and the name its transactions go by.
pub(super) struct Session {
    connection: PgConnection,
    writer: String,
    batch: i64,
}

impl Session {
    /// A new session of a writer, whose transactions so far are numbered up to `batch`.
    pub(super) async fn open(hosts: &Hosts, writer: &str, batch: i64) -> Result<Self, StoreError> {
        Ok(Self { connection: hosts.connect().await?, writer: writer.to_owned(), batch })
    }

    /// Begins a transaction that has these keys for itself. They must be in ascending order.
    pub(super) async fn begin(&mut self, locks: &[i64], now: Timestamp) -> Result<(), StoreError> {
        self.batch += 1;
        // Of our own making are all of its parts: the writer's name is hexadecimal.
        let sql = sqlx::AssertSqlSafe(begin(&self.writer, self.batch, now, locks));
        sqlx::raw_sql(sql).execute(&mut self.connection).await?;
        Ok(())
    }

    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// The number of the newest transaction begun.
    pub(super) fn batch(&self) -> i64 {
        self.batch
    }

    /// Ends the transaction.
    pub(super) async fn commit(&mut self) -> Result<Ended, StoreError> {
        match sqlx::raw_sql("COMMIT").execute(&mut self.connection).await {
            Ok(_) => Ok(Ended::Committed),
            // The server says no: then it has not.
            Err(error @ sqlx::Error::Database(_)) if !super::writer::is_cut(&error) => Err(error.into()),
            Err(error) => Ok(Ended::Unknown(error.into())),
        }
    }

    /// Undoes the transaction.
    pub(super) async fn roll_back(&mut self) -> Result<(), StoreError> {
        sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await?;
        Ok(())
    }

    /// Whether an earlier session's transaction of this number was committed, once it has ended.
    pub(super) async fn was_committed(&mut self, batch: i64) -> Result<bool, StoreError> {
        let found = sqlx::query(LOOK).bind(&self.writer).fetch_optional(&mut self.connection).await?;
        let newest: Option<i64> = found.map(|row| row.try_get(0)).transpose()?;
        Ok(newest == Some(batch))
    }

    /// Ends the session in good order.
    pub(super) async fn close(self) {
        // What is lost here is a farewell.
        let _ = self.connection.close().await;
    }
}

/// Forgets writers that have not written for a week: none of their commits is still in doubt.
pub(super) async fn forget_old(connection: &mut PgConnection, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(FORGET).bind(now.plus_ms(-7 * DAY_MS).0).execute(connection).await?;
    Ok(())
}
