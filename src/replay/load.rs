//! Finds and reads everything a run sends, and every fault in it, before anything is sent. Leaves
//! the inside of a fixture folder to `folder` and of a journal to `journal`.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use chrono::FixedOffset;

use super::case::Case;
use super::{folder, journal};

/// The largest file of a fixture, in bytes.
pub(super) const FIXTURE_BYTES_MAX: u64 = 32 << 20;
/// The largest journal, in bytes: it is held in memory, as its order matters.
const JOURNAL_BYTES_MAX: u64 = 2 << 30;
/// How deep folders may lie within a path.
const DEPTH_MAX: usize = 16;

/// What was read so far, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) cases: Vec<Case>,
    pub(super) faults: Vec<String>,
}

impl Loaded {
    pub(super) fn fault(&mut self, path: &Path, fault: impl std::fmt::Display) {
        self.faults.push(format!("{}: {fault}", path.display()));
    }
}

/// All cases of `paths`, in the order they are sent in.
///
/// # Errors
/// All faults.
pub(super) fn load(paths: &[PathBuf], utc_offset: FixedOffset) -> Result<Vec<Case>, Vec<String>> {
    let mut loaded = Loaded::default();
    for path in paths {
        let before = loaded.cases.len() + loaded.faults.len();
        load_path(path, utc_offset, &mut loaded);
        if loaded.cases.len() + loaded.faults.len() == before {
            loaded.fault(path, "holds nothing to send: no fixture folder, no request");
        }
    }
    if paths.is_empty() {
        loaded.faults.push("no path was given".to_owned());
    }
    if loaded.faults.is_empty() { Ok(loaded.cases) } else { Err(loaded.faults) }
}

fn load_path(path: &Path, utc_offset: FixedOffset, loaded: &mut Loaded) {
    match fs::metadata(path) {
        Err(error) => loaded.fault(path, error),
        Ok(kind) if kind.is_dir() => load_folder(path, path, utc_offset, 0, loaded),
        Ok(_) => load_file(path, loaded),
    }
}

fn load_folder(top: &Path, folder: &Path, utc_offset: FixedOffset, depth: usize, loaded: &mut Loaded) {
    if folder::is_fixture(folder) {
        match folder::load(name(top, folder), folder, utc_offset) {
            Ok(case) => loaded.cases.push(case),
            Err(faults) => faults.iter().for_each(|fault| loaded.fault(folder, fault)),
        }
        return;
    }
    if depth == DEPTH_MAX {
        return loaded.fault(folder, format_args!("lies more than {DEPTH_MAX} folders deep"));
    }
    match folders_in(folder) {
        Ok(inner) => inner.iter().for_each(|path| load_folder(top, path, utc_offset, depth + 1, loaded)),
        Err(error) => loaded.fault(folder, error),
    }
}

fn folders_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if !hidden && entry.path().is_dir() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    Ok(paths)
}

/// A case's name: its place below the path that was given, or its folder's own name.
fn name(top: &Path, folder: &Path) -> String {
    let below = folder.strip_prefix(top).ok().filter(|below| !below.as_os_str().is_empty());
    let own = || folder.file_name().map_or(folder, Path::new);
    below.unwrap_or_else(own).display().to_string()
}

fn load_file(path: &Path, loaded: &mut Loaded) {
    let name = path.file_name().map_or_else(|| path.display(), |name| Path::new(name).display()).to_string();
    let bytes = match read(path, JOURNAL_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(fault) => return loaded.fault(path, fault),
    };
    let kind = path.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
    if matches!(kind, "jsonl" | "ndjson") || bytes.trim_ascii_start().starts_with(b"{") {
        journal::load(&name, path, &bytes, loaded);
    } else if kind == "query" {
        loaded.cases.push(Case::get(name, &String::from_utf8_lossy(&bytes)));
    } else {
        loaded.cases.push(Case::post(name, bytes));
    }
}

/// The bytes of a file of at most `bytes_max`.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(bytes_max + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > bytes_max {
        return Err(format!("is larger than {bytes_max} bytes"));
    }
    Ok(bytes)
}
