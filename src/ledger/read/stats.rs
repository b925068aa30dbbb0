//! Counts for the operator's first look.

use std::collections::BTreeMap;

use sqlx::Row;

use crate::clock::Timestamp;
use crate::ledger::{Ledger, StoreError};

/// How much of what there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Subscriptions by state at the moment of asking.
    pub subscriptions: BTreeMap<String, i64>,
    /// Parked notices by reason.
    pub parked: BTreeMap<String, i64>,
    /// Notices kept without effect, by what would become of them.
    pub would_be: BTreeMap<String, i64>,
    /// Tasks by state.
    pub tasks: BTreeMap<String, i64>,
    /// For how long the task that is most overdue has been due, in seconds; none where none is.
    pub oldest_due_s: Option<i64>,
    /// Codes in stock that can be redeemed, by kind.
    pub codes: BTreeMap<String, i64>,
}

const SUBSCRIPTIONS: &str = "/* stats subscriptions */ SELECT CASE WHEN standing <> 'held' THEN standing \
    WHEN expires_at > $1 THEN 'active' WHEN lapses_at > $1 THEN 'grace' ELSE 'lapsed' END AS word, \
    COUNT(*) AS many FROM subscription GROUP BY 1";

const PARKED: &str = "/* stats parked */ SELECT reason AS word, COUNT(*) AS many FROM notice \
    WHERE outcome = 'parked' GROUP BY reason";

const WOULD_BE: &str = "/* stats foreseen */ SELECT would_be AS word, COUNT(*) AS many FROM foreseen \
    WHERE would_be IS NOT NULL GROUP BY would_be";

impl Ledger {
    /// Counts everything. Reads all subscriptions: for people, not for a scrape.
    ///
    /// # Errors
    /// The engine's.
    pub async fn stats(&self, now: Timestamp) -> Result<Stats, StoreError> {
        let subscriptions = sqlx::query(SUBSCRIPTIONS).bind(now.0).fetch_all(&self.0.pool).await?;
        let oldest = self.task_depths(now).await?.into_iter().filter_map(|depth| depth.oldest_due_at).min();
        Ok(Stats {
            subscriptions: counts(&subscriptions)?,
            parked: self.parked().await?,
            would_be: self.would_be().await?,
            tasks: self.tasks_by_state().await?,
            oldest_due_s: oldest.map(|at| (now.0 - at.0) / 1000),
            codes: self.codes_in_stock(now).await?,
        })
    }

    /// Parked notices by reason, from their own index.
    ///
    /// # Errors
    /// The engine's.
    pub async fn parked(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        counts(&sqlx::query(PARKED).fetch_all(&self.0.pool).await?)
    }

    /// Notices kept without effect by what would become of them, from an index of those.
    ///
    /// # Errors
    /// The engine's.
    pub async fn would_be(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        counts(&sqlx::query(WOULD_BE).fetch_all(&self.0.pool).await?)
    }
}

pub(super) fn counts(rows: &[sqlx::any::AnyRow]) -> Result<BTreeMap<String, i64>, StoreError> {
    rows.iter().map(|row| Ok((row.try_get("word")?, row.try_get("many")?))).collect()
}
