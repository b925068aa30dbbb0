//! The table of activation codes: sealed, found by a look-up value.

use super::{Cell, Cells, Record, Table, Type};
use crate::catalog::{GrantKind, Storage};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, UserAccount};
use crate::ledger::StoreError;
use crate::service::source::ServiceId;
use crate::stock::Lookup;

/// What became of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CodeState {
    /// In stock.
    Unused,
    /// Given to the subscriber of an entitlement, not redeemed.
    Issued,
    /// Being redeemed at its provider, or put aside for a task.
    Reserved,
    /// Redeemed.
    Used,
    /// Withdrawn: its subscription was cancelled.
    Void,
    /// Its provider refused it.
    Bad,
}

impl CodeState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Unused, Self::Issued, Self::Reserved, Self::Used, Self::Void, Self::Bad];

    /// Its word in ledger and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::Issued => "issued",
            Self::Reserved => "reserved",
            Self::Used => "used",
            Self::Void => "void",
            Self::Bad => "bad",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A code as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Code {
    /// What it is found by.
    pub key: Lookup,
    /// The code, for `stock::Vault::open`.
    pub sealed: String,
    /// What it is for.
    pub kind: GrantKind,
    /// How long its service lasts, in days.
    pub days: u32,
    /// What is stored (cloud only).
    pub storage: Option<Storage>,
    /// How long recordings are kept, in days.
    pub retention_days: Option<u32>,
    /// Who issued it: `local`, or the name of a `[providers.NAME]`.
    pub provider: String,
    /// The number of the package it stands for.
    pub package: Option<String>,
    /// With which others it came into stock.
    pub batch: String,
    /// Until when it can be redeemed, exclusively; none: for ever.
    pub expires_at: Option<Timestamp>,
    /// What became of it.
    pub state: CodeState,
    /// The entitlement it was issued for.
    pub entitlement: Option<String>,
    /// Whose.
    pub msisdn: Option<Msisdn>,
    /// Where it was redeemed, or is being.
    pub device_id: Option<DeviceId>,
    /// By whom.
    pub account: Option<UserAccount>,
    /// The service it became.
    pub service_id: Option<ServiceId>,
    /// When it was redeemed; of a bad one, when its provider said that it had been used elsewhere.
    pub used_at: Option<Timestamp>,
    /// When it came into stock.
    pub created_at: Timestamp,
}

impl Record for Code {
    const TABLE: &'static Table = &Table {
        name: "code",
        columns: &[
            ("key", Type::Text),
            ("sealed", Type::Text),
            ("kind", Type::Text),
            ("days", Type::Int),
            ("storage", Type::Text),
            ("retention_days", Type::Int),
            ("provider", Type::Text),
            ("package", Type::Text),
            ("batch", Type::Text),
            ("expires_at", Type::Int),
            ("state", Type::Text),
            ("entitlement", Type::Text),
            ("msisdn", Type::Text),
            ("device_id", Type::Text),
            ("account", Type::Text),
            ("service_id", Type::Text),
            ("used_at", Type::Int),
            ("created_at", Type::Int),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        vec![
            self.key.as_str().into(),
            (&self.sealed).into(),
            self.kind.word().into(),
            self.days.into(),
            self.storage.map(Storage::word).into(),
            self.retention_days.into(),
            (&self.provider).into(),
            self.package.as_ref().into(),
            (&self.batch).into(),
            self.expires_at.into(),
            self.state.word().into(),
            self.entitlement.as_ref().into(),
            self.msisdn.as_ref().map(Msisdn::in_full).into(),
            self.device_id.as_ref().map(DeviceId::as_str).into(),
            self.account.as_ref().map(UserAccount::in_full).into(),
            self.service_id.as_ref().map(ServiceId::as_str).into(),
            self.used_at.into(),
            self.created_at.into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self {
            key: Lookup::from_ledger(row.text()?),
            sealed: row.text()?,
            kind: row.word(GrantKind::from_word)?,
            days: row.small()?,
            storage: row.word_or_none(Storage::from_word)?,
            retention_days: row.small_or_none()?,
            provider: row.text()?,
            package: row.text_or_none()?,
            batch: row.text()?,
            expires_at: row.time_or_none()?,
            state: row.word(CodeState::from_word)?,
            entitlement: row.text_or_none()?,
            msisdn: row.text_or_none()?.map(Msisdn::from_canonical),
            device_id: row.word_or_none(|text| DeviceId::parse(text).ok())?,
            account: row.word_or_none(|text| UserAccount::parse(text).ok())?,
            service_id: row.text_or_none()?.map(ServiceId::from_stored),
            used_at: row.time_or_none()?,
            created_at: row.time()?,
        })
    }
}
