//! What a provider is to look at again: when recordings need not be kept any longer after an end, and at once
//! where a device came to be called otherwise, or to be another's. One task for each device, provider and
//! camera, which stands in nobody's way. Providers that carry out steps have nothing to do for it.

use super::owe::write;
use super::{Body, Task, TaskAction, TaskState};
use crate::clock::Timestamp;
use crate::ledger::StoreError;
use crate::ledger::records::{Records, Writes};
use crate::ledger::tables::device::DeviceRow;
use crate::outbox::Owed;
use crate::service::{LOCAL_PROVIDER, Service};

/// A bound device came to be called otherwise, or to be a number's: whoever carries a service there looks at
/// both cameras.
///
/// # Errors
/// The engine's.
pub(super) fn owe_moved<'s>(
    store: &mut impl Writes<Task>,
    (from, to): (&DeviceRow, &DeviceRow),
    services: impl Iterator<Item = &'s Service>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for service in services.filter(|service| service.plan.provider != LOCAL_PROVIDER) {
        let looks = [from.at_provider(), to.at_provider()];
        let is_renamed = looks[0] != looks[1];
        for camera in looks.into_iter().skip(usize::from(!is_renamed)) {
            let owed = Owed {
                provider: service.plan.provider.clone(),
                action: TaskAction::Retire,
                msisdn: to.msisdn.clone(),
                account: to.account.clone(),
                device_id: Some(to.id.clone()),
                service_id: Some(service.id.clone()),
                entitlement: None,
                body: Body { camera: Some(camera.to_owned()), ..Body::of(&service.plan, 0, now, now) },
                code_key: None,
                doubt: false,
            };
            owe(store, owed, now, now)?;
        }
    }
    Ok(())
}

/// Has a provider look at a device at `due_at`. Where a look is owed already it is owed for the earlier of both
/// times: whoever looks too early asks again.
///
/// # Errors
/// The engine's.
pub(super) fn owe(
    store: &mut impl Writes<Task>,
    look: Owed,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(device) = &look.device_id else { return Ok(()) };
    let key = Task::retirement(&look.provider, device, look.body.camera.as_deref());
    let waiting: Vec<Task> = store.list("open_on", key)?;
    match waiting.into_iter().find(|task| task.state == TaskState::Due) {
        Some(waiting) => waiting.sooner(due_at).map_or(Ok(()), |task| store.save(&task)),
        None => write(store, look, due_at, now),
    }
}
