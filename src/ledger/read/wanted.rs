//! What a provider should have on a device by now, from what the device's and the owner's rights and
//! paid times give at the moment of asking. Nothing is written.

use sqlx::{AnyConnection, Row};

use super::devices::of_number;
use super::rows::select;
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::fulfil::holding::assemble;
use crate::ledger::fulfil::{Task, TaskAction};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Ledger, StoreError};
use crate::service::Service;
use crate::service::holdings::Holdings;
use crate::service::wanted::{Carried, Owner, Wanted};

/// The end of the newest service that a provider ran on a device. What was paid and never began did
/// not run.
const LAST_END: &str = "/* wanted last end */ SELECT MAX(ended_at) AS ended_at FROM service \
    WHERE device_id = $1 AND provider = $2 AND (begun_at IS NOT NULL OR source = 'entitlement')";

const OF_ACCOUNT: &str = "WHERE account = $1 AND msisdn IS NULL";
const ON_ACCOUNT: &str = "WHERE open_on IN (SELECT id FROM device WHERE account = $1 AND msisdn IS NULL)";

impl Ledger {
    /// What a task's camera is called at its provider, and what should be there for the task's owner.
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
        let found = of_task(&mut tx, device, task, now).await;
        tx.rollback().await?;
        let (camera, wanted) = found?;
        Ok((Some(camera), Some(wanted)))
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

async fn of_task(
    connection: &mut AnyConnection,
    id: &DeviceId,
    task: &Task,
    now: Timestamp,
) -> Result<(String, Wanted), StoreError> {
    let found: Vec<DeviceRow> = select(connection, "WHERE id = $1", vec![id.as_str().into()]).await?;
    let row = found.into_iter().next();
    let called = row.as_ref().map_or(id.as_str(), DeviceRow::at_provider);
    let is_end = matches!(task.action, TaskAction::End | TaskAction::Retire);
    // What ended, ended on the camera that the device was then; what begins does so on the one it is.
    let camera = task.body.camera.as_deref().filter(|_| is_end).unwrap_or(called).to_owned();
    let around = match &row {
        Some(row) => around(connection, row, now).await?,
        None => Holdings::default(),
    };
    let has_it = row.as_ref().and_then(|row| Owner::of(row.msisdn.as_ref(), row.account.as_ref()));
    let owner = match &row {
        // An account that has come to a number meanwhile is that number's by now.
        Some(row) if row.account == task.account => has_it.clone(),
        _ => Owner::of(task.msisdn.as_ref(), task.account.as_ref()),
    };
    let place = Place { id, has_it, around: &around };
    let mut wanted = wanted(connection, &place, owner, &task.provider, now).await?;
    if camera != called {
        wanted = Wanted { carried: Carried::default(), waits: false, is_anothers: false, ..wanted };
    }
    if wanted.carried.is_nothing() {
        // What moved to another device, or the device to another camera, ran here until then.
        let ended_at = task.body.ends_at_ms.filter(|_| is_end).map(Timestamp);
        wanted.ended_at = wanted.ended_at.max(ended_at);
        beside(connection, id, &camera, &task.provider, &mut wanted, now).await?;
    }
    if let (true, Some(Owner::Number(_)), Some(account)) = (is_end, &wanted.owner, &task.account) {
        let former = Owner::Account(account.clone());
        wanted.is_former_served = is_served(connection, &former, &task.provider, now).await?;
        wanted.former = Some(former);
    }
    Ok((camera, wanted))
}

/// The camera may be another device's by now, which replaced this one: what is carried there is what it is for.
pub(super) async fn beside(
    connection: &mut AnyConnection,
    id: &DeviceId,
    camera: &str,
    provider: &str,
    wanted: &mut Wanted,
    now: Timestamp,
) -> Result<(), StoreError> {
    let tail = "WHERE (camera = $1 OR (camera IS NULL AND id = $1)) AND account IS NOT NULL AND id <> $2";
    let others: Vec<DeviceRow> = select(connection, tail, vec![camera.into(), id.as_str().into()]).await?;
    for other in others {
        let around = around(connection, &other, now).await?;
        let on_device = around.services().filter(|service| service.device == other.id);
        let carried = Carried::among(on_device, provider);
        if carried.is_nothing() {
            continue;
        }
        if Owner::of(other.msisdn.as_ref(), other.account.as_ref()) == wanted.owner {
            (wanted.carried, wanted.is_owner_served) = (carried, true);
        } else {
            wanted.is_anothers = true;
        }
    }
    Ok(())
}

/// A device among all that its rights reach, settled.
pub(super) struct Place<'a> {
    pub(super) id: &'a DeviceId,
    /// Whose it is.
    pub(super) has_it: Option<Owner>,
    pub(super) around: &'a Holdings,
}

/// What a stored device is part of.
pub(super) async fn around(
    connection: &mut AnyConnection,
    row: &DeviceRow,
    now: Timestamp,
) -> Result<Holdings, StoreError> {
    let around = match &row.msisdn {
        Some(number) => of_number(connection, number, now).await?.1,
        None => {
            let services = select(connection, "WHERE open_on = $1", vec![row.id.as_str().into()]).await?;
            assemble(None, std::slice::from_ref(row), services, &[], now)
        }
    };
    Ok(settled(around, now))
}

/// What should be on a device for an owner.
pub(super) async fn wanted(
    connection: &mut AnyConnection,
    place: &Place<'_>,
    owner: Option<Owner>,
    provider: &str,
    now: Timestamp,
) -> Result<Wanted, StoreError> {
    let of_device = |service: &&Service| service.device == *place.id;
    let on_device = || place.around.services().filter(of_device);
    let carried = Carried::among(on_device(), provider);
    let is_owners = place.has_it == owner;
    let of_provider = || on_device().filter(|service| service.plan.provider == provider);
    let waiting = || of_provider().filter(|service| service.waits_to_go_on());
    let mut wanted = Wanted {
        is_anothers: !is_owners && !carried.is_nothing(),
        waits: waiting().next().is_some(),
        is_owner_served: false,
        ended_at: None,
        carried: if is_owners { carried } else { Carried::default() },
        owner,
        former: None,
        is_former_served: false,
    };
    if !wanted.carried.is_nothing() {
        wanted.is_owner_served = true;
        return Ok(wanted);
    }
    wanted.is_owner_served = match &wanted.owner {
        Some(Owner::Number(_)) if is_owners => {
            !Carried::among(place.around.services(), provider).is_nothing()
        }
        Some(owner) => is_served(connection, owner, provider, now).await?,
        None => false,
    };
    let query = sqlx::query(LAST_END).bind(place.id.as_str()).bind(provider);
    let stored: Option<i64> = query.fetch_one(connection).await?.try_get("ended_at")?;
    let ended = of_provider().filter_map(|service| service.ended_at);
    let begun = waiting().filter_map(Service::starts_at);
    wanted.ended_at = ended.chain(begun).chain(stored.map(Timestamp)).max();
    Ok(wanted)
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
