//! What a provider leaves for a later time when something ends: recordings that are kept for some days
//! before their storage goes. One task for each device and provider, which stands in nobody's way.

use super::{Task, TaskAction, TaskId, TaskState};
use crate::clock::Timestamp;
use crate::ledger::StoreError;
use crate::ledger::store::Store;
use crate::ledger::tables::Records;

/// Has the provider of a task look at its device again at `due_at`. Where that is owed already it is owed
/// for the earlier of both times: whoever looks too early asks again.
///
/// # Errors
/// The engine's.
pub(super) fn owe(
    store: &mut impl Store,
    after: &Task,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(device) = &after.device_id else { return Ok(()) };
    let waiting: Vec<Task> = store.list("open_on", Task::retirement(&after.provider, device))?;
    if let Some(waiting) = waiting.into_iter().find(|task| task.state == TaskState::Due) {
        let due_at = waiting.due_at.min(due_at);
        return store.save(&Task { due_at, ..waiting });
    }
    let id = store.next_task()?;
    let named = after.service_id.as_ref().map_or_else(|| device.to_string(), ToString::to_string);
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
        ..after.clone()
    })
}
