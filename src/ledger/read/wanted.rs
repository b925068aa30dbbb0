//! What bears on what a provider should have on a device by now: what the device's and the owner's rights and
//! paid times give at the moment of asking. Nothing is written; what follows is [`wanted`]'s to say.

use sqlx::{AnyConnection, Row};

use super::devices::of_number;
use super::rows::select;
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::fulfil::holding::assemble;
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Ledger, StoreError};
use crate::outbox::Task;
use crate::service::Service;
use crate::service::holdings::Holdings;
use crate::service::wanted::{Ask, Beside, Owner, Place, Seen, Wanted, is_served, wanted};

/// The end of the newest service that a provider ran on a device. What was paid and never began did
/// not run.
const LAST_END: &str = "/* wanted last end */ SELECT MAX(ended_at) AS ended_at FROM service \
    WHERE device_id = $1 AND provider = $2 AND (begun_at IS NOT NULL OR source = 'entitlement')";

/// Other devices that are bound and called as a camera is.
const BESIDE: &str =
    "WHERE (camera = $1 OR (camera IS NULL AND id = $1)) AND account IS NOT NULL AND id <> $2";

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
        let owns = of_owner(&mut tx, owner, now).await;
        tx.rollback().await?;
        Ok(is_served(&owns?, provider))
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
    let around = match &row {
        Some(row) => around(connection, row, now).await?,
        None => Holdings::default(),
    };
    let place = match &row {
        Some(row) => place(row, &around),
        None => Place { device: id, camera: id.as_str(), account: None, has_it: None, around: &around },
    };
    let ask = task.ask(&place);
    let wanted = find(connection, &place, &ask, &task.provider, now).await?;
    Ok((ask.camera, wanted))
}

/// A stored device, in what it is part of.
pub(super) fn place<'s>(row: &'s DeviceRow, around: &'s Holdings) -> Place<'s> {
    let (account, has_it) = (row.account.as_ref(), owner(row));
    Place { device: &row.id, camera: row.at_provider(), account, has_it, around }
}

fn owner(row: &DeviceRow) -> Option<Owner> {
    Owner::of(row.msisdn.as_ref(), row.account.as_ref())
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
    Ok(advanced(around, now))
}

/// Sees all that bears on what is asked, and what follows from it.
pub(super) async fn find(
    connection: &mut AnyConnection,
    place: &Place<'_>,
    ask: &Ask,
    provider: &str,
    now: Timestamp,
) -> Result<Wanted, StoreError> {
    let mut seen = Seen::of(provider, place, ask);
    if !seen.is_carried() {
        if let Some(owner) = seen.owner_elsewhere() {
            seen.of_owner = Some(of_owner(connection, owner, now).await?);
        }
        let query = sqlx::query(LAST_END).bind(place.device.as_str()).bind(provider);
        let last_end: Option<i64> = query.fetch_one(&mut *connection).await?.try_get("ended_at")?;
        seen.last_end = last_end.map(Timestamp);
        let parameters = vec![ask.camera.as_str().into(), place.device.as_str().into()];
        let others: Vec<DeviceRow> = select(connection, BESIDE, parameters).await?;
        for other in others {
            let (has_it, around) = (owner(&other), around(connection, &other, now).await?);
            seen.beside.push(Beside { device: other.id, has_it, around });
        }
    }
    if let Some(former) = &ask.former {
        seen.of_former = Some(of_owner(connection, former, now).await?);
    }
    Ok(wanted(&seen))
}

/// What an owner has on all devices.
async fn of_owner(
    connection: &mut AnyConnection,
    owner: &Owner,
    now: Timestamp,
) -> Result<Holdings, StoreError> {
    let holdings = match owner {
        Owner::Number(number) => of_number(connection, number, now).await?.1,
        Owner::Account(account) => of_account(connection, account, now).await?,
    };
    Ok(advanced(holdings, now))
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

fn advanced(mut holdings: Holdings, now: Timestamp) -> Holdings {
    holdings.advance(now);
    holdings
}
