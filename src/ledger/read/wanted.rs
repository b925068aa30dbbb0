//! What a provider should have on a device by now, from what the device's and the owner's rights and
//! paid times give at the moment of asking. Nothing is written.

use std::collections::BTreeMap;

use sqlx::{AnyConnection, Row};

use super::devices::of_number;
use super::rows::select;
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::fulfil::holding::assemble;
use crate::ledger::fulfil::{Task, TaskAction};
use crate::ledger::tables::Cell;
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Ledger, StoreError};
use crate::service::Service;
use crate::service::holdings::Holdings;
use crate::service::wanted::{Carried, Owner, Wanted};

/// The end of the newest service that a provider ran on a device. What was paid and never began did
/// not run.
const LAST_END: &str = "/* wanted last end */ SELECT MAX(ended_at) AS ended_at FROM service \
    WHERE device_id = $1 AND provider = $2 AND (begun_at IS NOT NULL OR source = 'entitlement')";

/// Devices on which a provider has anything that has not ended, in the order of their ids.
const SERVED: &str = "/* wanted served */ SELECT DISTINCT open_on FROM service \
    WHERE open_on > $1 AND provider = $2 ORDER BY open_on LIMIT $3";

const OF_ACCOUNT: &str = "WHERE account = $1 AND msisdn IS NULL";
const ON_ACCOUNT: &str = "WHERE open_on IN (SELECT id FROM device WHERE account = $1 AND msisdn IS NULL)";

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

impl Ledger {
    /// What a task's device is called at its provider, and what should be there for the task's owner.
    ///
    /// # Errors
    /// As for all of these: the engine's.
    pub(in crate::ledger) async fn wanted_by(
        &self,
        task: &Task,
        now: Timestamp,
    ) -> Result<(Option<String>, Option<Wanted>), StoreError> {
        let Some(device) = &task.device_id else { return Ok((None, None)) };
        // One transaction, so that all tables are seen at one moment.
        let mut tx = self.0.pool.begin().await?;
        let found = wanted(&mut tx, device, Some(task), &task.provider, now).await;
        tx.rollback().await?;
        let (row, mut wanted) = found?;
        if wanted.carried.is_nothing()
            && matches!(task.action, TaskAction::End | TaskAction::Retire)
            && let Some(ended_at_ms) = task.body.ends_at_ms
        {
            // What moved to another device has left no row here, and still ran here until then.
            wanted.ended_at = wanted.ended_at.max(Some(Timestamp(ended_at_ms)));
        }
        Ok((row.and_then(|row| row.camera), Some(wanted)))
    }

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

    /// Whether `provider` has anything for an owner, on any device.
    ///
    /// # Errors
    /// The engine's.
    pub async fn is_served(&self, owner: &Owner, provider: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.0.pool.begin().await?;
        let found = is_served(&mut tx, owner, provider, now).await;
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
        let name = row.camera.clone().unwrap_or_else(|| row.id.to_string());
        match by_camera.get(&name) {
            Some(other) if order(other) >= order(&row) => {}
            _ => drop(by_camera.insert(name, row)),
        }
    }
    let mut found = Vec::with_capacity(by_camera.len());
    for (camera, row) in by_camera {
        let (_, wanted) = wanted(connection, &row.id, None, provider, now).await?;
        let is_in_progress = is_in_progress(connection, &row.id, provider, now).await?;
        found.push(OnCamera { device: row.id, camera, wanted, is_in_progress });
    }
    Ok(found)
}

fn order(row: &DeviceRow) -> (bool, Option<Timestamp>, &str) {
    (row.account.is_some(), row.bound_at, row.id.as_str())
}

async fn is_in_progress(
    connection: &mut AnyConnection,
    device: &DeviceId,
    provider: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (lane, later) = (device.as_str(), Task::retirement(provider, device));
    let tail = "WHERE (open_on = $1 AND provider = $2) OR (open_on = $3 AND due_at <= $4) LIMIT 1";
    let parameters = vec![lane.into(), provider.into(), later.into(), now.into()];
    Ok(!select::<Task>(connection, tail, parameters).await?.is_empty())
}

/// What should be on a device: for whom it is bound to, or for the owner of a task.
async fn wanted(
    connection: &mut AnyConnection,
    id: &DeviceId,
    of: Option<&Task>,
    provider: &str,
    now: Timestamp,
) -> Result<(Option<DeviceRow>, Wanted), StoreError> {
    let found: Vec<DeviceRow> = select(connection, "WHERE id = $1", vec![id.as_str().into()]).await?;
    let row = found.into_iter().next();
    let around = match &row {
        Some(DeviceRow { msisdn: Some(number), .. }) => of_number(connection, number, now).await?.1,
        Some(row) => {
            let services = select(connection, "WHERE open_on = $1", vec![id.as_str().into()]).await?;
            assemble(None, std::slice::from_ref(row), services, &[], now)
        }
        None => Holdings::default(),
    };
    let around = settled(around, now);
    let has_it = row.as_ref().and_then(|row| Owner::of(row.msisdn.as_ref(), row.account.as_ref()));
    let owner = match of {
        // An account that has come to a number meanwhile is that number's by now.
        Some(task) if row.as_ref().is_none_or(|row| row.account != task.account) => {
            Owner::of(task.msisdn.as_ref(), task.account.as_ref())
        }
        _ => has_it.clone(),
    };
    let on_device = || around.services().filter(|service| service.device == *id);
    let carried = Carried::among(on_device(), provider);
    let is_owners = has_it == owner;
    let of_provider = |service: &&Service| service.plan.provider == provider;
    let mut wanted = Wanted {
        is_anothers: !is_owners && !carried.is_nothing(),
        waits: on_device().filter(of_provider).any(Service::waits_to_go_on),
        is_owner_served: false,
        ended_at: None,
        carried: if is_owners { carried } else { Carried::default() },
        owner,
    };
    wanted.is_owner_served = match &wanted.owner {
        None => false,
        Some(_) if !wanted.carried.is_nothing() => true,
        Some(owner) => is_served(connection, owner, provider, now).await?,
    };
    if wanted.carried.is_nothing() {
        let query = sqlx::query(LAST_END).bind(id.as_str()).bind(provider);
        let ended_at: Option<i64> = query.fetch_one(connection).await?.try_get("ended_at")?;
        let waiting = on_device().filter(of_provider).filter(|service| service.waits_to_go_on());
        wanted.ended_at = ended_at.map(Timestamp).max(waiting.filter_map(Service::starts_at).max());
    }
    Ok((row, wanted))
}

/// Whether the provider carries anything for an owner, on any device.
async fn is_served(
    connection: &mut AnyConnection,
    owner: &Owner,
    provider: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let holdings = match owner {
        Owner::Number(number) => of_number(connection, number, now).await?.1,
        Owner::Account(account) => of_account(connection, account, now).await?,
    };
    Ok(!Carried::among(settled(holdings, now).services(), provider).is_nothing())
}

/// The devices that an account has bound without a number: without rights, none touches another.
async fn of_account(
    connection: &mut AnyConnection,
    account: &UserAccount,
    now: Timestamp,
) -> Result<Holdings, StoreError> {
    let key = || vec![account.in_full().into()];
    let rows: Vec<DeviceRow> = select(connection, OF_ACCOUNT, key()).await?;
    let services: Vec<Service> = select(connection, ON_ACCOUNT, key()).await?;
    Ok(assemble(None, &rows, services, &[], now))
}

fn settled(mut holdings: Holdings, now: Timestamp) -> Holdings {
    holdings.settle(now);
    holdings
}
