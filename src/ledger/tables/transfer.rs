//! The table of transfers: what was paid for and moved from one device to another.

use super::{Cell, Cells, Record, Table, Type};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::StoreError;
use crate::service::source::ServiceId;

/// A transfer that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Moved {
    /// Its row.
    pub id: i64,
    /// What was moved.
    pub service: ServiceId,
    /// Whose it is.
    pub account: UserAccount,
    /// Where it was.
    pub from: DeviceId,
    /// Where it went.
    pub to: DeviceId,
    /// When.
    pub at: Timestamp,
}

impl Record for Moved {
    const TABLE: &'static Table = &Table {
        name: "transfer",
        columns: &[
            ("id", Type::Int),
            ("service_id", Type::Text),
            ("account", Type::Text),
            ("from_device", Type::Text),
            ("to_device", Type::Text),
            ("at", Type::Int),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            self.service.as_str().into(),
            self.account.in_full().into(),
            self.from.as_str().into(),
            self.to.as_str().into(),
            self.at.into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.int()?,
            service: ServiceId::from_stored(row.text()?),
            account: row.word(|text| UserAccount::from_full(text).ok())?,
            from: row.word(|text| DeviceId::parse(text).ok())?,
            to: row.word(|text| DeviceId::parse(text).ok())?,
            at: row.time()?,
        })
    }
}
