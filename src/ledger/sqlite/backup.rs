//! A backup beside a running gateway: all pages as they stood at one moment, in one file that needs no log,
//! checked before it gets its name.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::check::quick_check;
use super::connect;
use super::look::{Unfit, look, words};
use super::place::beside;
use crate::ledger::StoreError;

/// Pages copied between two looks at the progress.
const PAGES: i32 = 4096;

/// What a file is called until it is whole.
const PART: &str = ".part";

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It has a tool of its own.
    #[error(
        "the ledger is on a PostgreSQL server, whose own tools back it up: pg_dump --format=custom --file={file} {url}; see \
         docs/backup-and-restore.md",
        file = .0.display(), url = .1
    )]
    OnServer(PathBuf, String),
    /// Nothing to back up.
    #[error("there is no ledger at {}", .0.display())]
    Missing(PathBuf),
    /// Backups are not written over.
    #[error("{} is there already; a backup is written to a new file", .0.display())]
    There(PathBuf),
    /// The ledger's files are not to be opened.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// The copy is not in order, so the ledger is not.
    #[error("{} is damaged ({}); no backup was made", .0.display(), .1)]
    Damaged(PathBuf, String),
    /// A file cannot be read or written.
    #[error("{} cannot be written", .0.display())]
    Io(PathBuf, #[source] io::Error),
    /// The engine's failure.
    #[error("{} cannot be backed up", .0.display())]
    Store(PathBuf, #[source] StoreError),
}

/// Copies the ledger into a new file; returns its size in bytes. `progress` is told pages done, and of how many.
/// Blocks. The gateway goes on, and its log grows meanwhile by what it writes.
///
/// # Errors
/// [`BackupError`]; then there is no file of that name.
pub(in crate::ledger) fn backup(
    path: &Path,
    file: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u64, BackupError> {
    if !path.exists() {
        return Err(BackupError::Missing(path.to_owned()));
    }
    if file.exists() {
        return Err(BackupError::There(file.to_owned()));
    }
    look(path)?;
    let part = beside(file, PART);
    let made = make(path, &part, progress).and_then(|()| {
        fs::rename(&part, file).and_then(|()| sync_folder(file)).map_err(|e| BackupError::Io(file.into(), e))
    });
    if made.is_err() {
        let _ = fs::remove_file(&part);
    }
    made?;
    fs::metadata(file).map(|made| made.len()).map_err(|error| BackupError::Io(file.to_owned(), error))
}

fn make(path: &Path, part: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), BackupError> {
    let unwritten = |error| BackupError::Io(part.to_owned(), error);
    // Messages and numbers of subscribers: nobody else's to read.
    let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(part);
    let made = made.map_err(unwritten)?;
    let failed = |error: StoreError| BackupError::Store(path.to_owned(), error);
    copy(path, part, progress).map_err(failed)?;
    let faults = finish(part).map_err(failed)?;
    if !faults.is_empty() {
        return Err(BackupError::Damaged(path.to_owned(), words(&faults)));
    }
    made.sync_all().map_err(unwritten)
}

fn copy(path: &Path, part: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), StoreError> {
    let source = connect::reader(path)?;
    let mut target = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // It is synced at its end, and worth nothing before.
    target.execute_batch("PRAGMA synchronous = OFF")?;
    // From here on the source stands still for this connection, whoever writes: else a write would have the
    // copy begin again, and under load it would never end.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
    let backup = Backup::new(&source, &mut target)?;
    loop {
        let step = backup.step(PAGES)?;
        let left = backup.progress();
        let of = u64::try_from(left.pagecount).unwrap_or_default();
        progress(of.saturating_sub(u64::try_from(left.remaining).unwrap_or_default()), of);
        match step {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ => return Err(StoreError::broken("a new file is in somebody else's use")),
        }
    }
}

/// Makes it one file, whatever is to be opened beside it, and checks it.
fn finish(part: &Path) -> Result<Vec<String>, StoreError> {
    let connection = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.pragma_update(None, "journal_mode", "DELETE")?;
    Ok(quick_check(&connection, None)?.unwrap_or_default())
}

/// Makes a name outlive the machine.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
