//! `[catalog]`: where the offers are written. Leaves reading them to `catalog`.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::reading::Reading;

/// Where the offers are written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct CatalogFile {
    /// The file; a relative path starts at the working directory.
    pub path: PathBuf,
}

impl CatalogFile {
    /// The path of a gateway that was told none. Only there the shipped catalog stands in for a
    /// file that is absent.
    pub const DEFAULT_PATH: &str = "config/catalog.toml";

    /// Whether the shipped catalog stands in for an absent file.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.path == Path::new(Self::DEFAULT_PATH)
    }

    /// The file as it is told of, which may not be there.
    #[must_use]
    pub fn place(&self) -> String {
        match self.is_default() && !self.path.exists() {
            true => format!("{} (built in)", self.path.display()),
            false => self.path.display().to_string(),
        }
    }

    pub(super) fn check(&self, reading: &mut Reading) {
        if self.path.as_os_str().is_empty() {
            reading.fault("catalog.path", "is empty");
        }
    }
}
