//! Backups of the embedded ledger and their way back. A server has tools of its own for both, which know more
//! than a client could: there this says which.

use std::path::Path;

use super::sqlite;
pub use super::sqlite::{BackupError, RestoreError, Restored};
use crate::clock::Timestamp;
use crate::config::LedgerUrl;

/// Copies the ledger into a new file, also beside a running gateway, as it stands at one moment; returns its size
/// in bytes. `progress` is told how much is done, and of how much. Blocks.
///
/// # Errors
/// [`BackupError`]; then there is no file of that name.
pub fn backup(url: &LedgerUrl, file: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<u64, BackupError> {
    match url {
        LedgerUrl::Sqlite(path) => sqlite::backup(path, file, progress),
        LedgerUrl::Postgres(_) => Err(BackupError::OnServer(file.to_owned(), url.to_string())),
    }
}

/// Puts a copy of a backup in the ledger's place and what was there aside. Interrupted at any point, it is run
/// again. `progress` is told how much is copied, and of how much. Blocks.
///
/// # Errors
/// [`RestoreError`], with the ledger as it was unless a file could not be moved.
pub fn restore(
    url: &LedgerUrl,
    backup: &Path,
    now: Timestamp,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Restored, RestoreError> {
    match url {
        LedgerUrl::Sqlite(path) => sqlite::restore(path, backup, now, progress),
        LedgerUrl::Postgres(_) => Err(RestoreError::OnServer),
    }
}
