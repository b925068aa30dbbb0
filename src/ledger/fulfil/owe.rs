//! What providers owe for a change becomes tasks, and takes the place of older tasks that were not sent
//! yet; and what becomes of a task is written with what that makes of its code.

use super::{Code, Task, TaskId};
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::ledger::StoreError;
use crate::ledger::records::{Records, Writes};
use crate::ledger::tables::each;
use crate::outbox::{After, CodeStep, Needs, Owed, replace};
use crate::service::change::Due;

/// Writes tasks for dues, in their order. `needs` knows the rest of each.
///
/// # Errors
/// The engine's.
pub(super) fn owe(
    store: &mut (impl Writes<Task> + Writes<Code>),
    number: Option<&Msisdn>,
    dues: &[Due],
    needs: impl Fn(&Due) -> Needs,
    now: Timestamp,
) -> Result<(), StoreError> {
    // All that any of several may replace is asked for before the first of them is written.
    if dues.len() > 1 {
        each(dues, |due| store.list::<Task>("open_on", due.device.as_str()))?;
    }
    for due in dues {
        let replaced = replace(store.list("open_on", due.device.as_str())?, due);
        for task in replaced.superseded {
            keep(store, &task.superseded(now)?, now)?;
        }
        if let Some(action) = replaced.action {
            write(store, Owed::of(due, action, replaced.doubt, number, needs(due)), now, now)?;
        }
    }
    Ok(())
}

/// Writes one task.
///
/// # Errors
/// The engine's.
pub(super) fn write(
    store: &mut impl Writes<Task>,
    owed: Owed,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = TaskId(store.new_number::<Task>()?);
    store.save(&owed.task(id, due_at, now))
}

/// Writes what became of a task, and what that makes of its code.
///
/// # Errors
/// The engine's.
pub(super) fn keep(
    store: &mut (impl Writes<Task> + Writes<Code>),
    after: &After,
    now: Timestamp,
) -> Result<(), StoreError> {
    let task = &after.task;
    if let Some((key, step)) = &after.code
        && let Some(code) = store.get::<Code>(key.as_str())?
    {
        let code = match step {
            CodeStep::Released => code.released(),
            CodeStep::Spent => {
                code.spent(task.device_id.clone(), task.account.clone(), task.service_id.clone(), now)
            }
            CodeStep::Spoiled(fault) => code.spoiled(*fault, now),
        };
        // One that is not put aside for a task is as it was.
        code.map_or(Ok(()), |code| store.save(&code))?;
    }
    store.save(task)
}
