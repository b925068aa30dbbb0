//! The setting that a ledger's folds are made under: its own, by which every transaction goes that folds, whatever the
//! settings of a gateway or a command say.

use super::store::ReadsFolds;
use super::tables::refold::{DONE, Refold};
use super::{Rules, StoreError};

/// What a ledger's folds are made under, in its one row.
pub(super) const SETTING: &str = "/* refold setting */ SELECT queue_disorder_ms FROM refold WHERE id = 1";

/// Writes that row where there is none: no notice was kept yet. `$1` is the setting in milliseconds.
pub(super) const SET: &str = "/* refold set */ INSERT INTO refold (id, after, queue_disorder_ms) \
    SELECT 1, '~', CAST($1 AS BIGINT) WHERE NOT EXISTS (SELECT 1 FROM notice) ON CONFLICT (id) DO NOTHING";

/// Has all folds be made again where they were made under another setting than `$1`, in milliseconds.
pub(super) const BEGIN: &str = "/* refold begin */ UPDATE refold SET after = '', queue_disorder_ms = $1 \
    WHERE id = 1 AND (queue_disorder_ms IS NULL OR queue_disorder_ms <> $1)";

/// The setting that a transaction folds by, in milliseconds: the ledger's.
///
/// # Errors
/// [`StoreError::Refolding`] where folds are being made again; the engine's.
pub(super) fn disorder_ms(store: &mut impl ReadsFolds, rules: &Rules) -> Result<i64, StoreError> {
    match store.folded()? {
        Some(folded) if folded.after != DONE => Err(StoreError::Refolding),
        folded => Ok(setting(folded.as_ref(), rules)),
    }
}

/// Of a ledger that has no row yet, the settings' own.
pub(super) fn setting(folded: Option<&Refold>, rules: &Rules) -> i64 {
    folded.and_then(|folded| folded.queue_disorder_ms).unwrap_or(rules.policy.queue_disorder_ms)
}
