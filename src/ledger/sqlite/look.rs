//! A look at the ledger's files before any connection opens them, since the first one puts what is in a log
//! into the file beside it, whosever it is, and the last one removes the log.
//!
//! A ledger that was closed in good order has no log, and costs nothing here. A log that nobody has open is
//! what a killed gateway or a power cut leaves. Then it must belong to the file, and the file must be in order.
//! The engine's check reads all of it, and nobody waits minutes for a gateway that was killed: it has
//! [`CHECK_MAX`], which is enough for some gigabytes; what it did not reach, `ledger verify` does.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::ErrorCode;

use super::belongs::belongs;
use super::check::quick_check;
use super::connect;
use super::place::{LOG, beside, resolved};

/// How long a start after an unclean end may check for: less than the carrier's patience with a restart.
const CHECK_MAX: Duration = Duration::from_secs(10);

/// Faults that are told in one line.
const WORDS_MAX: usize = 3;

/// Why the files at a ledger's path are not opened.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// A restore has begun to exchange the files.
    #[error("a restore of {} was interrupted: run `sdp-gateway ledger restore BACKUP` again, which ends it", .0.display())]
    HalfRestored(PathBuf),
    /// A log without its ledger.
    #[error(
        "{}-wal is there without its ledger, and may hold acknowledged notices: put the ledger's file back beside \
         it, or restore a backup (`sdp-gateway ledger restore BACKUP`, which lays the log aside), or move it away \
         to begin with an empty ledger",
        .0.display()
    )]
    Alone(PathBuf),
    /// A log of another file.
    #[error(
        "{file}-wal is not the log of {file}: the file was exchanged, as by a backup copied over it, after an end that \
         left the log; put the file back that was there, or restore the backup with `sdp-gateway ledger restore \
         BACKUP`, which lays all of it aside",
        file = .0.display()
    )]
    AnotherLog(PathBuf),
    /// The engine's check has found something.
    #[error(
        "{} is damaged ({}): restore a backup with `sdp-gateway ledger restore BACKUP`, which lays the damaged \
         files aside",
        .0.display(), .1
    )]
    Damaged(PathBuf, String),
    /// A file cannot be read.
    #[error("{} cannot be looked at", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
}

/// Looks. To be done before every opening, by whoever comes.
///
/// # Errors
/// [`Unfit`] where the files must not be opened.
pub(in crate::ledger) fn look(path: &Path) -> Result<(), Unfit> {
    let path = &resolved(path);
    if is_half_done(path) {
        return Err(Unfit::HalfRestored(path.to_owned()));
    }
    if bytes(&beside(path, LOG)) == 0 {
        return Ok(());
    }
    if bytes(path) == 0 {
        return Err(Unfit::Alone(path.to_owned()));
    }
    if look_alone(path)? { check(path) } else { Ok(()) }
}

/// Beside the ledger: the file that a restore puts in its place, whole and on its way.
pub(super) const READY: &str = "-restore";

/// Whether a restore has begun to exchange the files.
pub(super) fn is_half_done(path: &Path) -> bool {
    beside(path, READY).exists()
}

/// An empty file is as good as none to SQLite.
fn bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// Compares log and file, while nobody can come and write them. False where somebody has them open: there is
/// nothing to look at, the log is his.
fn look_alone(path: &Path) -> Result<bool, Unfit> {
    let alone = connect::alone(path, Duration::ZERO).and_then(|alone| {
        connect::leave_log(&alone, true)?;
        Ok(alone)
    });
    let Ok(connection) = alone else { return Ok(false) };
    match connection.execute_batch("BEGIN IMMEDIATE; COMMIT") {
        Err(error) if is_damage(&error) => return Err(Unfit::Damaged(path.to_owned(), error.to_string())),
        // In use, or not to be opened, which the one who opens it will say.
        Err(_) => return Ok(false),
        Ok(()) => {}
    }
    match belongs(path) {
        Ok(true) => Ok(true),
        Ok(false) => Err(Unfit::AnotherLog(path.to_owned())),
        Err(error) => Err(Unfit::Unreadable(path.to_owned(), error)),
    }
}

fn check(path: &Path) -> Result<(), Unfit> {
    let checked = || {
        let connection = connect::reader(path)?;
        connect::leave_log(&connection, true)?;
        quick_check(&connection, Some(Instant::now() + CHECK_MAX))
    };
    match checked() {
        Ok(Some(faults)) if faults.is_empty() => {
            tracing::info!(path = %path.display(), "not closed in good order the last time; checked, and whole");
            Ok(())
        }
        Ok(Some(faults)) => Err(Unfit::Damaged(path.to_owned(), words(&faults))),
        Ok(None) => {
            let (path, seconds) = (path.display(), CHECK_MAX.as_secs());
            tracing::warn!(%path, seconds, "not closed in good order the last time, and too large to be checked \
                whole at a start; `ledger verify` does so beside the gateway");
            Ok(())
        }
        // What cannot be opened, the one who opens it will say.
        Err(_) => Ok(()),
    }
}

/// The first of what the engine said.
pub(super) fn words(faults: &[String]) -> String {
    faults.iter().take(WORDS_MAX).map(String::as_str).collect::<Vec<_>>().join("; ")
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}
