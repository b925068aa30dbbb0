//! A device with all that bears on what may be played of it, advanced to the moment of asking; nothing is
//! written. What follows from it is left to `service/playback`.

use sqlx::AnyConnection;

use super::devices::of_number;
use super::rows::select;
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::fulfil::holding::assemble;
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Ledger, StoreError};
use crate::service::Service;
use crate::service::playback::{Binding, WINDOWS_MAX};

/// A device that is bound, with its past.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// To whom, and since when.
    pub binding: Binding,
    /// What its streamer calls it, where that is not its id.
    pub camera: Option<String>,
    /// What is on it, and what ended there under the same account since the moment asked for.
    pub services: Vec<Service>,
}

const ENDED: &str = "WHERE device_id = $1 AND open_on IS NULL AND account = $2 AND ended_at > $3 \
    ORDER BY ended_at DESC LIMIT $4";

impl Ledger {
    /// A device with what ended there after `ended_after`, as it stands at `now`; none where it is not bound.
    /// Of what ended more than can be shown is not read.
    ///
    /// # Errors
    /// The engine's.
    pub async fn recorded(
        &self,
        id: &DeviceId,
        ended_after: Timestamp,
        now: Timestamp,
    ) -> Result<Option<Recorded>, StoreError> {
        // One transaction, so that all tables are seen at one moment.
        let mut tx = self.0.pool.begin().await?;
        let found = find(&mut tx, id, ended_after, now).await;
        tx.rollback().await?;
        found
    }

    /// The devices that a camera's name stands for and that are bound, with their accounts; two at most.
    ///
    /// # Errors
    /// The engine's.
    pub async fn bound_to_camera(&self, camera: &str) -> Result<Vec<(DeviceId, UserAccount)>, StoreError> {
        let rows: Vec<DeviceRow> = self.select(BOUND_TO_CAMERA, vec![camera.into()]).await?;
        Ok(rows.into_iter().filter_map(|row| Some((row.id, row.account?))).collect())
    }
}

/// Two are enough to tell that it is not one.
const BOUND_TO_CAMERA: &str = "WHERE (camera = $1 OR (camera IS NULL AND id = $1)) AND account IS NOT NULL \
    ORDER BY id LIMIT 2";

async fn find(
    connection: &mut AnyConnection,
    id: &DeviceId,
    ended_after: Timestamp,
    now: Timestamp,
) -> Result<Option<Recorded>, StoreError> {
    let key = || vec![id.as_str().into()];
    let found: Vec<DeviceRow> = select(connection, "WHERE id = $1", key()).await?;
    let Some(row) = found.into_iter().next() else { return Ok(None) };
    let (Some(account), Some(bound_at)) = (row.account.clone(), row.bound_at) else { return Ok(None) };
    let camera = row.camera.clone();
    let mut holdings = match &row.msisdn {
        Some(number) => of_number(connection, number, now).await?.1,
        None => {
            let services = select(connection, "WHERE open_on = $1", key()).await?;
            assemble(None, &[row], services, &[], now)
        }
    };
    holdings.advance(now);
    let device = holdings.devices.into_iter().find(|device| device.id == *id);
    let mut services = device.map_or_else(Vec::new, |device| device.services);
    let parameters = vec![
        id.as_str().into(),
        account.in_full().into(),
        ended_after.into(),
        u32::try_from(WINDOWS_MAX).unwrap_or(u32::MAX).into(),
    ];
    services.extend(select::<Service>(connection, ENDED, parameters).await?);
    Ok(Some(Recorded { binding: Binding { account, bound_at }, camera, services }))
}
