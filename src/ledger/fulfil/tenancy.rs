//! What a tenant may not take over: a camera that another tenant has, under whatever name of a device, and what an
//! unbound device was called by whoever had it.

use crate::ids::{DeviceId, UserAccount};
use crate::ledger::StoreError;
use crate::ledger::records::{Reads, Records};
use crate::ledger::store::{Lock, Locks};
use crate::ledger::tables::device::DeviceRow;

/// What a stored device that an account binds goes on being called. A tenant says the name anew where the device was
/// nobody's: it may be another tenant's word.
pub(super) fn camera(row: &DeviceRow, account: &UserAccount) -> Option<String> {
    let is_known = row.account.is_some() || account.tenant().is_none();
    row.camera.clone().filter(|_| is_known)
}

/// Whether a camera is called so under which another tenant has a device bound.
///
/// # Errors
/// The engine's.
pub(super) fn is_anothers_camera(
    store: &mut (impl Locks + Reads<DeviceRow>),
    camera: &str,
    device: &DeviceId,
    account: &UserAccount,
) -> Result<bool, StoreError> {
    // Two tenants that claim it at once wait for each other.
    store.lock(Lock::camera(camera))?;
    let called_so: Result<Vec<DeviceRow>, _> = store.list("camera", camera);
    let is_own_name = camera == device.as_str();
    let of_that_name: Option<DeviceRow> = if is_own_name { None } else { store.get(camera)? };
    let is_anothers = |row: &DeviceRow| {
        row.id != *device && row.account.as_ref().is_some_and(|other| other.tenant() != account.tenant())
    };
    Ok(called_so?.iter().chain(of_that_name.iter().filter(|row| row.camera.is_none())).any(is_anothers))
}
