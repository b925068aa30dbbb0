//! What one partner sees of what there is: the devices of its tenant, and the services that it may read of. To it, the
//! rest does not exist.

use std::collections::BTreeSet;

use super::device::{DeviceJson, told};
use super::{EntitlementJson, delivered, entitlements};
use crate::clock::Timestamp;
use crate::config;
use crate::ids::{Msisdn, Tenant, UserAccount};
use crate::ledger::read::{Device, OnDevice};
use crate::ledger::{Ledger, StoreError};
use crate::service::source::Source;
use crate::subscription::{ServiceState, entitlement};

/// Whose eyes it is seen with.
#[derive(Debug, Clone)]
pub struct View {
    /// None: those of partners without a tenant.
    tenant: Option<Tenant>,
    /// None: all services.
    services: Option<BTreeSet<String>>,
}

impl View {
    /// A partner's.
    #[must_use]
    pub fn of(partner: &config::Partner) -> Self {
        let services = partner.services.as_ref().map(|services| services.iter().cloned().collect());
        Self { tenant: partner.tenant.clone(), services }
    }

    /// Whose devices and accounts it is about.
    #[must_use]
    pub fn tenant(&self) -> Option<&Tenant> {
        self.tenant.as_ref()
    }

    /// Whether an account is one of its tenant's.
    #[must_use]
    pub fn is_of(&self, account: &UserAccount) -> bool {
        account.tenant() == self.tenant.as_ref().map(Tenant::as_str)
    }

    /// What a number holds of the services.
    #[must_use]
    pub fn held(&self, mut states: Vec<ServiceState>) -> Vec<ServiceState> {
        if let Some(services) = &self.services {
            states.retain(|state| service_id(state).is_some_and(|id| services.contains(id)));
        }
        states
    }

    /// A number's entitlements at the clock `at`, as known at `now`, of what [`held`](Self::held) gave, with the
    /// devices they are attached to and the codes they were delivered as; newest first.
    ///
    /// # Errors
    /// As for all of these: the ledger's.
    pub async fn rights(
        &self,
        ledger: &Ledger,
        number: &Msisdn,
        held: &[ServiceState],
        at: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<EntitlementJson>, StoreError> {
        let devices = ledger.devices(number, now).await?;
        let own = devices.iter().filter(|device| device.account.as_ref().is_some_and(|own| self.is_of(own)));
        let seen = self.services.is_some().then(|| ids(number, held, now));
        let devices: Vec<_> = own.map(|device| self.shown(device, seen.as_ref())).collect();
        delivered(ledger, entitlements(number, held, at, now), &devices).await
    }

    /// One of its tenant's devices.
    ///
    /// # Errors
    /// The ledger's.
    pub async fn device(
        &self,
        ledger: &Ledger,
        device: &Device,
        now: Timestamp,
    ) -> Result<DeviceJson, StoreError> {
        let seen = match &device.msisdn {
            Some(number) if self.services.is_some() => {
                Some(ids(number, &self.held(ledger.holdings(number).await?), now))
            }
            _ => None,
        };
        Ok(self.shown(device, seen.as_ref()))
    }

    /// What other tenants' accounts paid for on it, as it was theirs, is theirs still.
    fn shown(&self, device: &Device, seen: Option<&BTreeSet<String>>) -> DeviceJson {
        told(device, UserAccount::name, |OnDevice { service, .. }| {
            let is_read = match (&service.source, seen) {
                (Source::Entitlement(id), Some(seen)) => seen.contains(id),
                _ => true,
            };
            is_read && self.is_of(&service.account)
        })
    }
}

fn service_id(state: &ServiceState) -> Option<&str> {
    let held = state.subscriptions.first().map(|held| &held.terms);
    held.or(state.past.first().map(|run| &run.terms)).map(|terms| terms.service_id.as_str())
}

/// The ids of all entitlements, those that have not begun among them.
fn ids(number: &Msisdn, held: &[ServiceState], now: Timestamp) -> BTreeSet<String> {
    let end_of_time = Timestamp(i64::MAX);
    let of_service = |state| entitlement::entitlements(number, state, end_of_time, now);
    held.iter().flat_map(of_service).map(|right| right.id).collect()
}
