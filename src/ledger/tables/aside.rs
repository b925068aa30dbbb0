//! The table of what notices were that an operator laid aside.

use super::{Cell, Cells, Record, Table, Type};
use crate::ids::NoticeId;
use crate::ledger::StoreError;

/// What one was.
pub(in crate::ledger) struct Aside {
    pub(in crate::ledger) notice: NoticeId,
    /// What it said in the fold, as the journal spells it; none: it did not stand in it.
    pub(in crate::ledger) scope: Option<String>,
    /// The word of what had become of it.
    pub(in crate::ledger) outcome: String,
    /// What its number held with it, as a hash.
    pub(in crate::ledger) held: String,
}

impl Record for Aside {
    const TABLE: &'static Table = &Table {
        name: "aside",
        columns: &[
            ("notice_id", Type::Int),
            ("scope", Type::Text),
            ("outcome", Type::Text),
            ("held", Type::Text),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        vec![self.notice.0.into(), self.scope.as_ref().into(), (&self.outcome).into(), (&self.held).into()]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self {
            notice: NoticeId(row.int()?),
            scope: row.text_or_none()?,
            outcome: row.text()?,
            held: row.text()?,
        })
    }
}
