//! What an operator can do about a ledger that fails, in the words of its log.

use rusqlite::ErrorCode;

use super::StoreError;

impl StoreError {
    /// What an operator can do about it, where that is known.
    pub(super) fn remedy(&self) -> Option<&'static str> {
        let Self::Sqlite(error) = self else { return None };
        Some(match error.sqlite_error_code()? {
            ErrorCode::DiskFull => "its disk is full: free space there; the gateway goes on by itself",
            ErrorCode::SystemIoFailure => {
                "its disk fails: look at the kernel's log; the gateway goes on by itself"
            }
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => {
                "its file or folder cannot be written: look at its owner, its mode and its mount"
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                "another process holds it for long: end that one"
            }
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                "it is damaged: stop the gateway, keep the files, and put a backup in place"
            }
            _ => return None,
        })
    }
}
