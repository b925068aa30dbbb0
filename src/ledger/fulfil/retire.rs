//! What a provider is to look at again: when recordings need not be kept any longer after an end, and at once
//! where a device came to be called otherwise, or to be another's. One task for each device, provider and
//! camera, which stands in nobody's way. Providers that carry out steps have nothing to do for it.

use super::owe::body;
use super::{Body, Task, TaskAction, TaskId, TaskState};
use crate::clock::Timestamp;
use crate::ledger::StoreError;
use crate::ledger::records::Records;
use crate::ledger::store::Store;
use crate::ledger::tables::Record;
use crate::ledger::tables::device::DeviceRow;
use crate::service::{LOCAL_PROVIDER, Service};

/// Has the provider of a task look at its device again at `due_at`.
///
/// # Errors
/// The engine's.
pub(super) fn owe(
    store: &mut impl Store,
    after: &Task,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Only of what ended is it known when.
    let is_end = matches!(after.action, TaskAction::End | TaskAction::Retire);
    let ends_at_ms = after.body.ends_at_ms.filter(|_| is_end);
    let body = Body { ends_at_ms, ..after.body.clone() };
    write(store, Task { body, ..after.clone() }, due_at, now)
}

/// A bound device came to be called otherwise, or to be a number's: whoever carries a service there looks at
/// both cameras.
///
/// # Errors
/// The engine's.
pub(super) fn owe_moved<'s>(
    store: &mut impl Store,
    (from, to): (&DeviceRow, &DeviceRow),
    services: impl Iterator<Item = &'s Service>,
    now: Timestamp,
) -> Result<(), StoreError> {
    for service in services.filter(|service| service.plan.provider != LOCAL_PROVIDER) {
        let looks = [from.at_provider(), to.at_provider()];
        let is_renamed = looks[0] != looks[1];
        for camera in looks.into_iter().skip(usize::from(!is_renamed)) {
            let body = Body { camera: Some(camera.to_owned()), ..body(&service.plan, 0, now, now) };
            let task = Task {
                id: TaskId(0),
                provider: service.plan.provider.clone(),
                action: TaskAction::Retire,
                state: TaskState::Due,
                msisdn: to.msisdn.clone(),
                account: to.account.clone(),
                device_id: Some(to.id.clone()),
                service_id: Some(service.id.clone()),
                entitlement: None,
                order_num: String::new(),
                body,
                code_key: None,
                attempts: 0,
                doubt: false,
                due_at: now,
                token: None,
                last_error: None,
                note: None,
                created_at: now,
                settled_at: None,
            };
            write(store, task, now, now)?;
        }
    }
    Ok(())
}

/// Where a look is owed already it is owed for the earlier of both times: whoever looks too early asks again.
fn write(store: &mut impl Store, like: Task, due_at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
    let Some(device) = &like.device_id else { return Ok(()) };
    let lane = Task::retirement(&like.provider, device, like.body.camera.as_deref());
    let waiting: Vec<Task> = store.list("open_on", lane)?;
    if let Some(waiting) = waiting.into_iter().find(|task| task.state == TaskState::Due) {
        let due_at = waiting.due_at.min(due_at);
        return store.save(&Task { due_at, ..waiting });
    }
    let id = store.next_number(Task::TABLE)?;
    let named = like.service_id.as_ref().map_or_else(|| device.to_string(), ToString::to_string);
    store.save(&Task {
        id: TaskId(id),
        action: TaskAction::Retire,
        state: TaskState::Due,
        order_num: format!("{named}-{id}"),
        code_key: None,
        attempts: 0,
        doubt: false,
        due_at,
        token: None,
        last_error: None,
        note: None,
        created_at: now,
        settled_at: None,
        ..like
    })
}
