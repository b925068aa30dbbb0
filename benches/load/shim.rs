//! Builds the library that makes syncs slow.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where it is; nothing where there is no C compiler.
pub(crate) fn build(folder: &Path) -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/load/shim.c");
    let library = folder.join("slow-sync.so");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(&library).arg(source).status();
    built.is_ok_and(|status| status.success()).then_some(library)
}
