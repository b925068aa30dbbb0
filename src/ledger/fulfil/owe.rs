//! What providers owe for a change becomes tasks, and takes the place of older tasks that were not sent
//! yet.

use super::settle::keep;
use super::{Task, TaskId};
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::ledger::StoreError;
use crate::ledger::store::Store;
use crate::ledger::tables::{Record, Records, each};
use crate::outbox::{Needs, Owed, replace};
use crate::service::change::Due;

/// Writes tasks for dues, in their order. `needs` knows the rest of each.
///
/// # Errors
/// The engine's.
pub(super) fn owe(
    store: &mut impl Store,
    number: Option<&Msisdn>,
    dues: &[Due],
    needs: impl Fn(&Due) -> Needs,
    now: Timestamp,
) -> Result<(), StoreError> {
    // All that any of them may replace is asked for before the first of them is written.
    each(dues, |due| store.list::<Task>("open_on", due.device.as_str()))?;
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
    store: &mut impl Store,
    owed: Owed,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let id = TaskId(store.next_number(Task::TABLE)?);
    store.save(&owed.task(id, due_at, now))
}
