//! One writer's session: its transactions, the numbers they lock, and how a commit whose answer was
//! lost is looked up.

use std::fmt::Write;

use super::hosts::Hosts;
use super::link::{Ask, Link};
use crate::clock::{DAY_MS, Timestamp};
use crate::ledger::StoreError;

/// What begins every transaction: it is marked as its writer's so-many-th, and has numbers for itself. Prepared
/// under names, so that they go with BEGIN as one text with numbers in it, which is answered once.
const PREPARE: &str = "PREPARE mark (text, bigint, bigint) AS /* batch mark */ \
    INSERT INTO writer (id, batch, seen_at) VALUES ($1, $2, $3) \
    ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, seen_at = excluded.seen_at; \
    PREPARE locks (bigint[]) AS /* batch locks */ \
    SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1) AS key";

/// The keys must be in ascending order. Of our own making are all parts: the writer's name is hexadecimal.
fn begin(writer: &str, batch: i64, now: Timestamp, locks: impl Iterator<Item = i64>) -> String {
    let mut keys = String::new();
    for key in locks {
        let comma = if keys.is_empty() { "" } else { "," };
        // A String takes whatever is written to it.
        let _ = write!(keys, "{comma}{key}");
    }
    format!("BEGIN; EXECUTE mark('{writer}', {batch}, {}); EXECUTE locks('{{{keys}}}')", now.0)
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
    link: Link,
    writer: String,
    batch: i64,
}

impl Session {
    /// A new session of a writer, whose transactions so far are numbered up to `batch`.
    pub(super) async fn open(hosts: &Hosts, writer: &str, batch: i64) -> Result<Self, StoreError> {
        let mut link = hosts.connect().await?;
        link.ask(Ask::plain(PREPARE)).await?;
        Ok(Self { link, writer: writer.to_owned(), batch })
    }

    /// What begins a transaction that has these keys for itself; what it reads can go in the same trip, since
    /// each statement sees what was committed before it began. The keys must be in ascending order.
    pub(super) fn begin(&mut self, locks: impl Iterator<Item = i64>, now: Timestamp) -> Ask<'static> {
        self.batch += 1;
        Ask::plain(begin(&self.writer, self.batch, now, locks))
    }

    pub(super) fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// The number of the newest transaction begun.
    pub(super) fn batch(&self) -> i64 {
        self.batch
    }

    /// Writes, and ends the transaction, in one trip.
    pub(super) async fn commit(&mut self, mut writes: Vec<Ask<'_>>) -> Result<Ended, StoreError> {
        writes.push(Ask::plain("COMMIT"));
        match self.link.ask_all(writes).await {
            Ok(_) => Ok(Ended::Committed),
            Err(error) if self.link.is_unsent() => Err(error.into()),
            // The server says no, to the commit or to what came before it: then it has not.
            Err(error) if error.as_db_error().is_some() && !super::writer::is_cut(&error) => {
                Err(error.into())
            }
            Err(error) => Ok(Ended::Unknown(error.into())),
        }
    }

    /// Undoes the transaction.
    pub(super) async fn roll_back(&mut self) -> Result<(), StoreError> {
        self.link.ask(Ask::plain("ROLLBACK")).await?;
        Ok(())
    }

    /// Whether an earlier session's transaction of this number was committed, once it has ended.
    pub(super) async fn was_committed(&mut self, batch: i64) -> Result<bool, StoreError> {
        let found = self.link.ask(Ask::new(LOOK).with(&self.writer)).await?;
        let newest: Option<i64> = found.first().map(|row| row.try_get(0)).transpose()?;
        Ok(newest == Some(batch))
    }

    /// Ends the session in good order.
    pub(super) async fn close(self) {
        self.link.close().await;
    }
}

/// Forgets writers that have not written for a week: none of their commits is still in doubt.
pub(super) async fn forget_old(link: &mut Link, now: Timestamp) -> Result<(), StoreError> {
    link.ask(Ask::new(FORGET).with(now.plus_ms(-7 * DAY_MS).0)).await?;
    Ok(())
}
