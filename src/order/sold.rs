//! What an order was made under: the package as it was sold, the coupon's terms, and the buyer's zone. Kept with the
//! order, so that a catalog of tomorrow changes nothing of it.

use serde::{Deserialize, Serialize};

use super::coupon::Terms;
use super::term;
use crate::catalog::{GrantKind, Package, Storage, TermUnit};
use crate::clock::{Timestamp, Zone};
use crate::service::Plan;

/// What was sold. Kept as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Sold {
    /// The package's number.
    pub package: String,
    /// Its name for people.
    pub name: String,
    /// What is stored.
    pub storage: Storage,
    /// How long recordings are kept, in days.
    pub storage_days: u32,
    /// What its term is counted in.
    pub period: TermUnit,
    /// How many of them.
    pub period_count: u32,
    /// The id of the carrier's offer that sells the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<String>,
    /// Who carries it out.
    pub provider: String,
    /// The provider's own settings.
    #[serde(default)]
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// By whose calendar the term is counted.
    pub zone: Zone,
    /// The terms of the coupon that reduced its price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coupon: Option<Terms>,
}

impl Sold {
    /// A package as the catalog has it now.
    #[must_use]
    pub fn of(package: &Package, coupon: Option<Terms>, zone: Zone) -> Self {
        Self {
            package: package.number.clone(),
            name: package.name.clone(),
            storage: package.storage,
            storage_days: package.storage_days,
            period: package.period,
            period_count: package.period_count,
            offer: package.offer.clone(),
            provider: package.provider.clone(),
            settings: package.settings.clone(),
            zone,
            coupon,
        }
    }

    /// What is to be carried out on the device.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan {
            kind: GrantKind::Cloud,
            storage: Some(self.storage),
            retention_days: Some(self.storage_days),
            provider: self.provider.clone(),
            settings: self.settings.clone(),
        }
    }

    /// How long a term is that begins at `start`, in milliseconds.
    #[must_use]
    pub fn length_ms(&self, start: Timestamp) -> i64 {
        term::length_ms(start, self.period, self.period_count, self.zone)
    }
}
