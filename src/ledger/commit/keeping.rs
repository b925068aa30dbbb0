//! What became of notices lately: the commits themselves tell most truly whether notices can be kept.
//!
//! A refusal may be one notice's own (a damaged row of its number), which is no reason to take a gateway
//! out of service. So only refusals of several numbers, with nothing kept between them, speak for all.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::ErrorCode;

use super::Job;
use crate::ledger::StoreError;
use crate::ledger::received::Received;

/// As many numbers whose notices are refused in a row are taken for all.
const NUMBERS_MANY: usize = 2;

/// How notices fare, over all writers.
#[derive(Default)]
pub(in crate::ledger) struct Keeping {
    /// Whether any was refused since the last that was kept; else there is nothing to look at.
    some: AtomicBool,
    refused: Mutex<Refused>,
    refusals: AtomicU64,
    cramped: AtomicBool,
}

/// Those refused since one was kept.
#[derive(Default)]
struct Refused {
    /// Their numbers, as many as matter; messages without one count as one number.
    numbers: BTreeSet<String>,
    latest: Option<Received>,
}

impl Keeping {
    /// Takes note of a write and its result.
    pub(super) fn saw(&self, job: &dyn Job, result: &Result<(), StoreError>) {
        if result.as_ref().is_err_and(is_of_room) {
            self.cramped.store(true, Ordering::Relaxed);
        }
        let Some(received) = job.received().filter(|_| !job.is_probe()) else { return };
        match result {
            Ok(()) => self.mended(),
            Err(_) => {
                self.refusals.fetch_add(1, Ordering::Relaxed);
                let mut refused = self.refused();
                if refused.numbers.len() < NUMBERS_MANY {
                    let number =
                        received.number().map_or(String::new(), |number| number.in_full().to_owned());
                    refused.numbers.insert(number);
                }
                refused.latest = Some(received.clone());
                self.some.store(true, Ordering::Relaxed);
            }
        }
    }

    /// The last that was refused, where refusals speak for all.
    pub(in crate::ledger) fn widely_refused(&self) -> Option<Received> {
        let refused = self.refused();
        refused.latest.clone().filter(|_| refused.numbers.len() >= NUMBERS_MANY)
    }

    /// One was kept, or could have been.
    pub(in crate::ledger) fn mended(&self) {
        if self.some.swap(false, Ordering::Relaxed) {
            *self.refused() = Refused::default();
        }
    }

    /// Notices that could not be kept so far.
    pub(in crate::ledger) fn refusals(&self) -> u64 {
        self.refusals.load(Ordering::Relaxed)
    }

    /// A full disk may still take a small commit: in the log's last pages, or where a failed commit left room.
    /// So it counts as full until there is room to speak of.
    pub(super) fn lacks_room(&self, has_room: impl FnOnce() -> bool) -> bool {
        if self.cramped.load(Ordering::Relaxed) {
            self.cramped.store(!has_room(), Ordering::Relaxed);
        }
        self.cramped.load(Ordering::Relaxed)
    }

    fn refused(&self) -> MutexGuard<'_, Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a failure may come of a full disk; a quota shows as any other failure to write.
fn is_of_room(error: &StoreError) -> bool {
    match error {
        StoreError::NoRoom(_) => true,
        StoreError::Sqlite(error) => {
            matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
        }
        _ => false,
    }
}
