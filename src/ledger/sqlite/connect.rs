//! Connections and their settings.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Place;
use crate::ledger::StoreError;

/// How long a statement waits for another process's lock. Longer than any batch of the commands
/// that write beside a gateway, shorter than the carrier's patience.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Statements kept prepared on a connection; all of the writer's fit.
const STATEMENTS_MAX: usize = 128;

/// What a path's bytes are escaped for in an address.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// The address as sqlx reads it: what its URLs would take for something else is escaped.
pub(in crate::ledger) fn address(path: &Path) -> String {
    format!("sqlite://{}", percent_encode(path.as_os_str().as_encoded_bytes(), &ESCAPED))
}

/// Makes the file where there is none, and sets what is kept in it. The file is its owner's alone, whatever the
/// umask: it holds numbers and codes. SQLite gives the files beside it the same mode.
pub(in crate::ledger) fn create(path: &Path) -> Result<(), StoreError> {
    keep_private(path);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let connection = open(path, flags)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    Ok(())
}

/// What the files beside a ledger end with.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

const OWNER_ALONE: u32 = 0o600;

fn keep_private(path: &Path) {
    // A file that is there is not opened: closing it would end the locks that this process has on it. Where
    // one cannot be made, SQLite says why.
    let _ = OpenOptions::new().write(true).create_new(true).mode(OWNER_ALONE).open(path);
    for end in BESIDE {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        let Ok(found) = fs::metadata(&name) else { continue };
        let is_private = found.permissions().mode() & 0o777 == OWNER_ALONE;
        if !is_private && let Err(error) = fs::set_permissions(&name, Permissions::from_mode(OWNER_ALONE)) {
            let file = Path::new(&name).display();
            tracing::warn!(%file, %error, "a file of the ledger can be read by others, and stays so");
        }
    }
}

/// The connection that writes. A commit returns once the disk has it (`synchronous=FULL` in WAL mode
/// syncs the log at each commit).
pub(in crate::ledger) fn writer(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", -16_384)?;
    // See checkpoint.rs.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    Ok(connection)
}

/// The connection that writes, once more: to the files that are open already, not to others in their place.
pub(super) fn again(place: &Place) -> Result<Connection, StoreError> {
    place.check()?;
    let connection = writer(place.path())?;
    place.check()?;
    Ok(connection)
}

/// A connection that nobody else can be beside; to be let go soon. Its first statement fails as busy
/// where another is open anywhere, even one that does nothing, after `within`.
pub(in crate::ledger) fn alone(path: &Path, within: Duration) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    connection.busy_timeout(within)?;
    // Before anything is read: later it would only keep others from writing.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    Ok(connection)
}

/// Whether a connection that is the last leaves the log as it is, or puts it into the file and removes it.
pub(super) fn leave_log(connection: &Connection, leaves: bool) -> Result<(), StoreError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leaves)?;
    Ok(())
}

/// A connection that only reads, for look-ups on the answer path.
pub(in crate::ledger) fn reader(path: &Path) -> Result<Connection, StoreError> {
    // Not SQLITE_OPEN_READ_ONLY: a reader that comes first must be able to set up the shared index.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = open(path, flags)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "cache_size", -4_096)?;
    Ok(connection)
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}
