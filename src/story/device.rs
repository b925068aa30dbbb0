//! Devices, and what is in force on them, as partners and operators see them.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::ids::{Msisdn, UserAccount};
use crate::ledger::read::{Device, OnDevice};
use crate::service::source::Source;

/// A device.
#[derive(Debug, Clone, Serialize)]
pub struct DeviceJson {
    device_id: String,
    msisdn: Option<String>,
    user_account: Option<String>,
    camera: Option<String>,
    bound_at: Option<String>,
    services: Vec<ServiceJson>,
}

/// A service on it.
#[derive(Debug, Clone, Serialize)]
struct ServiceJson {
    id: String,
    kind: &'static str,
    entitlement: Option<String>,
    source: &'static str,
    state: &'static str,
    starts_at: Option<String>,
    ends_at: Option<String>,
}

/// A device as it stands, as operators see it: all that is on it, and the account behind its tenant.
#[must_use]
pub fn device(device: &Device) -> DeviceJson {
    told(device, UserAccount::in_full, |_| true)
}

/// A device as whoever sees only some of its services calls it.
pub(super) fn told(
    device: &Device,
    account: fn(&UserAccount) -> &str,
    is_seen: impl Fn(&OnDevice) -> bool,
) -> DeviceJson {
    DeviceJson {
        device_id: device.id.as_str().to_owned(),
        msisdn: device.msisdn.as_ref().map(|number| Msisdn::in_full(number).to_owned()),
        user_account: device.account.as_ref().map(|own| account(own).to_owned()),
        camera: device.camera.clone(),
        bound_at: device.bound_at.map(Timestamp::rfc3339),
        services: device.services.iter().filter(|on_device| is_seen(on_device)).map(service).collect(),
    }
}

fn service(on_device: &OnDevice) -> ServiceJson {
    let OnDevice { service, state, starts_at, ends_at } = on_device;
    ServiceJson {
        id: service.id.as_str().to_owned(),
        kind: service.plan.kind.word(),
        entitlement: match &service.source {
            Source::Entitlement(id) => Some(id.clone()),
            _ => None,
        },
        source: service.source.word(),
        state: state.as_str(),
        starts_at: starts_at.map(Timestamp::rfc3339),
        ends_at: ends_at.map(Timestamp::rfc3339),
    }
}

impl DeviceJson {
    /// Whether an entitlement is attached to it.
    pub(super) fn has(&self, entitlement: &str) -> bool {
        self.services.iter().any(|service| service.entitlement.as_deref() == Some(entitlement))
    }
}
