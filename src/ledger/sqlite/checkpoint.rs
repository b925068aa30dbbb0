//! Moves committed pages from the write-ahead log into the database, beside the writer.
//!
//! Left to itself SQLite checkpoints inside a commit, and every notice of that batch waits for it. A
//! passive checkpoint on a thread and connection of its own takes nearly all of that work away, but
//! can never empty the log while the writer keeps appending: so once the log is long, the writer
//! finishes the checkpoint itself, which by then is short, and begins the log anew. That bounds the
//! log whatever the load.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;

use super::{Place, connect};
use crate::ledger::StoreError;
use crate::lifeline::Lifeline;

/// Writes between two passive checkpoints, at most.
const WRITES: usize = 2000;

/// How long committed pages may wait for a passive checkpoint when little is written.
const IDLE: Duration = Duration::from_secs(1);

/// Pages in the log from which the writer begins it anew: 64 MiB of 4 KiB.
const LOG_PAGES_MAX: u32 = 16_384;

/// The writer's handle. Dropped with the writer, it ends the thread.
pub(in crate::ledger) struct Checkpointer {
    ring: SyncSender<()>,
    writes: usize,
    /// Pages in the log when last looked at.
    log_pages: Arc<AtomicU32>,
    /// Held during a checkpoint: two at once would only refuse one another.
    turn: Arc<Mutex<()>>,
}

impl Checkpointer {
    /// Starts the thread. Without one (no memory for it) the log is bounded all the same, by the
    /// writer.
    pub(in crate::ledger) fn start(place: Arc<Place>, lifeline: Lifeline) -> Self {
        let (ring, rung) = sync_channel(1);
        let (log_pages, turn) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(())));
        let passive = Passive { place, log_pages: Arc::clone(&log_pages), turn: Arc::clone(&turn) };
        let thread = std::thread::Builder::new().name("ledger-checkpoint".into());
        if let Err(error) = thread.spawn(move || passive.run(&rung, lifeline)) {
            tracing::error!(%error, "no thread for checkpoints; the writer makes them");
            log_pages.store(LOG_PAGES_MAX, Ordering::Relaxed);
        }
        Self { ring, writes: 0, log_pages, turn }
    }

    /// To be called after a commit of `writes` with the writer's connection, outside of a
    /// transaction.
    pub(in crate::ledger) fn committed(&mut self, writes: usize, connection: &Connection) {
        self.writes += writes;
        if self.writes >= WRITES {
            self.writes = 0;
            // A full channel has woken the thread already; a closed one has none.
            if let Err(TrySendError::Disconnected(())) = self.ring.try_send(()) {
                self.log_pages.store(LOG_PAGES_MAX, Ordering::Relaxed);
            }
        }
        if self.log_pages.load(Ordering::Relaxed) >= LOG_PAGES_MAX {
            self.begin_anew(connection);
        }
    }

    /// Finishes the checkpoint and has the next commit begin the log. A reader in the way is not
    /// waited for: the next commit tries again.
    fn begin_anew(&self, connection: &Connection) {
        let Ok(_turn) = self.turn.try_lock() else { return };
        let checkpointed = without_waiting(connection, "RESTART");
        match checkpointed {
            Ok((false, _)) => self.log_pages.store(0, Ordering::Relaxed),
            Ok((true, _)) => {}
            // The commits stand; what is wrong with the disk shows in the next one.
            Err(error) => tracing::warn!(%error, "the log could not be begun anew"),
        }
    }
}

/// A checkpoint that gives way to readers, and whether one was in the way.
fn without_waiting(connection: &Connection, mode: &str) -> Result<(bool, u32), rusqlite::Error> {
    connection.busy_timeout(Duration::ZERO)?;
    let sql = format!("PRAGMA wal_checkpoint({mode})");
    let done = connection.query_row(&sql, [], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)));
    connection.busy_timeout(connect::BUSY)?;
    done.map(|(busy, pages)| (busy, u32::try_from(pages).unwrap_or_default()))
}

struct Passive {
    place: Arc<Place>,
    log_pages: Arc<AtomicU32>,
    turn: Arc<Mutex<()>>,
}

impl Passive {
    fn run(self, rung: &Receiver<()>, lifeline: Lifeline) {
        let mut connection = None;
        loop {
            match rung.recv_timeout(IDLE) {
                Err(RecvTimeoutError::Disconnected) => return lifeline.end(),
                Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            }
            // Said in the log, also while nothing is written.
            let _ = self.place.check();
            // A failure (a disk that is full or gone) is told by the commits; here it is only tried
            // again, on another connection.
            if self.checkpoint(&mut connection).is_err() {
                connection = None;
            }
        }
    }

    fn checkpoint(&self, connection: &mut Option<Connection>) -> Result<(), StoreError> {
        let connection = match connection {
            Some(connection) => connection,
            none => none.insert(connect::again(&self.place)?),
        };
        let _turn = self.turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (_, pages) = without_waiting(connection, "PASSIVE")?;
        self.log_pages.store(pages, Ordering::Relaxed);
        Ok(())
    }
}
