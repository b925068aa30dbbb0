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
}

const SUBSCRIPTIONS: &str = "/* stats subscriptions */ SELECT CASE WHEN standing <> 'held' THEN standing \
    WHEN expires_at > $1 THEN 'active' WHEN lapses_at > $1 THEN 'grace' ELSE 'lapsed' END AS word, \
    COUNT(*) AS many FROM subscription GROUP BY 1";

const PARKED: &str = "/* stats parked */ SELECT reason AS word, COUNT(*) AS many FROM notice \
    WHERE outcome = 'parked' GROUP BY reason";

impl Ledger {
    /// Counts everything. Reads all subscriptions: for people, not for a scrape.
    ///
    /// # Errors
    /// The engine's.
    pub async fn stats(&self, now: Timestamp) -> Result<Stats, StoreError> {
        let subscriptions = sqlx::query(SUBSCRIPTIONS).bind(now.0).fetch_all(&self.0.pool).await?;
        Ok(Stats { subscriptions: counts(&subscriptions)?, parked: self.parked().await? })
    }

    /// Parked notices by reason, from their own index.
    ///
    /// # Errors
    /// The engine's.
    pub async fn parked(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        counts(&sqlx::query(PARKED).fetch_all(&self.0.pool).await?)
    }
}

fn counts(rows: &[sqlx::any::AnyRow]) -> Result<BTreeMap<String, i64>, StoreError> {
    rows.iter().map(|row| Ok((row.try_get("word")?, row.try_get("many")?))).collect()
}
