//! The table of duties: what one worker of all does every so often, who is at it, and when it is due again.

use super::{Cell, Cells, Record, Table, Type};
use crate::clock::Timestamp;
use crate::ledger::StoreError;

/// A duty as stored.
pub(in crate::ledger) struct DutyRow {
    pub(in crate::ledger) name: String,
    /// Who is at it.
    pub(in crate::ledger) token: Option<String>,
    /// While somebody is at it, the end of the lease; else when it is due again.
    pub(in crate::ledger) next_at: Timestamp,
}

impl Record for DutyRow {
    const TABLE: &'static Table = &Table {
        name: "duty",
        columns: &[("name", Type::Text), ("token", Type::Text), ("next_at", Type::Int)],
    };

    fn write(&self) -> Vec<Cell> {
        vec![(&self.name).into(), self.token.as_ref().into(), self.next_at.into()]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self { name: row.text()?, token: row.text_or_none()?, next_at: row.time()? })
    }
}
