//! What came of a task that was on lease: only who holds the lease can say it.

use super::holding::Holding;
use super::{Code, Deed, Fact, Outcome, Task, TaskAction, TaskState, redeem, retire};
use crate::clock::Timestamp;
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::Records;
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Ledger, NotKept, StoreError};
use crate::outbox::{After, CodeStep, Owed};
use crate::service::source::ServiceId;
use crate::service::{LOCAL_PROVIDER, Service};

/// Whether it was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is, now or already: who was not told so, and says it again, is told it then.
    Settled,
    /// The lease is another's, or over: nothing changed.
    NotYours,
}

/// The locks of what a task speaks of.
pub(super) fn locks(task: &Task) -> Vec<Lock> {
    let number = task.msisdn.as_ref().map(Lock::number);
    number.into_iter().chain(task.device_id.as_ref().map(Lock::device)).collect()
}

/// The task, if it is still on the lease that was given with it.
///
/// # Errors
/// The engine's.
pub(super) fn held(store: &mut impl Store, leased: &Task) -> Result<Option<Task>, StoreError> {
    Ok(of_lease(store, leased)?.filter(|task| task.state == TaskState::Running))
}

/// The task, if nobody has taken it up since that lease.
fn of_lease(store: &mut impl Store, leased: &Task) -> Result<Option<Task>, StoreError> {
    for lock in locks(leased) {
        store.lock(lock)?;
    }
    let task: Option<Task> = store.get(leased.id.0)?;
    Ok(task.filter(|task| task.is_of_lease(leased)))
}

/// Settles.
///
/// # Errors
/// The engine's.
pub(super) fn settle(
    store: &mut impl Store,
    leased: &Task,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    let Some(task) = of_lease(store, leased)? else { return Ok(Settled::NotYours) };
    if task.state != TaskState::Running {
        return Ok(Settled::Settled);
    }
    let after = match outcome {
        // What follows on devices sees the task as it is: its provider is at work there.
        Outcome::Done { note, .. } if !carried_out(store, &task, now)? => task.in_vain(note.clone(), now)?,
        _ => task.settled(outcome, now)?,
    };
    keep(store, &after, now)?;
    if let Outcome::Done { follow_up_at: Some(due_at), .. } = outcome {
        retire::owe(store, Owed::look_after(&after.task), *due_at, now)?;
    }
    Ok(Settled::Settled)
}

/// Writes what became of a task, and what that makes of its code.
///
/// # Errors
/// The engine's.
pub(super) fn keep(store: &mut impl Store, after: &After, now: Timestamp) -> Result<(), StoreError> {
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

/// What a task that is carried out makes of its service. The answer is false where nobody has it.
fn carried_out(store: &mut impl Store, task: &Task, now: Timestamp) -> Result<bool, StoreError> {
    match (task.action, &task.service_id) {
        (TaskAction::Redeem, _) => return redeem::redeemed(store, task, now),
        (TaskAction::Begin | TaskAction::Change, Some(service)) if task.provider != LOCAL_PROVIDER => {
            confirm(store, service, now)?;
        }
        _ => {}
    }
    Ok(true)
}

/// A remote service is in force from now, where it is its turn.
fn confirm(store: &mut impl Store, id: &ServiceId, now: Timestamp) -> Result<(), StoreError> {
    let Some(service) = store.get::<Service>(id.as_str())? else { return Ok(()) };
    let Some(row) = store.get::<DeviceRow>(service.device.as_str())? else { return Ok(()) };
    let mut holding = Holding::of_device(store, row, now)?;
    holding.now.confirm(id, now);
    holding.save(store)
}

impl Ledger {
    /// Says what came of a task that was claimed, or that redeeming a remote code gave.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn settle(&self, task: &Task, outcome: Outcome, now: Timestamp) -> Result<Settled, NotKept> {
        match self.deed(Deed::Settle { task: Box::new(task.clone()), outcome, now }).await? {
            Fact::Settled(settled) => Ok(settled),
            _ => Err(NotKept::Stopped),
        }
    }
}
