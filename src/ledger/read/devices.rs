//! Devices with what is in force on them, advanced to the moment of asking; nothing is written.

use sqlx::AnyConnection;

use super::holdings::states;
use super::rows::select;
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, UserAccount};
use crate::ledger::fulfil::holding::assemble;
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::tables::service::newest_first;
use crate::ledger::{Ledger, StoreError};
use crate::service::Service;
use crate::service::holdings::Holdings;
use crate::service::state::State;

/// A device, and what is on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// The number whose rights reach it.
    pub msisdn: Option<Msisdn>,
    /// Whom it is bound to; none: unbound.
    pub account: Option<UserAccount>,
    /// What its provider calls it.
    pub camera: Option<String>,
    /// Since when.
    pub bound_at: Option<Timestamp>,
    /// The services that have not ended, the newest first.
    pub services: Vec<OnDevice>,
}

/// A service as it stands at a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct OnDevice {
    /// The service.
    pub service: Service,
    /// How it stands.
    pub state: State,
    /// When it began; of one that waits when it will, if nothing comes between.
    pub starts_at: Option<Timestamp>,
    /// When it ends as known; of one that waits, if nothing comes between.
    pub ends_at: Option<Timestamp>,
}

const OF_DEVICES: &str = "WHERE open_on = $1";
const OF_NUMBER: &str = "WHERE open_on IN (SELECT id FROM device WHERE msisdn = $1)";

impl Ledger {
    /// A device as it stands at `now`.
    ///
    /// # Errors
    /// As for all of these: the engine's.
    pub async fn device(&self, id: &DeviceId, now: Timestamp) -> Result<Option<Device>, StoreError> {
        let all = self.around(id, now, Holdings::forecast).await?;
        Ok(all.into_iter().find(|device| device.id == *id))
    }

    /// A device with the others of its number, if it has one; what is to come as `forecast` has it.
    ///
    /// # Errors
    /// The engine's.
    pub(super) async fn around(
        &self,
        id: &DeviceId,
        now: Timestamp,
        forecast: fn(&Holdings) -> Holdings,
    ) -> Result<Vec<Device>, StoreError> {
        let found: Vec<DeviceRow> = self.select("WHERE id = $1", vec![id.as_str().into()]).await?;
        match found.into_iter().next() {
            Some(DeviceRow { msisdn: Some(number), .. }) => self.of(&number, now, forecast).await,
            Some(row) => {
                let services = self.select(OF_DEVICES, vec![id.as_str().into()]).await?;
                let rows = [row];
                let holdings = assemble(None, &rows, services, &[], now);
                Ok(shown(&rows, holdings, now, forecast))
            }
            None => Ok(Vec::new()),
        }
    }

    /// A number's devices as they stand at `now`, the newest binding first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn devices(&self, number: &Msisdn, now: Timestamp) -> Result<Vec<Device>, StoreError> {
        self.of(number, now, Holdings::forecast).await
    }

    async fn of(
        &self,
        number: &Msisdn,
        now: Timestamp,
        forecast: fn(&Holdings) -> Holdings,
    ) -> Result<Vec<Device>, StoreError> {
        // One transaction, so that all tables are seen at one moment.
        let mut tx = self.0.pool.begin().await?;
        let found = of_number(&mut tx, number, now).await;
        tx.rollback().await?;
        let (rows, holdings) = found?;
        Ok(shown(&rows, holdings, now, forecast))
    }

    /// Devices on which something was to happen by itself, the longest due first.
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::ledger) async fn due_devices(
        &self,
        now: Timestamp,
        devices_max: u32,
    ) -> Result<Vec<(DeviceId, Option<Msisdn>)>, StoreError> {
        let tail = "WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at LIMIT $2";
        let due: Vec<DeviceRow> = self.select(tail, vec![now.into(), devices_max.into()]).await?;
        Ok(due.into_iter().map(|row| (row.id, row.msisdn)).collect())
    }
}

/// A number's devices as stored, and what follows from its rights, not yet advanced.
///
/// # Errors
/// The engine's.
pub(super) async fn of_number(
    connection: &mut AnyConnection,
    number: &Msisdn,
    now: Timestamp,
) -> Result<(Vec<DeviceRow>, Holdings), StoreError> {
    let key = || vec![number.in_full().into()];
    let rows: Vec<DeviceRow> = select(connection, "WHERE msisdn = $1", key()).await?;
    if rows.is_empty() {
        return Ok((rows, Holdings::default()));
    }
    let services: Vec<Service> = select(connection, OF_NUMBER, key()).await?;
    let states = states(connection, number).await?;
    let holdings = assemble(Some(number), &rows, services, &states, now);
    Ok((rows, holdings))
}

fn shown(
    rows: &[DeviceRow],
    mut holdings: Holdings,
    now: Timestamp,
    forecast: fn(&Holdings) -> Holdings,
) -> Vec<Device> {
    holdings.advance(now);
    let forecast = forecast(&holdings);
    let mut devices: Vec<Device> = Vec::with_capacity(rows.len());
    for device in holdings.devices.iter().rev() {
        let Some(row) = rows.iter().find(|row| row.id == device.id).cloned() else { continue };
        let mut services: Vec<Service> = device.services.iter().filter(|s| s.is_live()).cloned().collect();
        newest_first(&mut services);
        let on_device = |service: Service| {
            let to_come = forecast.service(&service.id);
            OnDevice {
                state: device.state_of(&service),
                starts_at: service.starts_at().or_else(|| to_come?.starts_at()),
                ends_at: service.ends_at(now).or_else(|| to_come?.ended_at),
                service,
            }
        };
        let services = services.into_iter().map(on_device).collect();
        let DeviceRow { id, msisdn, account, camera, bound_at, .. } = row;
        devices.push(Device { id, msisdn, account, camera, bound_at, services });
    }
    devices
}
