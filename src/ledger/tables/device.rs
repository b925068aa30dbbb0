//! The table of devices. What is in force on one is made from it, its services and the number's rights.

use super::{Cell, Cells, Record, Table, Type};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, UserAccount};
use crate::ledger::StoreError;

/// A device as stored.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::ledger) struct DeviceRow {
    pub(in crate::ledger) id: DeviceId,
    pub(in crate::ledger) msisdn: Option<Msisdn>,
    pub(in crate::ledger) account: Option<UserAccount>,
    pub(in crate::ledger) camera: Option<String>,
    pub(in crate::ledger) bound_at: Option<Timestamp>,
    pub(in crate::ledger) settled_at: Timestamp,
    pub(in crate::ledger) due_at: Option<Timestamp>,
}

impl DeviceRow {
    /// What it is called at its provider: by a name of its own, else like itself.
    pub(in crate::ledger) fn at_provider(&self) -> &str {
        self.camera.as_deref().unwrap_or(self.id.as_str())
    }

    /// Whether a provider sees it, or its owner, otherwise now.
    pub(in crate::ledger) fn is_seen_otherwise(&self, now: &Self) -> bool {
        self.at_provider() != now.at_provider() || self.msisdn != now.msisdn
    }
}

impl Record for DeviceRow {
    const TABLE: &'static Table = &Table {
        name: "device",
        columns: &[
            ("id", Type::Text),
            ("msisdn", Type::Text),
            ("account", Type::Text),
            ("camera", Type::Text),
            ("bound_at", Type::Int),
            ("settled_at", Type::Int),
            ("due_at", Type::Int),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        vec![
            self.id.as_str().into(),
            self.msisdn.as_ref().map(Msisdn::in_full).into(),
            self.account.as_ref().map(UserAccount::in_full).into(),
            self.camera.as_ref().into(),
            self.bound_at.into(),
            self.settled_at.into(),
            self.due_at.into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.word(|text| DeviceId::parse(text).ok())?,
            msisdn: row.text_or_none()?.map(Msisdn::from_canonical),
            account: row.word_or_none(|text| UserAccount::from_full(text).ok())?,
            camera: row.text_or_none()?,
            bound_at: row.time_or_none()?,
            settled_at: row.time()?,
            due_at: row.time_or_none()?,
        })
    }
}
