//! What a statement, and a whole write, may fail with, whatever the engine.

use std::path::PathBuf;
use std::sync::Arc;

use crate::outbox::Stays;
use crate::stock::NotFrom;

/// Why a statement failed. Cheap to clone, since a failed commit is told to every waiting notice.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The embedded engine's failure.
    #[error("the ledger's database failed")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    /// The failure of a read.
    #[error("the ledger's database failed")]
    Sql(#[source] Arc<sqlx::Error>),
    /// The server's failure, or that of the way to it.
    #[error("the ledger's database failed")]
    Server(#[source] Arc<ServerError>),
    /// The server did not answer in time.
    #[error("the ledger's database did not answer in time")]
    Late,
    /// Other gateways came in between again and again.
    #[error("the ledger's rows changed under every attempt")]
    Contended,
    /// A row that a batch has not fetched yet: it is fetched and the batch done again. Never leaves
    /// the ledger.
    #[error("a row was not fetched")]
    Unfetched,
    /// The ledger holds something that no gateway wrote.
    #[error("the ledger is damaged: {0}")]
    Broken(Arc<str>),
    /// A file of the embedded ledger is not the one at its path any more; what happened, and the way out.
    #[error("{} {}: nothing is kept in what this gateway has open; {}", .0.display(), .1, .2)]
    Astray(PathBuf, &'static str, &'static str),
    /// Folds are being made again, after the schema was brought up to date or for another setting.
    #[error(
        "the ledger is being brought over to this version and these settings: its subscriptions are made again \
         (`sdp-gateway migrate` does it too)"
    )]
    Refolding,
    /// The disk was full and is.
    #[error("no room on the disk of {}: make some; the gateway goes on by itself", .0.display())]
    NoRoom(PathBuf),
}

impl StoreError {
    pub(super) fn broken(what: impl Into<Arc<str>>) -> Self {
        Self::Broken(what.into())
    }
}

/// What a step of a life was to be made of is as no gateway leaves it.
impl From<crate::order::life::NotFrom> for StoreError {
    fn from(stays: crate::order::life::NotFrom) -> Self {
        Self::broken(stays.to_string())
    }
}

impl From<NotFrom> for StoreError {
    fn from(stays: NotFrom) -> Self {
        Self::broken(stays.to_string())
    }
}

impl From<Stays> for StoreError {
    fn from(stays: Stays) -> Self {
        Self::broken(stays.to_string())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Sql(Arc::new(error))
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        ServerError::from(error).into()
    }
}

impl From<ServerError> for StoreError {
    fn from(error: ServerError) -> Self {
        Self::Server(Arc::new(error))
    }
}

impl StoreError {
    /// The server's failure, where it is one.
    pub(super) fn as_server(&self) -> Option<&tokio_postgres::Error> {
        match self {
            Self::Server(error) => error.as_driver(),
            _ => None,
        }
    }
}

/// Why a session with the server failed, or there is none.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The server's own word, or the connection's end.
    #[error(transparent)]
    Driver(#[from] tokio_postgres::Error),
    /// No connection with the host.
    #[error("error connecting to server")]
    Dial(#[source] std::io::Error),
    /// The host lets us in and is of no use, or what stands before it.
    #[error("{0}")]
    Refused(String),
    /// The host did not let us in in time.
    #[error("no answer in time")]
    Late,
}

impl ServerError {
    pub(super) fn as_driver(&self) -> Option<&tokio_postgres::Error> {
        match self {
            Self::Driver(error) => Some(error),
            Self::Dial(_) | Self::Refused(_) | Self::Late => None,
        }
    }
}

/// Why a write was not done, or is not known to be.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotKept {
    /// Too many writes wait already; this one was not taken.
    #[error("too many notices wait for a commit")]
    Full,
    /// The commit failed.
    #[error(transparent)]
    Failed(#[from] StoreError),
    /// The writer has stopped.
    #[error("the ledger's writer has stopped")]
    Stopped,
}

/// The operating system gave no random bytes, and what must be nobody else's cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomBytes(#[source] pub(super) getrandom::Error);
