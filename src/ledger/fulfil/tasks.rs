//! What an operator may do to a task: have it tried again, or lay it aside.

use super::owe::close;
use super::settle::locks;
use super::{Task, TaskAction, TaskId, TaskState};
use crate::clock::Timestamp;
use crate::ledger::commit::Deed;
use crate::ledger::records::Records;
use crate::ledger::store::Store;
use crate::ledger::{Rules, StoreError};
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
    store: &mut impl Store,
    id: TaskId,
    operation: TaskOperation,
    now: Timestamp,
) -> Result<TaskOperated, StoreError> {
    let Some(task) = store.get::<Task>(id.0)? else { return Ok(TaskOperated::Unknown) };
    for lock in locks(&task) {
        store.lock(lock)?;
    }
    match (operation, task.state) {
        (TaskOperation::Retry, TaskState::Dead | TaskState::Discarded) if may_come_back(store, &task)? => {
            let (state, attempts) = (TaskState::Due, 0);
            store.save(&Task { state, attempts, due_at: now, settled_at: None, ..task })?;
        }
        (TaskOperation::Retry, TaskState::Due) if task.due_at > now => {
            store.save(&Task { due_at: now, ..task })?;
        }
        (TaskOperation::Discard, TaskState::Dead | TaskState::Due) => {
            close(store, Task { state: TaskState::Discarded, settled_at: Some(now), ..task })?;
        }
        (_, state) => return Ok(TaskOperated::Unchanged(why(operation, state))),
    }
    Ok(TaskOperated::Changed)
}

/// Why nothing changed of a task in this state.
fn why(operation: TaskOperation, state: TaskState) -> &'static str {
    match (operation, state) {
        (_, TaskState::Running) => "a worker has it",
        (_, TaskState::Done) => "it is done",
        (_, TaskState::Superseded) => "a newer change made it needless",
        (TaskOperation::Retry, TaskState::Due) => "it is due already",
        (TaskOperation::Retry, TaskState::Dead | TaskState::Discarded) => {
            "what it was to bring about is not wanted any more"
        }
        (TaskOperation::Discard, _) => "it is laid aside already",
    }
}

/// Whether what it would do is still wanted: a service that has ended must not begin again, and a code
/// that went back to stock is not this task's any more.
fn may_come_back(store: &mut impl Store, task: &Task) -> Result<bool, StoreError> {
    Ok(match (task.action, &task.service_id) {
        (TaskAction::Begin | TaskAction::Change, Some(service)) => {
            store.get::<Service>(service.as_str())?.is_some_and(|service| service.is_carried())
        }
        (TaskAction::Redeem, _) => task.code_key.is_some(),
        _ => true,
    })
}
