//! The mark of how far folds were made again, and under which setting all of them are made.

use super::{Cell, Cells, Record, Table, Type};
use crate::ledger::StoreError;

/// The key of the one row there is.
pub(in crate::ledger) const KEY: i64 = 1;

/// After every number: no number begins with it.
pub(in crate::ledger) const DONE: &str = "~";

/// The one row there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refold {
    /// The last number that is done; [`DONE`] where all are.
    pub(in crate::ledger) after: String,
    /// `carrier.queue_disorder_max_s` of the folds, in milliseconds; none where it is not known.
    pub(in crate::ledger) queue_disorder_ms: Option<i64>,
    /// Whether messages are read anew before they are folded.
    pub(in crate::ledger) reads: bool,
}

impl Record for Refold {
    const TABLE: &'static Table = &Table {
        name: "refold",
        columns: &[
            ("id", Type::Int),
            ("after", Type::Text),
            ("queue_disorder_ms", Type::Int),
            ("reads", Type::Int),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        vec![KEY.into(), (&self.after).into(), self.queue_disorder_ms.into(), self.reads.into()]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        row.int()?;
        Ok(Self { after: row.text()?, queue_disorder_ms: row.int_or_none()?, reads: row.int()? != 0 })
    }
}
