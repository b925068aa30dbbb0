//! One session of a writer: its transactions, the numbers they lock, and how a commit whose answer was lost is
//! looked up.
//!
//! Each transaction begins by writing its mark ([`super::marks`]) into the session's row of `writer`, and holds
//! that row until it has ended. Whoever looks waits for the row, then reads which transaction was the last to
//! be committed. Three things make that an answer one can stand on:
//!
//! * The row is there, committed, before the session's first transaction; and its name is nobody else's: the
//!   session begins by inserting it, and the server refuses a second of one name.
//! * Both mark and look make the row anew where it is lost (a server that came back from a backup, an operator's
//!   hand), and the second to do so waits for the first: a row that is not there is no answer.
//! * A look writes, so its answer comes when its own commit is on disk, and on the standbys that the server
//!   waits for, with all that was committed before.

use std::fmt::Write;
use std::sync::Arc;

use super::hosts::Hosts;
use super::link::{Ask, Link, is_cut};
use super::marks::Mark;
use crate::ledger::StoreError;

/// What begins every transaction: it is marked, and has numbers for itself. Prepared under names, so that they
/// go with BEGIN as one text with numbers in it, which is answered once. Times of rows are the server's: gateways'
/// clocks may differ, and one must not take another's row for an old one.
const PREPARE: &str = "PREPARE mark (text, bigint) AS /* batch mark */ \
    INSERT INTO writer (id, batch, seen_at) VALUES ($1, $2, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) \
    ON CONFLICT (id) DO UPDATE SET batch = excluded.batch, seen_at = excluded.seen_at; \
    PREPARE locks (bigint[]) AS /* batch locks */ \
    SELECT count(pg_advisory_xact_lock(key)) FROM unnest($1) AS key";

/// Forgets what has not written for a day, which is far longer than a commit stays in doubt. What somebody holds
/// is passed over.
const FORGET: &str = "/* writer forget */ DELETE FROM writer WHERE id IN (SELECT id FROM writer \
    WHERE seen_at < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 86400000 FOR UPDATE SKIP LOCKED)";

/// A session's own row, which must be new. It need not be on disk: whatever is committed after it is not there
/// without it, and a standby that is away must not keep a session from beginning.
fn enter(session: &str) -> String {
    format!(
        "BEGIN; SET LOCAL synchronous_commit = off; {FORGET}; /* writer enter */ INSERT INTO writer (id, batch, seen_at) \
         VALUES ('{session}', 0, (extract(epoch FROM clock_timestamp()) * 1000)::bigint); COMMIT"
    )
}

/// The keys must be in ascending order. Of our own making are all parts.
fn begin(mark: &Mark, locks: impl Iterator<Item = i64>) -> String {
    let mut keys = String::new();
    for key in locks {
        let comma = if keys.is_empty() { "" } else { "," };
        // A String takes whatever is written to it.
        let _ = write!(keys, "{comma}{key}");
    }
    let Mark { session, batch } = mark;
    format!("BEGIN; EXECUTE mark('{session}', {batch}); EXECUTE locks('{{{keys}}}')")
}

/// Waits for a transaction that still holds the row, or that is about to make it.
const LOOK: &str = "/* batch look */ INSERT INTO writer (id, batch, seen_at) \
    VALUES ($1, 0, (extract(epoch FROM clock_timestamp()) * 1000)::bigint) \
    ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at RETURNING batch";

/// How a transaction ended.
pub(super) enum Ended {
    /// Committed.
    Committed,
    /// The commit was asked for and no answer came.
    Unknown(Mark, StoreError),
}

/// A connection and the marks of its transactions.
pub(super) struct Session {
    link: Link,
    /// The newest transaction's.
    mark: Mark,
}

impl Session {
    /// A new session of this name, which nobody has had before.
    pub(super) async fn open(hosts: &Hosts, name: Arc<str>) -> Result<Self, StoreError> {
        let mut link = hosts.connect().await?;
        link.ask(Ask::plain(format!("{PREPARE}; {}", enter(&name)))).await?;
        Ok(Self { link, mark: Mark::before_all(name) })
    }

    /// What begins a transaction that has these keys for itself; what it reads can go in the same trip, since
    /// each statement sees what was committed before it began. The keys must be in ascending order.
    pub(super) fn begin(&mut self, locks: impl Iterator<Item = i64>) -> Ask<'static> {
        Ask::plain(begin(self.mark.next(), locks))
    }

    pub(super) fn link(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Writes, and ends the transaction, in one trip.
    pub(super) async fn commit(&mut self, mut writes: Vec<Ask<'_>>) -> Result<Ended, StoreError> {
        writes.push(Ask::plain("COMMIT"));
        match self.link.ask_all(writes).await {
            Ok(_) => Ok(Ended::Committed),
            Err(error) if self.link.is_unsent() => Err(error.into()),
            // The server says no, to the commit or to what came before it: then it has not.
            Err(error) if error.as_db_error().is_some() && !is_cut(&error) => Err(error.into()),
            Err(error) => Ok(Ended::Unknown(self.mark.clone(), error.into())),
        }
    }

    /// Undoes the transaction.
    pub(super) async fn roll_back(&mut self) -> Result<(), StoreError> {
        self.link.ask(Ask::plain("ROLLBACK")).await?;
        Ok(())
    }

    /// Whether another session's newest transaction was committed, once it has ended.
    pub(super) async fn was_committed(&mut self, mark: &Mark) -> Result<bool, StoreError> {
        Ok(self.wait_for(&mark.session).await? == mark.batch)
    }

    /// Waits until another session's transaction has ended; the number of its last that was committed.
    pub(super) async fn wait_for(&mut self, session: &str) -> Result<i64, StoreError> {
        let found = self.link.ask(Ask::new(LOOK).with(session)).await?;
        let last = found.first().ok_or_else(|| StoreError::broken("a look found no row"))?;
        Ok(last.try_get(0)?)
    }

    pub(super) fn name(&self) -> Arc<str> {
        Arc::clone(&self.mark.session)
    }

    /// Ends the session in good order.
    pub(super) async fn close(self) {
        self.link.close().await;
    }
}
