//! Cameras by name, a page of a provider's list at a time, and the devices that a provider has something on;
//! each with what should be there. Leaves what that is to `wanted`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sqlx::{AnyConnection, Row};

use super::rows::select;
use super::wanted::{around, find, place};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn};
use crate::ledger::tables::Cell;
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Ledger, StoreError};
use crate::outbox::Task;
use crate::service::holdings::Holdings;
use crate::service::wanted::Wanted;

/// Devices on which a provider has anything that has not ended, in the order of their ids.
const SERVED: &str = "/* wanted served */ SELECT DISTINCT open_on FROM service \
    WHERE open_on > $1 AND provider = $2 ORDER BY open_on LIMIT $3";

/// A camera's device, and what its provider should have there.
#[derive(Debug, Clone, PartialEq)]
pub struct OnCamera {
    /// The device.
    pub device: DeviceId,
    /// What it is called at its provider.
    pub camera: String,
    /// What should be there.
    pub wanted: Wanted,
    /// Whether a task of the provider for it is under way or waits for its turn: what differs is being
    /// seen to.
    pub is_in_progress: bool,
}

/// A part of the devices that a provider has something on.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// The devices.
    pub devices: Vec<OnCamera>,
    /// After which the next part begins; none after the last.
    pub next: Option<String>,
}

impl Ledger {
    /// The devices among `cameras` that are known, with what `provider` should have on each. A device
    /// without a camera of its own is called like itself.
    ///
    /// # Errors
    /// The engine's.
    pub async fn on_cameras(
        &self,
        provider: &str,
        cameras: &[String],
        now: Timestamp,
    ) -> Result<Vec<OnCamera>, StoreError> {
        if cameras.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (1..=cameras.len()).map(|place| format!("${place}")).collect();
        let places = places.join(", ");
        let tail = format!("WHERE camera IN ({places}) OR (camera IS NULL AND id IN ({places}))");
        let mut tx = self.0.pool.begin().await?;
        let names = cameras.iter().map(|name| name.as_str().into()).collect();
        let found = on_rows(&mut tx, &tail, names, provider, now).await;
        tx.rollback().await?;
        found
    }

    /// The same for one camera, as of now: before something is written there.
    ///
    /// # Errors
    /// The engine's.
    pub async fn on_camera(
        &self,
        provider: &str,
        camera: &str,
        now: Timestamp,
    ) -> Result<Option<OnCamera>, StoreError> {
        Ok(self.on_cameras(provider, &[camera.to_owned()], now).await?.into_iter().next())
    }

    /// Up to `limit` of the devices on which `provider` has anything that has not ended, from after one.
    ///
    /// # Errors
    /// The engine's.
    pub async fn served(
        &self,
        provider: &str,
        after: &str,
        limit: u32,
        now: Timestamp,
    ) -> Result<Served, StoreError> {
        let mut tx = self.0.pool.begin().await?;
        let found = served(&mut tx, provider, after, limit, now).await;
        tx.rollback().await?;
        found
    }
}

async fn served(
    connection: &mut AnyConnection,
    provider: &str,
    after: &str,
    limit: u32,
    now: Timestamp,
) -> Result<Served, StoreError> {
    let query = sqlx::query(SERVED).bind(after).bind(provider).bind(i64::from(limit));
    let rows = query.fetch_all(&mut *connection).await?;
    let ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    let Some(last) = ids.last().cloned() else { return Ok(Served { devices: Vec::new(), next: None }) };
    let places: Vec<String> = (1..=ids.len()).map(|place| format!("${place}")).collect();
    let tail = format!("WHERE id IN ({})", places.join(", "));
    let is_last = ids.len() < usize::try_from(limit).unwrap_or(usize::MAX);
    let parameters = ids.into_iter().map(Cell::from).collect();
    let devices = on_rows(connection, &tail, parameters, provider, now).await?;
    Ok(Served { devices, next: Some(last).filter(|_| !is_last) })
}

async fn on_rows(
    connection: &mut AnyConnection,
    tail: &str,
    parameters: Vec<Cell>,
    provider: &str,
    now: Timestamp,
) -> Result<Vec<OnCamera>, StoreError> {
    // One camera may have been two devices, one after the other: the one that is bound counts, the newest
    // before older ones.
    let mut by_camera: BTreeMap<String, DeviceRow> = BTreeMap::new();
    for row in select::<DeviceRow>(connection, tail, parameters).await? {
        let name = row.at_provider().to_owned();
        match by_camera.get(&name) {
            Some(other) if order(other) >= order(&row) => {}
            _ => drop(by_camera.insert(name, row)),
        }
    }
    // A number's devices are often many on one page.
    let mut of_numbers: BTreeMap<Msisdn, Holdings> = BTreeMap::new();
    let mut found = Vec::with_capacity(by_camera.len());
    for (camera, row) in by_camera {
        let alone;
        let around = match &row.msisdn {
            None => {
                alone = around(connection, &row, now).await?;
                &alone
            }
            Some(number) => match of_numbers.entry(number.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(around(connection, &row, now).await?),
            },
        };
        let place = place(&row, around);
        let wanted = find(connection, &place, &place.ask(), provider, now).await?;
        let is_in_progress = is_in_progress(connection, &row, provider, now).await?;
        found.push(OnCamera { device: row.id, camera, wanted, is_in_progress });
    }
    Ok(found)
}

fn order(row: &DeviceRow) -> (bool, Option<Timestamp>, &str) {
    (row.account.is_some(), row.bound_at, row.id.as_str())
}

async fn is_in_progress(
    connection: &mut AnyConnection,
    row: &DeviceRow,
    provider: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let later = Task::retirement(provider, &row.id, Some(row.at_provider()));
    let key = row.id.as_str();
    let tail = "WHERE (open_on = $1 AND provider = $2) OR (open_on = $3 AND due_at <= $4) LIMIT 1";
    let parameters = vec![key.into(), provider.into(), later.into(), now.into()];
    Ok(!select::<Task>(connection, tail, parameters).await?.is_empty())
}
