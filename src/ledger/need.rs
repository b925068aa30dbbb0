//! Which code out of stock serves a task.

use super::tables::Record;
use crate::catalog::{GrantKind, Storage};
use crate::clock::Timestamp;
use crate::stock::Code;

/// What a code must be that serves a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    pub(super) provider: String,
    pub(super) kind: GrantKind,
    pub(super) days_min: u32,
    pub(super) now: Timestamp,
    pub(super) storage: Option<Storage>,
    pub(super) retention_days: Option<u32>,
}

impl Need {
    /// One code that serves: no voucher; of no tenant, since a subscription is nobody's, and of the fewest days that are
    /// enough.
    /// What a code does not say fits any.
    /// Provider, kind, days and time are `$1` to `$4`; storage and retention, empty and 0 where there is
    /// none, `$5` and `$6`.
    pub(super) fn sql() -> String {
        format!(
            "/* code stock */ SELECT {} FROM code WHERE state = 'unused' AND provider = $1 AND kind = $2 \
             AND tenant = '' AND voucher IS NULL AND days >= $3 AND (expires_at IS NULL OR expires_at > $4) \
             AND (storage IS NULL OR storage = $5) AND (retention_days IS NULL OR retention_days >= $6) \
             ORDER BY provider, kind, days, key LIMIT 1",
            Code::TABLE.names()
        )
    }

    /// `$5`.
    pub(super) fn storage(&self) -> &'static str {
        self.storage.map_or("", Storage::word)
    }

    /// `$6`.
    pub(super) fn retention_days(&self) -> i64 {
        self.retention_days.unwrap_or(0).into()
    }
}
