//! A voucher: a code with a package of the catalog in place of a kind and days. Leaves when its term ends to whoever
//! uses it, since that depends on when and where.

use serde::{Deserialize, Serialize};

use super::{About, Code};
use crate::catalog::{GrantKind, Package, TermUnit};
use crate::clock::Timestamp;
use crate::ids::Tenant;
use crate::stock::redeem::CodeStanding;

/// What a voucher was made under beside what every code says of itself. It stays, whatever becomes of the package in
/// the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Voucher {
    /// The package's name for people.
    pub name: String,
    /// What its term is counted in.
    pub period: TermUnit,
    /// How many of them.
    pub period_count: u32,
    /// Its provider's own settings.
    pub settings: serde_json::Map<String, serde_json::Value>,
}

impl Voucher {
    /// Of a package.
    #[must_use]
    pub fn of(package: &Package) -> Self {
        let Package { name, period, period_count, settings, .. } = package.clone();
        Self { name, period, period_count, settings }
    }
}

/// What a voucher is to whoever would use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoucherStatus {
    /// It can be used.
    Unused,
    /// It was used, by whomever.
    Used,
    /// Its time is over.
    Expired,
}

impl VoucherStatus {
    /// Its number in answers.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Unused => 0,
            Self::Used => 1,
            Self::Expired => 2,
        }
    }
}

impl Code {
    /// What the voucher is to whoever would use it; none of what is no voucher, or not any more.
    #[must_use]
    pub fn voucher_status(&self, now: Timestamp) -> Option<VoucherStatus> {
        self.about.voucher.as_ref()?;
        match self.standing() {
            CodeStanding::Unused { expires_at: Some(at), .. } if at <= now => Some(VoucherStatus::Expired),
            CodeStanding::Unused { .. } => Some(VoucherStatus::Unused),
            CodeStanding::Used => Some(VoucherStatus::Used),
            CodeStanding::Void | CodeStanding::Unknown => None,
        }
    }
}

impl About {
    /// Vouchers of a package.
    #[must_use]
    pub fn voucher(
        package: &Package,
        batch: String,
        expires_at: Option<Timestamp>,
        tenant: Option<Tenant>,
    ) -> Self {
        Self {
            kind: GrantKind::Cloud,
            days: 0,
            storage: Some(package.storage),
            retention_days: Some(package.storage_days),
            provider: package.provider.clone(),
            package: Some(package.number.clone()),
            voucher: Some(Voucher::of(package)),
            batch,
            expires_at,
            tenant,
        }
    }
}
