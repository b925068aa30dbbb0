//! The table of what would become of notices that are kept and not applied.

use super::{Cell, Cells, Record, Table, Type};
use crate::ids::NoticeId;
use crate::ledger::StoreError;

/// What was foreseen of one.
pub(in crate::ledger) struct Foreseen {
    pub(in crate::ledger) notice: NoticeId,
    /// The outcome's word, or the reason's of one that would be parked; none: it was judged since.
    pub(in crate::ledger) would_be: Option<String>,
    /// The fingerprint of the rules by which.
    pub(in crate::ledger) rules: String,
}

impl Record for Foreseen {
    const TABLE: &'static Table = &Table {
        name: "foreseen",
        columns: &[("notice_id", Type::Int), ("would_be", Type::Text), ("rules", Type::Text)],
    };

    fn write(&self) -> Vec<Cell> {
        vec![self.notice.0.into(), self.would_be.as_ref().into(), (&self.rules).into()]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self { notice: NoticeId(row.int()?), would_be: row.text_or_none()?, rules: row.text()? })
    }
}
