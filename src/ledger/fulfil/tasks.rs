//! What an operator may do to a task: have it tried again, or lay it aside.

use super::settle::{keep, locks};
use super::{Deed, Fact, Task, TaskAction, TaskId, TaskState};
use crate::clock::Timestamp;
use crate::ledger::store::Store;
use crate::ledger::tables::Records;
use crate::ledger::{Ledger, NotKept, StoreError};
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

/// Does it.
///
/// # Errors
/// The engine's.
pub(super) fn operate(
    store: &mut impl Store,
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
fn is_wanted(store: &mut impl Store, task: &Task) -> Result<bool, StoreError> {
    Ok(match (task.action, &task.service_id) {
        (TaskAction::Begin | TaskAction::Change, Some(service)) => {
            store.get::<Service>(service.as_str())?.is_some_and(|service| service.is_carried())
        }
        (TaskAction::Redeem, _) => task.code_key.is_some(),
        _ => true,
    })
}

impl Ledger {
    /// Does what an operator says of a task.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn operate_task(
        &self,
        operation: TaskOperation,
        id: TaskId,
        now: Timestamp,
    ) -> Result<TaskOperated, NotKept> {
        match self.deed(Deed::Operate { id, operation, now }).await? {
            Fact::Operated(operated) => Ok(operated),
            _ => Err(NotKept::Stopped),
        }
    }

    /// The same for many, in their order and in shared commits; what came of each.
    ///
    /// # Errors
    /// [`NotKept`] from the first that failed; those before it are done.
    pub async fn operate_tasks(
        &self,
        operation: TaskOperation,
        ids: &[TaskId],
        now: Timestamp,
    ) -> Result<Vec<TaskOperated>, NotKept> {
        let deeds = ids.iter().map(|id| Deed::Operate { id: *id, operation, now }).collect();
        let operated = |fact| match fact {
            Fact::Operated(operated) => Ok(operated),
            _ => Err(NotKept::Stopped),
        };
        self.deeds(deeds).await?.into_iter().map(operated).collect()
    }
}
