//! What an operator may do to a task: have it tried again, or lay it aside.

use super::owe::keep;
use super::settle::locks;
use super::{Code, Task, TaskAction, TaskId, TaskState};
use crate::clock::Timestamp;
use crate::ledger::commit::Deed;
use crate::ledger::records::{Reads, Records, Writes};
use crate::ledger::store::{Locks, Store};
use crate::ledger::{Rules, StoreError};
use crate::outbox::{After, Stays};
use crate::service::Service;

/// An operator's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOperation {
    /// Try a dead or discarded one again, with all attempts; one that waits, now.
    Retry,
    /// Lay one aside that is dead, or waits.
    Discard,
}

/// An operator's word about one task.
#[derive(Debug, Clone, Copy)]
pub struct OperateTask {
    /// What to do.
    pub operation: TaskOperation,
    /// With which.
    pub id: TaskId,
    /// The time.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskOperated {
    /// The task is other than before.
    Changed,
    /// Nothing changed; why, as a sentence.
    Unchanged(&'static str),
    /// There is no such task.
    Unknown,
}

impl Deed for OperateTask {
    type Answer = TaskOperated;

    fn may_owe(&self, _: &TaskOperated) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<TaskOperated, StoreError> {
        operate(store, self.id, self.operation, self.now)
    }
}

fn operate(
    store: &mut (impl Locks + Writes<Task> + Writes<Code> + Reads<Service>),
    id: TaskId,
    operation: TaskOperation,
    now: Timestamp,
) -> Result<TaskOperated, StoreError> {
    let Some(task) = store.get::<Task>(id.0)? else { return Ok(TaskOperated::Unknown) };
    for lock in locks(&task) {
        store.lock(lock)?;
    }
    let after = match (operation, task.state) {
        (TaskOperation::Retry, TaskState::Due) => task.sooner(now).map(After::from),
        (TaskOperation::Retry, _) => {
            let is_wanted = is_wanted(store, &task)?;
            task.reopened(is_wanted, now).map(After::from)
        }
        (TaskOperation::Discard, _) => task.discarded(now),
    };
    match after {
        Ok(after) => keep(store, &after, now).map(|()| TaskOperated::Changed),
        Err(stays) => Ok(TaskOperated::Unchanged(why(stays))),
    }
}

/// Why nothing changed.
fn why(stays: Stays) -> &'static str {
    match stays {
        Stays::In(TaskState::Running) => "a worker has it",
        Stays::In(TaskState::Done) => "it is done",
        Stays::In(TaskState::Superseded) => "a newer change made it needless",
        Stays::In(TaskState::Due) => "it is due already",
        Stays::In(TaskState::Dead | TaskState::Discarded) => "it is laid aside already",
        Stays::Unwanted => "what it was to bring about is not wanted any more",
    }
}

/// Whether what it would do is still wanted.
fn is_wanted(store: &mut impl Reads<Service>, task: &Task) -> Result<bool, StoreError> {
    Ok(match (task.action, &task.service_id) {
        (TaskAction::Begin | TaskAction::Change, Some(service)) => {
            store.get::<Service>(service.as_str())?.is_some_and(|service| service.is_carried())
        }
        (TaskAction::Redeem, _) => task.code_key.is_some(),
        _ => true,
    })
}
