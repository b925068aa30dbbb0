//! What an account paid for, on whichever device it is by now: the services that live, with their packages.

use std::collections::BTreeSet;

use super::{Device, OnDevice};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::{Ledger, StoreError};
use crate::order::Order;
use crate::service::Service;
use crate::service::holdings::Holdings;
use crate::service::source::{ServiceId, Source};
use crate::stock::Lookup;

/// The newest that are told of; older ones have ended long ago, or somebody has more devices than a person can have.
const ROWS_MAX: u32 = 500;

/// A service that was paid for.
#[derive(Debug, Clone, PartialEq)]
pub struct Paid {
    /// How it stands, and its times if what waits goes on as soon as it may.
    pub on_device: OnDevice,
    /// The number and the name of the package that it is of; none of an activation code.
    pub package: Option<(String, String)>,
}

impl Ledger {
    /// The services that an account has paid for and that live, the newest first.
    ///
    /// # Errors
    /// As for all of these: the engine's.
    pub async fn paid_by(&self, account: &UserAccount, now: Timestamp) -> Result<Vec<Paid>, StoreError> {
        let tail = "WHERE account = $1 AND place IS NOT NULL AND open_on IS NOT NULL \
                    ORDER BY granted_at DESC, id LIMIT $2";
        let services: Vec<Service> =
            self.select(tail, vec![account.in_full().into(), ROWS_MAX.into()]).await?;
        let mut devices: Vec<Device> = Vec::new();
        for id in services.iter().map(|service| &service.device).collect::<BTreeSet<_>>() {
            if devices.iter().all(|device| device.id != *id) {
                devices.extend(self.around(id, now, Holdings::foreseen).await?);
            }
        }
        let all: Vec<OnDevice> = devices.into_iter().flat_map(|device| device.services).collect();
        let mut paid = Vec::new();
        for service in &services {
            let Some(on_device) = all.iter().find(|one| one.service.id == service.id) else { continue };
            paid.push(Paid { on_device: on_device.clone(), package: self.package_of(service).await? });
        }
        Ok(paid)
    }

    /// One of them, as it stands on its device.
    ///
    /// # Errors
    /// The engine's.
    pub async fn paid_on(
        &self,
        device: &DeviceId,
        service: &ServiceId,
        now: Timestamp,
    ) -> Result<Option<Paid>, StoreError> {
        let devices = self.around(device, now, Holdings::foreseen).await?;
        let on = devices.into_iter().filter(|found| found.id == *device).flat_map(|device| device.services);
        let Some(on_device) = on.into_iter().find(|one| one.service.id == *service) else { return Ok(None) };
        let package = self.package_of(&on_device.service).await?;
        Ok(Some(Paid { on_device, package }))
    }

    async fn package_of(&self, service: &Service) -> Result<Option<(String, String)>, StoreError> {
        match &service.source {
            Source::Voucher(key) => {
                let code = self.code(&Lookup::from_ledger(key.clone())).await?;
                let about = code.map(|code| code.about);
                Ok(about.and_then(|about| about.package.zip(about.voucher.map(|voucher| voucher.name))))
            }
            Source::Order(id) => {
                let orders: Vec<Order> = self.select("WHERE id = $1", vec![id.into()]).await?;
                Ok(orders.into_iter().next().map(|order| (order.sold.package, order.sold.name)))
            }
            Source::Entitlement(_) | Source::Code(_) => Ok(None),
        }
    }
}
