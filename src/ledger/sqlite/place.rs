//! Where the open ledger is, and whether it still is: whoever moves, replaces or removes its files leaves this
//! process with files that nobody will ever open again, and nothing kept there is kept. Its log and its index
//! count like the file itself.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::ledger::StoreError;
use crate::telemetry::Chain;

/// Room that a disk must have again after it was full: what a full batch of notices writes.
const ROOM_BYTES: usize = 1 << 20;

/// The ways out, for the ledger itself and for what is beside it.
const RESTORE: &str = "put it back, or stop the gateway, run `ledger restore BACKUP` and start it again";
const RESTART: &str =
    "put it back, or restart the gateway, which as it stops takes what it has open into the ledger";

/// A file as the system knows it, whatever its name.
type Identity = (u64, u64);

/// The files of a ledger that is open.
#[derive(Debug)]
pub(in crate::ledger) struct Place {
    path: PathBuf,
    files: Vec<(PathBuf, Identity)>,
    astray: AtomicBool,
}

impl Place {
    /// The place of a ledger that a connection has read from, so that its log is there too.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let mut files = vec![(path.to_owned(), identity(path)?)];
        let file = resolved(path);
        for beside in [beside(&file, LOG), beside(&file, INDEX)] {
            match identity(&beside) {
                Ok(identity) => files.push((beside, identity)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self { path: path.to_owned(), files, astray: AtomicBool::new(false) })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks whether the files are still there. Says in the log when they have gone and when they are back.
    ///
    /// # Errors
    /// [`StoreError::Astray`] where they are not.
    pub(in crate::ledger) fn check(&self) -> Result<(), StoreError> {
        let lost = self.files.iter().find_map(|(path, was)| {
            let what = match identity(path) {
                Ok(is) if is == *was => return None,
                Ok(_) => "was replaced by another file",
                Err(error) if error.kind() == ErrorKind::NotFound => "was removed",
                // It cannot be looked at, which says nothing; what it is good for shows when it is written to.
                Err(_) => return None,
            };
            let way = if *path == self.path { RESTORE } else { RESTART };
            Some(StoreError::Astray(path.clone(), what, way))
        });
        let was_astray = self.astray.swap(lost.is_some(), Ordering::Relaxed);
        match lost {
            Some(error) => {
                if !was_astray {
                    let pid = std::process::id();
                    tracing::error!(error = %Chain(&error), pid, "the ledger's file is gone from its place; \
                        what was kept is still readable below /proc/PID/fd while this gateway runs");
                }
                Err(error)
            }
            None => {
                if was_astray {
                    tracing::info!(path = %self.path.display(), "the ledger's file is back in its place");
                }
                Ok(())
            }
        }
    }

    /// Whether the disk takes some more, tried by writing it. A failure of another kind says nothing of room.
    pub(super) fn has_room(&self) -> bool {
        let trial = beside(&self.path, "-room");
        let written = try_room(&trial);
        // One that cannot be removed is written over the next time.
        let _ = fs::remove_file(&trial);
        !written.is_err_and(|error| {
            matches!(
                error.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
            )
        })
    }
}

fn try_room(trial: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(trial)?;
    file.write_all(&vec![b'.'; ROOM_BYTES])
}

/// The end of the name of a ledger's write-ahead log, as SQLite has it.
pub(super) const LOG: &str = "-wal";

/// And of the index into it.
pub(super) const INDEX: &str = "-shm";

/// A file beside the ledger.
pub(super) fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The file itself, where the path is a link to it: SQLite keeps the log beside that.
pub(super) fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn identity(path: &Path) -> io::Result<Identity> {
    fs::metadata(path).map(|found| (found.dev(), found.ino()))
}
