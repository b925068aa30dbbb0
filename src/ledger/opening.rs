//! Opening a ledger: what an engine hands over when it has, and why it could not.

use std::path::PathBuf;
use std::sync::Arc;

use super::commit::Writer;
use super::rules::InForce;
use super::sqlite::Unfit;
use super::{NoRandomBytes, ServerError, StoreError};
use crate::stock::SealError;

/// What an engine has opened, with its look-ups on the answer path.
pub(super) struct Opened<L> {
    pub(super) rules: Arc<InForce>,
    pub(super) writer: Writer,
    pub(super) lookups: L,
    pub(super) pool: sqlx::AnyPool,
}

impl<L> Opened<L> {
    /// The same, its look-ups as one of all engines'.
    pub(super) fn with<A>(self, any: impl FnOnce(L) -> A) -> Opened<A> {
        let Self { rules, writer, lookups, pool } = self;
        Opened { rules, writer, lookups: any(lookups), pool }
    }
}

/// Why a ledger could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// An address that the driver cannot read.
    #[error("ledger.url {0} cannot be read")]
    Url(String, #[source] sqlx::Error),
    /// None of its hosts let us in.
    #[error("no connection to {0}")]
    Connect(String, #[source] ServerError),
    /// Only `serve` and `migrate` make a ledger.
    #[error("there is no ledger at {0}; `serve` or `migrate` makes one")]
    Missing(PathBuf),
    /// Its folder cannot be made.
    #[error("cannot make the folder of {0}")]
    Folder(PathBuf, #[source] std::io::Error),
    /// Its files must not be opened as they are.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Its files cannot be looked at.
    #[error("cannot look at {}", .0.display())]
    Place(PathBuf, #[source] std::io::Error),
    /// Its schema cannot be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The key of the codes cannot be used.
    #[error("codes.key_file cannot be used")]
    Vault(#[from] SealError),
    /// The system gave no thread to read with.
    #[error("no thread that reads the ledger")]
    Thread(#[source] std::io::Error),
    /// A writer cannot be told from other gateways'.
    #[error("no name for a writer")]
    Name(#[from] NoRandomBytes),
    /// The engine's failure.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the schema is not what this binary needs.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Written by a newer gateway.
    #[error("the ledger's schema is version {0}, newer than this gateway knows; install a newer gateway")]
    Newer(i64),
    /// Some steps are still to be done.
    #[error("the ledger's schema is out of date; run `sdp-gateway migrate`")]
    Older,
    /// A copy from the ledger named has been begun.
    #[error("a copy from {0} into this ledger is not finished; run `ledger copy` again, to its end")]
    Unfinished(String),
    /// A table that a step would make is there, and is another.
    #[error(
        "table {table} was declared before the gateway made it, and is not what the gateway needs: there is \
         {there}, and it needs {wanted}; docs/partitions.sql declares it right"
    )]
    Declared {
        /// Its name.
        table: &'static str,
        /// The first that differs, in words.
        there: String,
        /// What should be in its place.
        wanted: String,
    },
    /// The engine's failure.
    #[error("the ledger's schema could not be brought up to date")]
    Engine(#[source] sqlx::migrate::MigrateError),
    /// No connection.
    #[error("the ledger could not be opened")]
    Connect(#[source] sqlx::Error),
}
