//! The mark of how far folds were made again.

use super::{Cell, Cells, Record, Table, Type};
use crate::ledger::StoreError;

/// The one row there is.
pub(in crate::ledger) struct Refold {
    /// The last number that is done.
    pub(in crate::ledger) after: String,
}

impl Record for Refold {
    const TABLE: &'static Table =
        &Table { name: "refold", columns: &[("id", Type::Int), ("after", Type::Text)] };

    fn write(&self) -> Vec<Cell> {
        vec![1_i64.into(), (&self.after).into()]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        row.int()?;
        Ok(Self { after: row.text()? })
    }
}
