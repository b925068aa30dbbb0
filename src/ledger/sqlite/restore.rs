//! A backup put in a ledger's place.
//!
//! The new file is made beside the ledger, checked, and synced; then it gets the name that says so
//! ([`READY`]), and from that moment nobody opens the ledger ([`super::look`]) until the old files have gone
//! aside, log and all, and the new one has their place. Interrupted before that moment, nothing has happened;
//! after it, the next restore first ends what the one before had begun. So at no moment is there a ledger with
//! another's log, or an empty one made where one is missing.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};

use super::backup::sync_folder;
use super::check::quick_check;
use super::connect;
use super::look::{READY, is_half_done, words};
use super::place::{INDEX, LOG, beside, resolved};
use crate::clock::Timestamp;
use crate::ledger::copy::mark;
use crate::ledger::{StoreError, migrate};

/// Beside the ledger: a file that is being made.
const PART: &str = "-restoring";

/// What SQLite may keep beside a file.
const COMPANIONS: [&str; 3] = [LOG, INDEX, "-journal"];

/// How much is copied at a time.
const BYTES: u64 = 64 << 20;

/// How long somebody else may still have the ledger open: a gateway that is ending.
const ALONE_WITHIN: Duration = Duration::from_secs(3);

/// Why a backup was not put in the ledger's place.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// It has tools of its own.
    #[error(
        "the ledger is on a PostgreSQL server, whose own tools restore it: stop the gateways, pg_restore into a new, \
         empty database, set ledger.url to it, run `ledger verify`, and start them; see docs/backup-and-restore.md"
    )]
    OnServer,
    /// Somebody has the ledger open.
    #[error("{} is in use: stop the gateway that has it open", .0.display())]
    InUse(PathBuf),
    /// The file given is part of the ledger.
    #[error("{} is one of the ledger's own files, not a backup of it", .0.display())]
    Same(PathBuf),
    /// The file given is damaged, or nothing that SQLite has written.
    #[error("{} is not whole ({}); nothing was changed", .0.display(), .1)]
    Damaged(PathBuf, String),
    /// The file given is whole and something else.
    #[error("{} is {}; nothing was changed", .0.display(), .1)]
    Unusable(PathBuf, String),
    /// A file cannot be read, written or moved.
    #[error("cannot {} {}", .0, .1.display())]
    Io(&'static str, PathBuf, #[source] io::Error),
    /// The engine's failure.
    #[error("{} cannot be looked at", .0.display())]
    Store(PathBuf, #[source] StoreError),
}

/// What was done.
#[derive(Debug)]
pub struct Restored {
    /// Where the files are now that were in its place, by the name of the first; none: there were none.
    pub aside: Option<PathBuf>,
    /// The same of a restore that had been interrupted, and was ended first.
    pub aside_earlier: Option<PathBuf>,
    /// The backup's schema.
    pub schema: i64,
}

/// Puts a copy of a backup in the ledger's place. `progress` is told bytes copied, and of how many. Blocks.
///
/// # Errors
/// [`RestoreError`].
pub(in crate::ledger) fn restore(
    path: &Path,
    backup: &Path,
    now: Timestamp,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Restored, RestoreError> {
    let path = &resolved(path);
    refuse_own(path, backup)?;
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        migrate::make_folder(folder).map_err(|e| RestoreError::Io("make", folder.to_owned(), e))?;
    }
    let aside_earlier = if is_half_done(path) { exchange(path)? } else { None };
    // Held until the end: a gateway that is started meanwhile finds the old ledger locked.
    let held = shut_out(path)?;
    let part = beside(path, PART);
    let made =
        make(path, backup, &part, progress).and_then(|schema| ready(path, &part, now).map(|()| schema));
    let schema = made.inspect_err(|_| {
        clear(&part);
        let_go(path, held.as_ref());
    })?;
    let aside = exchange(path)?;
    drop(held);
    Ok(Restored { aside, aside_earlier, schema })
}

fn refuse_own(path: &Path, backup: &Path) -> Result<(), RestoreError> {
    let unread = |error| RestoreError::Io("read", backup.to_owned(), error);
    let same = |file: &PathBuf| {
        let (one, other) = (fs::metadata(file).ok()?, fs::metadata(backup).ok()?);
        ((one.dev(), one.ino()) == (other.dev(), other.ino())).then_some(())
    };
    if !fs::metadata(backup).map_err(unread)?.is_file() {
        return Err(unread(io::ErrorKind::InvalidInput.into()));
    }
    let ends = ["", LOG, INDEX, PART, READY];
    match ends.map(|end| beside(path, end)).iter().find_map(same) {
        Some(()) => Err(RestoreError::Same(backup.to_owned())),
        None => Ok(()),
    }
}

/// Keeps everybody from opening the ledger, where there is one that can be opened at all.
fn shut_out(path: &Path) -> Result<Option<Connection>, RestoreError> {
    if !path.exists() {
        return Ok(None);
    }
    let alone = connect::alone(path, ALONE_WITHIN).and_then(|alone| {
        // As it closes it must not remove a log of that name: by then that is the new ledger's.
        connect::leave_log(&alone, true)?;
        Ok(alone)
    });
    let Ok(connection) = alone else { return Ok(None) };
    match connection.execute_batch("BEGIN IMMEDIATE; COMMIT") {
        Ok(()) => Ok(Some(connection)),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Err(RestoreError::InUse(path.to_owned()))
            }
            _ => Ok(None),
        },
    }
}

/// Gives the ledger free with nothing changed: not even an empty log is left that was not there.
fn let_go(path: &Path, held: Option<&Connection>) {
    let has_log = fs::metadata(beside(path, LOG)).is_ok_and(|log| log.len() > 0);
    if let Some(held) = held.filter(|_| !has_log) {
        let _ = connect::leave_log(held, false);
    }
}

/// Makes the file that will be the ledger, and checks it; its schema's version.
fn make(
    path: &Path,
    backup: &Path,
    part: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<i64, RestoreError> {
    clear(part);
    copy(backup, part, progress)?;
    // A ledger's files that were copied as they lay: the newest is in the log.
    let log = beside(backup, LOG);
    if fs::metadata(&log).is_ok_and(|found| found.len() > 0) {
        copy(&log, &beside(part, LOG), &mut |_, _| {})?;
    }
    let schema = finish(part, backup)?;
    clear_companions(part);
    give(path, part)
        .map_err(|error| RestoreError::Io("give to the ledger's owner", part.to_owned(), error))?;
    Ok(schema)
}

fn copy(from: &Path, to: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<(), RestoreError> {
    let unread = |error| RestoreError::Io("read", from.to_owned(), error);
    let unwritten = |error| RestoreError::Io("write", to.to_owned(), error);
    let source = File::open(from).map_err(unread)?;
    let of = source.metadata().map_err(unread)?.len();
    let mut target =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(unwritten)?;
    let mut done = 0;
    loop {
        match io::copy(&mut (&source).take(BYTES), &mut target).map_err(unwritten)? {
            0 => return target.sync_all().map_err(unwritten),
            more => done += more,
        }
        progress(done, of);
    }
}

/// Takes its log into it, checks it, and has it written as a ledger is; its schema's version.
fn finish(part: &Path, backup: &Path) -> Result<i64, RestoreError> {
    let failed = |error: StoreError| RestoreError::Store(backup.to_owned(), error);
    let sqlite = |error: rusqlite::Error| failed(error.into());
    let connection = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(sqlite)?;
    let faults = quick_check(&connection, None).map_err(failed)?.unwrap_or_default();
    if !faults.is_empty() {
        return Err(RestoreError::Damaged(backup.to_owned(), words(&faults)));
    }
    let schema = schema(&connection).map_err(sqlite)?;
    let unusable = |what: String| Err(RestoreError::Unusable(backup.to_owned(), what));
    let schema = match schema {
        None => return unusable("not a ledger".to_owned()),
        Some(newer) if newer > migrate::newest() => {
            return unusable(format!("of schema version {newer}, newer than this gateway knows"));
        }
        Some(known) => known,
    };
    if is_unfinished_copy(&connection).map_err(sqlite)? {
        return unusable("a copy that was not finished".to_owned());
    }
    connection.pragma_update(None, "journal_mode", "WAL").map_err(sqlite)?;
    connection.close().map_err(|(_, error)| sqlite(error))?;
    let synced = File::open(part).and_then(|file| file.sync_all());
    synced.map_err(|error| RestoreError::Io("write", part.to_owned(), error))?;
    Ok(schema)
}

fn schema(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    if !has_table(connection, migrate::TABLE)? || !has_table(connection, "notice")? {
        return Ok(None);
    }
    let sql = format!("SELECT max(version) FROM {}", migrate::TABLE);
    connection.query_row(&sql, [], |row| row.get(0))
}

fn is_unfinished_copy(connection: &Connection) -> rusqlite::Result<bool> {
    if !has_table(connection, mark::TABLE)? {
        return Ok(false);
    }
    Ok(connection.query_row(mark::UNFINISHED, [], |_| Ok(())).optional()?.is_some())
}

fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1";
    connection.prepare(sql)?.exists([name])
}

/// Root may restore what is another user's ledger: that of the files there were, or of their folder.
fn give(path: &Path, part: &Path) -> io::Result<()> {
    let folder =
        || fs::metadata(part.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new(".")));
    let (owner, made) = (fs::metadata(path).or_else(|_| folder())?, fs::metadata(part)?);
    if (owner.uid(), owner.gid()) != (made.uid(), made.gid()) {
        chown(part, Some(owner.uid()), Some(owner.gid()))?;
    }
    fs::set_permissions(part, Permissions::from_mode(0o600))
}

/// Gives the file the name that everybody minds. Its time is what the old files will go by, also where
/// another run has to move the rest of them.
fn ready(path: &Path, part: &Path, now: Timestamp) -> Result<(), RestoreError> {
    let mut ms = u64::try_from(now.0).unwrap_or_default();
    while aside(path, ms).exists() {
        ms += 1;
    }
    let named = || {
        let file = File::options().write(true).open(part)?;
        file.set_modified(UNIX_EPOCH + Duration::from_millis(ms))?;
        file.sync_all()?;
        fs::rename(part, beside(path, READY))?;
        sync_folder(path)
    };
    named().map_err(|error| RestoreError::Io("write", part.to_owned(), error))
}

/// Named by the moment, without what file names had better not hold.
fn aside(path: &Path, ms: u64) -> PathBuf {
    let at = Timestamp(i64::try_from(ms).unwrap_or_default()).rfc3339().replace(['-', ':'], "");
    beside(path, &format!(".before-restore-{at}"))
}

/// Moves what is in the ledger's place aside, and the file that is ready into it. Can be done again from any
/// point of it. Where the old files are now.
fn exchange(path: &Path) -> Result<Option<PathBuf>, RestoreError> {
    let ready = beside(path, READY);
    let moved = |from: &Path, to: &Path| {
        fs::rename(from, to).map_err(|error| RestoreError::Io("move", from.to_owned(), error))
    };
    let since = fs::metadata(&ready).and_then(|found| found.modified());
    let since = since.map_err(|error| RestoreError::Io("read", ready.clone(), error))?;
    let ms = since.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let aside = aside(path, u64::try_from(ms).unwrap_or_default());
    for end in COMPANIONS.into_iter().chain([""]) {
        let from = beside(path, end);
        if from.exists() {
            moved(&from, &beside(&aside, end))?;
        }
    }
    let synced = || sync_folder(path).map_err(|error| RestoreError::Io("write", path.to_owned(), error));
    synced()?;
    moved(&ready, path)?;
    synced()?;
    let there = COMPANIONS.into_iter().chain([""]).any(|end| beside(&aside, end).exists());
    Ok(there.then_some(aside))
}

/// Removes what an earlier run has left unfinished.
fn clear(part: &Path) {
    let _ = fs::remove_file(part);
    clear_companions(part);
}

fn clear_companions(part: &Path) {
    for end in COMPANIONS {
        let _ = fs::remove_file(beside(part, end));
    }
}
