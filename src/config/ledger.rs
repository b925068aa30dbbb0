//! `[ledger]`: where notices and subscriptions are kept. Leaves opening it to `ledger`.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::reading::Reading;

/// Where notices and subscriptions are kept.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Ledger {
    /// Engine and place.
    pub url: LedgerUrl,
    /// Notices that may wait for a commit.
    pub queue_max: usize,
}

/// Engine and place of the ledger. Displays without any password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerUrl {
    /// `sqlite://PATH`; a relative path starts at the working directory.
    Sqlite(PathBuf),
    /// `postgres://…`; known, and refused by [`Config::load`](super::Config::load) so far. Nothing
    /// of it is kept: it may hold a password.
    Postgres,
}

impl LedgerUrl {
    fn parse(url: &str) -> Result<Self, &'static str> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres);
        }
        match url.strip_prefix("sqlite://") {
            Some(path) if path.contains(['?', '#']) => Err("takes nothing after the path"),
            Some(path) if path.is_empty() || path.ends_with('/') => {
                Err("sqlite:// is not followed by a file")
            }
            Some(path) => Ok(Self::Sqlite(PathBuf::from(path))),
            None => Err("is neither sqlite://PATH nor postgres://…"),
        }
    }
}

impl fmt::Display for LedgerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres => f.write_str("postgres://***"),
        }
    }
}

impl<'de> Deserialize<'de> for LedgerUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl Serialize for LedgerUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Ledger {
    pub(super) fn check(&self, reading: &mut Reading) {
        reading.range("ledger.queue_max", &self.queue_max, 1..=1_000_000);
        if self.url == LedgerUrl::Postgres {
            reading.fault("ledger.url", "postgres:// is not supported by this build yet");
        }
    }
}
