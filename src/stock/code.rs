//! An activation code as kept: what it gives, and what became of it. Sealed, and found by a look-up value. How it
//! comes from one state into another is `code/life`'s; what a voucher is, `code/voucher`'s.

mod life;
mod voucher;

pub use life::NotFrom;
pub use voucher::{Voucher, VoucherStatus};

use super::{CodeText, Lookup, SealError, Vault};
use crate::catalog::{GrantKind, Storage};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, Tenant, UserAccount};
use crate::service::source::ServiceId;

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
    /// What it gives.
    pub about: About,
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

/// What a code gives, and with which others it comes into stock.
#[derive(Debug, Clone, PartialEq)]
pub struct About {
    /// What it is for.
    pub kind: GrantKind,
    /// How long its service lasts, in days; 0 of a voucher, which has a term.
    pub days: u32,
    /// What is stored (cloud only).
    pub storage: Option<Storage>,
    /// How long recordings are kept, in days.
    pub retention_days: Option<u32>,
    /// Who issued it: `local`, or the name of a `[providers.NAME]`.
    pub provider: String,
    /// The number of the package it stands for: of a voucher the catalog's, else its provider's.
    pub package: Option<String>,
    /// What a voucher was made under; none of an activation code.
    pub voucher: Option<Voucher>,
    /// With which others.
    pub batch: String,
    /// Until when it can be redeemed, exclusively; none: for ever.
    pub expires_at: Option<Timestamp>,
    /// Whose accounts may redeem it; none: those that are no tenant's.
    pub tenant: Option<Tenant>,
}

impl About {
    /// A code that is new in stock.
    ///
    /// # Errors
    /// The vault's.
    pub fn code(self, text: &CodeText, vault: &Vault, now: Timestamp) -> Result<Code, SealError> {
        Ok(Code {
            key: vault.lookup(text),
            sealed: vault.seal(text)?,
            about: self,
            state: CodeState::Unused,
            entitlement: None,
            msisdn: None,
            device_id: None,
            account: None,
            service_id: None,
            used_at: None,
            created_at: now,
        })
    }
}

impl Code {
    /// Whether both give the same to the same, from the same provider, for as long.
    #[must_use]
    pub fn gives_as(&self, other: &Self) -> bool {
        let batch = other.about.batch.clone();
        About { batch, ..self.about.clone() } == other.about
    }

    /// Whether it gives a package of the catalog. A voucher is used, never redeemed as an activation code.
    #[must_use]
    pub fn is_voucher(&self) -> bool {
        self.about.voucher.is_some()
    }

    /// Whether it is there for a tenant's accounts, or for those of none. One that was issued for an entitlement is its
    /// subscriber's, who may be anybody's customer, as devices of any tenant are reached by their number's rights.
    #[must_use]
    pub fn is_for(&self, tenant: Option<&str>) -> bool {
        match &self.about.tenant {
            Some(own) => tenant == Some(own.as_str()),
            None => tenant.is_none() || self.entitlement.is_some(),
        }
    }
}
