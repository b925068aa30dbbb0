//! Whether a log that was left behind belongs to the file beside it. SQLite does not ask: it would put the
//! newest pages of one ledger into another, such as a backup that was copied over it.
//!
//! What can be asked is this. The index beside the log tells how much of the log had been copied into the file.
//! A page that was copied and not written to since is the same in both; one that differs shows that the file
//! is another. All of it is SQLite's documented format ("WAL-mode File Format").
//!
//! This holds for a process that was killed. A power cut may lose pages that were counted as copied and not yet
//! synced, which SQLite takes from the log again; so of a log from before the machine's start nothing is said.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use super::place::{INDEX, LOG, beside};
use crate::clock;

/// The head of the log, and of each page in it.
const LOG_HEAD: u64 = 32;
const FRAME_HEAD: u64 = 24;

/// The head of the index twice, and after it how many pages of the log were copied.
const INDEX_HEAD: usize = 48;
const COPIED_AT: usize = 2 * INDEX_HEAD;

/// Pages of a log that are looked at: all of one that the gateway has bounded.
const PAGES_MAX: u64 = 4 * 16_384;

/// The clock may have been set a little since.
const BOOT_MARGIN: Duration = Duration::from_secs(30);

/// False where the log is certainly another file's. Must not be asked while the ledger is open in this
/// process: closing a file gives up the locks that the process holds on it.
pub(super) fn belongs(path: &Path) -> io::Result<bool> {
    let (file, log) = (File::open(path)?, File::open(beside(path, LOG))?);
    if !is_of_this_boot(&log)? {
        return Ok(true);
    }
    let Some(log) = Log::read(log)? else { return Ok(true) };
    let copied = match File::open(beside(path, INDEX)) {
        Ok(index) => log.copied(&index)?,
        Err(_) => 0,
    };
    let mut own = vec![0; log.page_bytes];
    let mut logged = own.clone();
    for (page, frame) in log.committed(copied)? {
        log.pages.read_exact_at(&mut logged, log.at(frame) + FRAME_HEAD)?;
        let at = u64::from(page - 1) * log.page_bytes as u64;
        match file.read_exact_at(&mut own, at) {
            Ok(()) if own == logged => {}
            Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => return Err(error),
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Whether the log was written to since the machine was started.
fn is_of_this_boot(log: &File) -> io::Result<bool> {
    let boot = UNIX_EPOCH + Duration::from_millis(u64::try_from(clock::booted_at().0).unwrap_or_default());
    Ok(log.metadata()?.modified()? > boot + BOOT_MARGIN)
}

struct Log {
    pages: File,
    page_bytes: usize,
    /// What tells the log's present pages from those of its earlier rounds.
    salt: [u8; 8],
}

impl Log {
    /// None: a log without a head, of which SQLite reads nothing.
    fn read(pages: File) -> io::Result<Option<Self>> {
        let mut head = [0; LOG_HEAD as usize];
        match pages.read_exact_at(&mut head, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let (magic, page_bytes) = (word(&head, 0) & !1, word(&head, 8) as usize);
        if magic != 0x377f_0682 || !(512..=65_536).contains(&page_bytes) || !page_bytes.is_power_of_two() {
            return Ok(None);
        }
        let mut salt = [0; 8];
        salt.copy_from_slice(&head[16..24]);
        Ok(Some(Self { pages, page_bytes, salt }))
    }

    /// How many pages of this log were copied into the file, and are safe there; 0 where nobody can tell.
    fn copied(&self, index: &File) -> io::Result<u32> {
        let mut head = [0; COPIED_AT + 4];
        match index.read_exact_at(&mut head, 0) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(0),
            read => read?,
        }
        let is_whole = head[..INDEX_HEAD] == head[INDEX_HEAD..COPIED_AT];
        // The index is in the machine's own order, but for the salt, which is copied from the log.
        let native = |at: usize| u32::from_ne_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let is_of_this_log = head[32..40] == self.salt;
        Ok(if is_whole && is_of_this_log { native(COPIED_AT).min(native(16)) } else { 0 })
    }

    /// The pages that were copied and stand nowhere later in the log, each with its place there.
    fn committed(&self, copied: u32) -> io::Result<Vec<(u32, u64)>> {
        let mut last = HashMap::new();
        if copied == 0 {
            return Ok(Vec::new());
        }
        for frame in 0..PAGES_MAX {
            let mut head = [0; 16];
            match self.pages.read_exact_at(&mut head, self.at(frame)) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
                read => read?,
            }
            if head[8..16] != self.salt {
                break;
            }
            last.insert(word(&head, 0).max(1), frame);
        }
        Ok(last.into_iter().filter(|(_, frame)| *frame < u64::from(copied)).collect())
    }

    fn at(&self, frame: u64) -> u64 {
        LOG_HEAD + frame * (FRAME_HEAD + self.page_bytes as u64)
    }
}

/// A number as the log has it.
fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
