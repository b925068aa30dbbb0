//! The table of gateways: which have this ledger open, and what each judges notices by.

use super::{Cell, Cells, Old, Record, Table, Type};
use crate::clock::Timestamp;
use crate::ledger::StoreError;

/// A gateway that has the ledger open, or had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Its host and the address it listens on: one that starts again takes its own row.
    pub name: String,
    /// The program's version.
    pub version: String,
    /// The fingerprint of what it judges by.
    pub rules: String,
    /// How many offers that has.
    pub offers: u32,
    /// Since when.
    pub since: Timestamp,
    /// When it last said that it runs; 0 after an orderly stop.
    pub seen_at: Timestamp,
}

impl Gateway {
    /// Rows that nobody has written for long.
    pub(in crate::ledger) const OLD: Old = Old { table: Self::TABLE, column: "seen_at" };
}

impl Record for Gateway {
    const TABLE: &'static Table = &Table {
        name: "gateway",
        columns: &[
            ("name", Type::Text),
            ("version", Type::Text),
            ("rules", Type::Text),
            ("offers", Type::Int),
            ("since", Type::Int),
            ("seen_at", Type::Int),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        vec![
            (&self.name).into(),
            (&self.version).into(),
            (&self.rules).into(),
            self.offers.into(),
            self.since.into(),
            self.seen_at.into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self {
            name: row.text()?,
            version: row.text()?,
            rules: row.text()?,
            offers: row.small()?,
            since: row.time()?,
            seen_at: row.time()?,
        })
    }
}
