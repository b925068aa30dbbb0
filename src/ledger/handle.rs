//! The open ledger: the one door for writes ([`Ledger::write`]), and what is asked of all of it. What each write is,
//! and each read, stands in files of its own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::commit::{Deed, Pending, Pulse, Writer};
use super::opening::{MigrateError, OpenError, Opened};
use super::rules::{InForce, Rules};
use super::{NotKept, StoreError, migrate, postgres, sqlite};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::{CodesKey, LedgerUrl};
use crate::ids::Msisdn;
use crate::lifeline::Lifelines;
use crate::stock::Vault;
use crate::subscription::ServiceState;

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
pub struct Ledger(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) url: LedgerUrl,
    pub(super) rules: Arc<InForce>,
    pub(super) writer: Writer,
    pub(super) lookups: Lookups,
    pub(super) pool: sqlx::AnyPool,
    pub(super) clock: Clock,
    pub(super) vault: Vault,
    /// Whether folds are still to be made again: as long as they are, nothing else is written.
    pub(super) refolding: AtomicBool,
    pub(super) lifelines: Lifelines,
}

/// The look-ups on the answer path.
pub(super) enum Lookups {
    Sqlite(sqlite::Readers),
    Postgres(postgres::Lookups),
}

impl Ledger {
    /// Opens a ledger whose schema is up to date, and starts its writers.
    ///
    /// # Errors
    /// Where there is none, its schema is another, or the engine fails.
    pub async fn open(settings: &Settings, rules: Rules, clock: Clock) -> Result<Self, OpenError> {
        let vault = Vault::new(settings.codes_key.as_ref())?;
        let (queue_max, lifelines) = (settings.queue_max, Lifelines::default());
        let Opened { rules, writer, lookups, pool } = match &settings.url {
            LedgerUrl::Sqlite(path) => {
                sqlite::open(path, rules, queue_max, &lifelines).await?.with(Lookups::Sqlite)
            }
            LedgerUrl::Postgres(url) => {
                postgres::open(url, rules, queue_max, &lifelines).await?.with(Lookups::Postgres)
            }
        };
        let (url, refolding) = (settings.url.clone(), AtomicBool::new(false));
        let ledger =
            Self(Arc::new(Inner { url, rules, writer, lookups, pool, clock, vault, refolding, lifelines }));
        ledger.look_for_refold().await?;
        Ok(ledger)
    }

    /// Writes, and answers after the commit has reached the disk. The write is the writer's own from the moment it is
    /// taken: dropping this future cancels nothing.
    ///
    /// # Errors
    /// [`NotKept`]; only after [`NotKept::Full`] is it certain that nothing was kept.
    pub async fn write<D: Deed>(&self, deed: D) -> Result<D::Answer, NotKept> {
        self.hand_over(deed)?.answer().await
    }

    /// The same for many, in their order and in shared commits; what came of each.
    ///
    /// # Errors
    /// [`NotKept`] from the first that failed; those before it are done.
    pub async fn write_all<D: Deed>(
        &self,
        deeds: impl IntoIterator<Item = D>,
    ) -> Result<Vec<D::Answer>, NotKept> {
        let mut deeds = deeds.into_iter();
        let mut answers = Vec::with_capacity(deeds.size_hint().0);
        loop {
            let some = deeds.by_ref().take(self.0.writer.together());
            let pending = some.map(|deed| self.hand_over(deed)).collect::<Result<Vec<_>, _>>()?;
            if pending.is_empty() {
                return Ok(answers);
            }
            for one in pending {
                answers.push(one.answer().await?);
            }
        }
    }

    fn hand_over<D: Deed>(&self, deed: D) -> Result<Pending<D::Answer>, NotKept> {
        if self.is_refolding() {
            return Err(NotKept::Failed(StoreError::Refolding));
        }
        self.0.writer.hand_over(deed)
    }

    /// Waits until a write of this process may have made a task due, also one since the last call. For
    /// one worker; what other processes write it finds by looking.
    pub async fn owes(&self) {
        self.0.writer.owes().await;
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
    pub async fn state_of(&self, number: &Msisdn, service_id: &str) -> Result<ServiceState, StoreError> {
        match &self.0.lookups {
            Lookups::Sqlite(readers) => readers.state(number, service_id).await,
            Lookups::Postgres(lookups) => lookups.state(number, service_id).await,
        }
    }

    /// The offers in force.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        Arc::clone(&self.0.rules.load().catalog)
    }

    /// Numbers the terms of new rules and judges by these from then on: a transaction that has begun is finished by
    /// the old ones. Where it fails the old ones stay.
    ///
    /// # Errors
    /// The engine's.
    pub async fn put_in_force(&self, mut rules: Rules) -> Result<(), OpenError> {
        rules.book = match &self.0.url {
            LedgerUrl::Sqlite(path) => sqlite::number_terms(path, rules.terms()).await?,
            LedgerUrl::Postgres(url) => postgres::number_terms(url, rules.terms()).await?,
        };
        self.0.rules.store(Arc::new(rules));
        Ok(())
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
