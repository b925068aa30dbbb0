//! What the gateway remembers, for ever and exactly once.
//!
//! The *journal* has one narrow row per notice; subscriptions and their runs are its fold, kept
//! beside it and always makeable again. [`record`], [`operate`] and [`repair`] say what one write does, against
//! [`store::Store`] (operators' are written down in [`mod@audit`], and what they lay aside is kept in [`aside`]), and
//! [`refold`] makes the folds of an older ledger, or of one under another setting, again; an engine ([`sqlite`], [`postgres`]) brings the statements; [`commit`] gathers
//! waiting writes into shared transactions. Reads ([`read`]) go through connections of their own and
//! never wait for the writer. [`copy()`] moves a ledger from one engine to another.
//!
//! [`fulfil`] is what subscriptions, codes and orders become on devices, and what providers owe for
//! it; its [`tables`] are read and written by one mechanism.
//!
//! The ledger knows nothing of the carrier's grammar: what it has read again, [`Rules`] bring a function for, and a
//! reply is text that it stores.

mod aside;
mod audit;
mod backup;
mod commit;
mod copy;
mod dialect;
mod failure;
mod foresee;
pub mod fulfil;
mod gateways;
pub mod journal;
mod migrate;
mod operate;
mod postgres;
pub mod raw;
pub mod read;
mod record;
mod refold;
mod remedy;
mod repair;
mod rules;
mod specimen;
mod sqlite;
mod standing;
mod store;
mod tables;
mod terms;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::config::{CodesKey, LedgerUrl};
use crate::ids::{Msisdn, NoticeId};
use crate::lifeline::Lifelines;
use crate::stock::{SealError, Vault};
use crate::subscription::ServiceState;
pub use aside::Otherwise;
pub use audit::{BadWords, By, WHO_CHARS_MAX, WHY_CHARS_MAX, who, why};
pub use backup::{BackupError, RestoreError, Restored, backup, restore};
pub use commit::Pulse;
use commit::{Done, Work, Writer};
pub use copy::{Copied, CopiedTable, CopyError, Phase, Progress, copy};
pub use failure::StoreError;
pub use foresee::WOULD_BE;
pub use gateways::Gateway;
pub use migrate::{MigrateError, migrate, newest as schema_version};
use operate::Order;
pub use operate::{Operated, Operation};
pub use record::{Received, Recorded, Remarks};
pub use refold::Refolded;
pub use repair::{Ending, Granting, Repaired};
use rules::InForce;
pub use rules::{ReadAgain, Rules};
pub use sqlite::Unfit;
pub use tables::audit::Audit;
pub use verify::Verified;

impl ServerError {
    fn as_driver(&self) -> Option<&tokio_postgres::Error> {
        match self {
            Self::Driver(error) => Some(error),
            Self::Dial(_) | Self::Refused(_) | Self::Late => None,
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
pub struct NoRandomBytes(#[source] getrandom::Error);

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

/// Where the ledger is and what it may hold waiting.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The engine and its place.
    pub url: LedgerUrl,
    /// Notices waiting for a commit.
    pub queue_max: usize,
    /// What activation codes are sealed with; none: they are kept in plain text.
    pub codes_key: Option<CodesKey>,
}

/// The open ledger; clones share it.
#[derive(Clone)]
pub struct Ledger(Arc<Inner>);

struct Inner {
    url: LedgerUrl,
    rules: Arc<InForce>,
    writer: Writer,
    lookups: Lookups,
    pool: sqlx::AnyPool,
    clock: Clock,
    vault: Vault,
    /// Told of every write of this process that may have made a task due.
    owed: Notify,
    lifelines: Lifelines,
}

/// The look-ups on the answer path.
enum Lookups {
    Sqlite(sqlite::Readers),
    Postgres(postgres::Lookups),
}

/// What an engine has opened.
struct Opened {
    rules: Arc<InForce>,
    writer: Writer,
    lookups: Lookups,
    pool: sqlx::AnyPool,
}

impl Ledger {
    /// Opens a ledger whose schema is up to date, and starts its writers.
    ///
    /// # Errors
    /// Where there is none, its schema is another, or the engine fails.
    pub async fn open(settings: &Settings, rules: Rules, clock: Clock) -> Result<Self, OpenError> {
        let vault = Vault::new(settings.codes_key.as_ref())?;
        let (queue_max, lifelines) = (settings.queue_max, Lifelines::default());
        let opened = match &settings.url {
            LedgerUrl::Sqlite(path) => sqlite::open(path, rules, queue_max, &lifelines).await?,
            LedgerUrl::Postgres(url) => postgres::open(url, rules, queue_max, &lifelines).await?,
        };
        let Opened { rules, writer, lookups, pool } = opened;
        let (url, owed) = (settings.url.clone(), Notify::new());
        let ledger =
            Self(Arc::new(Inner { url, rules, writer, lookups, pool, clock, vault, owed, lifelines }));
        ledger.look_for_refold().await?;
        Ok(ledger)
    }

    /// Records one message and answers after its commit has reached the disk. The write is the
    /// writer's own from the moment it is taken: dropping this future cancels nothing.
    ///
    /// # Errors
    /// [`NotKept`]; only after [`NotKept::Full`] is it certain that nothing was kept.
    pub async fn record(&self, received: Received) -> Result<Recorded, NotKept> {
        match self.0.writer.submit(Work::Record(Box::new(received))).await? {
            Done::Recorded(recorded) => {
                if recorded.may_owe {
                    self.0.owed.notify_one();
                }
                Ok(recorded)
            }
            _ => Err(NotKept::Stopped),
        }
    }

    /// Does what an operator says of a kept message.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn operate(&self, operation: Operation, id: NoticeId, by: By) -> Result<Operated, NotKept> {
        let operated = self.operate_all(operation, &[id], by).await?;
        operated.into_iter().next().ok_or(NotKept::Stopped)
    }

    /// The same for many, in their order and in shared commits; what came of each.
    ///
    /// # Errors
    /// [`NotKept`] from the first that failed; those before it are done.
    pub async fn operate_all(
        &self,
        operation: Operation,
        ids: &[NoticeId],
        by: By,
    ) -> Result<Vec<Operated>, NotKept> {
        let (now, by, mut operated) = (self.0.clock.now(), Arc::new(by), Vec::with_capacity(ids.len()));
        for ids in ids.chunks(self.0.writer.together()) {
            let order = |id: &NoticeId| Order { operation, id: *id, by: Arc::clone(&by), now };
            let hand_over = |id: &NoticeId| self.0.writer.hand_over(Work::Operate(order(id)));
            for pending in ids.iter().map(hand_over).collect::<Result<Vec<_>, _>>()? {
                match pending.answer().await? {
                    Done::Operated(done) => operated.push(done),
                    _ => return Err(NotKept::Stopped),
                }
            }
        }
        self.0.owed.notify_one();
        Ok(operated)
    }

    /// Waits until a write of this process may have made a task due, also one since the last call. For
    /// one worker; what other processes write it finds by looking.
    pub async fn owes(&self) {
        self.0.owed.notified().await;
    }

    /// Tells whether notices can be kept: one that nobody sent is recorded and undone, in a transaction whose
    /// commit must reach the disk.
    ///
    /// # Errors
    /// [`NotKept`] where they cannot.
    pub async fn probe(&self) -> Result<(), NotKept> {
        self.0.writer.probe(specimen::specimen(&self.0.rules.load(), self.0.clock.now())).await
    }

    /// Notices of this process that could not be kept so far. One more makes an older answer of
    /// [`Self::probe`] doubtful.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.0.writer.refusals()
    }

    /// Whether the schema is still the one that this gateway knows.
    ///
    /// # Errors
    /// [`MigrateError`].
    pub async fn check_schema(&self) -> Result<(), MigrateError> {
        migrate::check_again(&self.0.pool).await
    }

    /// What a number holds of a service, by every notice that any gateway has answered so far.
    ///
    /// # Errors
    /// The engine's.
    pub async fn holds(&self, number: &Msisdn, service_id: &str) -> Result<ServiceState, StoreError> {
        match &self.0.lookups {
            Lookups::Sqlite(readers) => readers.state(number, service_id).await,
            Lookups::Postgres(lookups) => lookups.state(number, service_id).await,
        }
    }

    /// What seals codes for this ledger, and opens them.
    #[must_use]
    pub fn vault(&self) -> &Vault {
        &self.0.vault
    }

    /// Whether the last commit failed.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.0.writer.is_failing()
    }

    /// Notices waiting for a commit now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.writer.waiting()
    }

    /// Watches whether the writer gets on.
    #[must_use]
    pub fn pulse(&self) -> Pulse {
        self.0.writer.pulse()
    }

    /// What the process lives by: the ledger's own threads and tasks hold theirs.
    #[must_use]
    pub fn lifelines(&self) -> &Lifelines {
        &self.0.lifelines
    }

    /// Brings the gauges up to date, before a scrape.
    pub fn measure(&self) {
        self.0.writer.measure();
    }

    /// Commits what was taken, and stops the writer.
    pub async fn close(&self) {
        self.0.writer.stop().await;
        match &self.0.lookups {
            Lookups::Sqlite(readers) => readers.stop().await,
            Lookups::Postgres(lookups) => lookups.stop().await,
        }
        self.0.pool.close().await;
    }
}
