//! `[ledger]`: where notices and subscriptions are kept. Leaves opening it to `ledger`.

use std::fmt;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::reading::Reading;

/// Keys that may hold a password.
pub(super) const SECRETS: &[&str] = &["url"];

/// Where notices and subscriptions are kept.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Ledger {
    /// Engine and place.
    pub url: LedgerUrl,
    /// Notices that may wait for a commit.
    pub queue_max: usize,
}

/// Engine and place of the ledger. Displays without any password.
#[derive(Debug, Clone)]
pub enum LedgerUrl {
    /// `sqlite://PATH`; a relative path starts at the working directory.
    Sqlite(PathBuf),
    /// `postgres://USER:PASSWORD@HOST[:PORT][,HOST…]/DATABASE[?…]`, whole.
    Postgres(SecretString),
}

impl LedgerUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, to be said after its name; nothing of it is quoted.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        if let Some(rest) = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://")) {
            return Self::postgres(url, rest);
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

    fn postgres(url: &str, rest: &str) -> Result<Self, &'static str> {
        let place = rest.split_once('?').map_or(rest, |(place, _)| place);
        let (server, database) = place.split_once('/').unwrap_or((place, ""));
        let hosts = server.rsplit_once('@').map_or(server, |(_, hosts)| hosts);
        if hosts.split(',').any(|host| host.is_empty() || host.starts_with(':')) {
            return Err("postgres:// is not followed by USER@HOST/DATABASE");
        }
        if database.is_empty() || database.contains('/') {
            return Err("names no database after its hosts: postgres://USER@HOST/DATABASE");
        }
        Ok(Self::Postgres(url.into()))
    }
}

impl fmt::Display for LedgerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(url) => {
                let url = url.expose_secret();
                let (scheme, rest) = url.split_once("://").unwrap_or(("postgres", url));
                // What follows may hold a password too (`?password=`).
                let place = rest.split_once('?').map_or(rest, |(place, _)| place);
                match place.rsplit_once('@') {
                    Some((user, hosts)) => {
                        let user = user.split_once(':').map_or(user, |(user, _)| user);
                        write!(f, "{scheme}://{user}@{hosts}")
                    }
                    None => write!(f, "{scheme}://{place}"),
                }
            }
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
    }
}
