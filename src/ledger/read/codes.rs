//! The stock of codes for people and surfaces.

use std::collections::BTreeMap;

use sqlx::Row;

use super::stats::counts;
use crate::clock::Timestamp;
use crate::ids::DeviceId;
use crate::ledger::tables::nonce::NonceRow;
use crate::ledger::{Ledger, StoreError};
use crate::stock::Code;
use crate::stock::Lookup;

/// How many codes there are of one batch, kind, provider, state, tenant and voucher's package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeCount {
    /// With which others they came into stock.
    pub batch: String,
    /// What they are for, as a word.
    pub kind: String,
    /// Who issued them.
    pub provider: String,
    /// What became of them, as a word; `expired` for those in stock whose time is over.
    pub state: String,
    /// Whose they are; empty: no tenant's.
    pub tenant: String,
    /// The package of vouchers; empty: activation codes.
    pub package: String,
    /// How many.
    pub codes: i64,
}

const COUNTS: &str = "/* code counts */ SELECT batch, kind, provider, \
    CASE WHEN state = 'unused' AND expires_at <= $1 THEN 'expired' ELSE state END AS word, tenant, \
    CASE WHEN voucher IS NULL THEN '' ELSE package END AS of_package, \
    COUNT(*) AS many FROM code GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6";

const STOCK: &str = "/* code kinds */ SELECT kind AS word, COUNT(*) AS many FROM code WHERE state = 'unused' \
    AND voucher IS NULL AND (expires_at IS NULL OR expires_at > $1) GROUP BY kind";

/// The newest; one that was withdrawn shows no more.
const OF_ENTITLEMENT: &str = "WHERE entitlement = $1 AND state NOT IN ('void', 'bad') \
    ORDER BY created_at DESC, key LIMIT 1";

impl Ledger {
    /// The code of a look-up value.
    ///
    /// # Errors
    /// As for all of these: the engine's.
    pub async fn code(&self, key: &Lookup) -> Result<Option<Code>, StoreError> {
        Ok(self.select("WHERE key = $1", vec![key.as_str().into()]).await?.into_iter().next())
    }

    /// The code that was issued for an entitlement.
    ///
    /// # Errors
    /// The engine's.
    pub async fn code_of(&self, entitlement: &str) -> Result<Option<Code>, StoreError> {
        Ok(self.select(OF_ENTITLEMENT, vec![entitlement.into()]).await?.into_iter().next())
    }

    /// The activation codes that were redeemed on a device, the newest first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn usage(&self, device: &DeviceId) -> Result<Vec<Code>, StoreError> {
        let tail = "WHERE device_id = $1 AND state = 'used' AND voucher IS NULL ORDER BY used_at DESC, key";
        self.select(tail, vec![device.as_str().into()]).await
    }

    /// Counts all codes by batch, kind, provider, state, tenant and voucher's package as of `now`.
    ///
    /// # Errors
    /// The engine's.
    pub async fn code_counts(&self, now: Timestamp) -> Result<Vec<CodeCount>, StoreError> {
        let count = |row: &sqlx::any::AnyRow| {
            Ok(CodeCount {
                batch: row.try_get("batch")?,
                kind: row.try_get("kind")?,
                provider: row.try_get("provider")?,
                state: row.try_get("word")?,
                tenant: row.try_get("tenant")?,
                package: row.try_get("of_package")?,
                codes: row.try_get("many")?,
            })
        };
        sqlx::query(COUNTS).bind(now.0).fetch_all(&self.0.pool).await?.iter().map(count).collect()
    }

    /// How many activation codes are in stock and can be redeemed at `now`, by kind.
    ///
    /// # Errors
    /// The engine's.
    pub async fn codes_in_stock(&self, now: Timestamp) -> Result<BTreeMap<String, i64>, StoreError> {
        counts(&sqlx::query(STOCK).bind(now.0).fetch_all(&self.0.pool).await?)
    }

    /// Whether there are nonces whose time is over.
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::ledger) async fn has_old_nonces(&self, now: Timestamp) -> Result<bool, StoreError> {
        let old: Vec<NonceRow> = self.select("WHERE until <= $1 LIMIT 1", vec![now.into()]).await?;
        Ok(!old.is_empty())
    }
}
