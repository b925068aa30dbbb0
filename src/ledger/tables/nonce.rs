//! The table of nonces that partners have used.

use super::{Cell, Cells, Old, Record, Table, Type};
use crate::clock::Timestamp;
use crate::ledger::StoreError;

/// A nonce as stored: partner, call, signature and nonce are its key.
pub(in crate::ledger) struct NonceRow {
    pub(in crate::ledger) key: String,
    pub(in crate::ledger) until: Timestamp,
}

impl NonceRow {
    /// Nonces whose time is over.
    pub(in crate::ledger) const OLD: Old = Old { table: Self::TABLE, column: "until" };
}

impl Record for NonceRow {
    const TABLE: &'static Table =
        &Table { name: "nonce", columns: &[("key", Type::Text), ("until", Type::Int)] };

    fn write(&self) -> Vec<Cell> {
        vec![(&self.key).into(), self.until.into()]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self { key: row.text()?, until: row.time()? })
    }
}
