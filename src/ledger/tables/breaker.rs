//! The table of circuit breakers: what workers know of the providers' health, kept so that a restart
//! or another worker does not ask a provider that is down all over again.

use super::{Cell, Cells, Record, Table, Type};
use crate::clock::Timestamp;
use crate::ledger::StoreError;

/// A provider's health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breaker {
    /// `local`, or the name of a `[providers.NAME]`.
    pub provider: String,
    /// Failures in a row.
    pub failures: u32,
    /// Until when nothing is sent; none: closed.
    pub open_until: Option<Timestamp>,
    /// The newest failure, in words.
    pub last_error: Option<String>,
    /// When this was written.
    pub changed_at: Timestamp,
}

impl Record for Breaker {
    const TABLE: &'static Table = &Table {
        name: "breaker",
        columns: &[
            ("provider", Type::Text),
            ("failures", Type::Int),
            ("open_until", Type::Int),
            ("last_error", Type::Text),
            ("changed_at", Type::Int),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        vec![
            (&self.provider).into(),
            self.failures.into(),
            self.open_until.into(),
            self.last_error.as_ref().into(),
            self.changed_at.into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self {
            provider: row.text()?,
            failures: row.small()?,
            open_until: row.time_or_none()?,
            last_error: row.text_or_none()?,
            changed_at: row.time()?,
        })
    }
}
