//! What came of a task that was on lease: only who holds the lease can say it.

use super::holding::{Holding, Holds};
use super::owe::keep;
use super::{Settlement, Task, TaskAction, TaskState, redeem, retire};
use crate::clock::Timestamp;
use crate::ledger::commit::Deed;
use crate::ledger::records::{Reads, Records};
use crate::ledger::store::{Lock, Locks, Store};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Rules, StoreError};
use crate::outbox::Owed;
use crate::service::source::ServiceId;
use crate::service::{LOCAL_PROVIDER, Service};

/// What came of a task that was claimed, or that redeeming a remote code gave.
#[derive(Debug, Clone)]
pub struct Settle {
    /// The task as it was given, with the lease's secret.
    pub task: Task,
    /// What came of it.
    pub outcome: Settlement,
    /// The time.
    pub now: Timestamp,
}

/// Whether it was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is, now or already: who was not told so, and says it again, is told it then.
    Settled,
    /// The lease is another's, or over: nothing changed.
    NotYours,
}

impl Deed for Settle {
    type Answer = Settled;

    fn locks(&self) -> Vec<Lock> {
        locks(&self.task)
    }

    /// What comes of other tasks the worker knows that settles them; who redeems is none.
    fn may_owe(&self, _: &Settled) -> bool {
        self.task.action == TaskAction::Redeem
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<Settled, StoreError> {
        settle(store, &self.task, &self.outcome, self.now)
    }
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
pub(super) fn held(
    store: &mut (impl Locks + Reads<Task>),
    leased: &Task,
) -> Result<Option<Task>, StoreError> {
    Ok(of_lease(store, leased)?.filter(|task| task.state == TaskState::Running))
}

/// The task, if nobody has taken it up since that lease.
fn of_lease(store: &mut (impl Locks + Reads<Task>), leased: &Task) -> Result<Option<Task>, StoreError> {
    for lock in locks(leased) {
        store.lock(lock)?;
    }
    let task: Option<Task> = store.get(leased.id.0)?;
    Ok(task.filter(|task| task.is_of_lease(leased)))
}

fn settle(
    store: &mut impl Holds,
    leased: &Task,
    outcome: &Settlement,
    now: Timestamp,
) -> Result<Settled, StoreError> {
    let Some(task) = of_lease(store, leased)? else { return Ok(Settled::NotYours) };
    if task.state != TaskState::Running {
        return Ok(Settled::Settled);
    }
    let after = match outcome {
        // What follows on devices sees the task as it is: its provider is at work there.
        Settlement::Done { note, .. } if !carried_out(store, &task, now)? => {
            task.in_vain(note.clone(), now)?
        }
        _ => task.settled(outcome, now)?,
    };
    keep(store, &after, now)?;
    if let Settlement::Done { follow_up_at: Some(due_at), .. } = outcome {
        retire::owe(store, Owed::look_after(&after.task), *due_at, now)?;
    }
    Ok(Settled::Settled)
}

/// What a task that is carried out makes of its service. The answer is false where nobody has it.
fn carried_out(store: &mut impl Holds, task: &Task, now: Timestamp) -> Result<bool, StoreError> {
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
fn confirm(store: &mut impl Holds, id: &ServiceId, now: Timestamp) -> Result<(), StoreError> {
    let Some(service) = store.get::<Service>(id.as_str())? else { return Ok(()) };
    let Some(row) = store.get::<DeviceRow>(service.device.as_str())? else { return Ok(()) };
    let mut holding = Holding::of_device(store, row, now)?;
    holding.now.confirm(id, now);
    holding.save(store)
}
