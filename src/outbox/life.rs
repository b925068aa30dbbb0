//! A task's life: each step is a function of the task alone, and does not begin in every state.
//!
//! | step         | begins in                                       | leads to                              |
//! |--------------|-------------------------------------------------|---------------------------------------|
//! | owed         |                                                 | due ([`Owed::task`](super::Owed))     |
//! | `claimed`    | due, from its time on; running, its lease over  | running                               |
//! | `provided`   | running                                         | running                               |
//! | `settled`    | running                                         | what its [`Settlement`](super::Settlement) says |
//! | `issued`     | running                                         | done                                  |
//! | `in_vain`    | running                                         | dead                                  |
//! | `superseded` | due, running                                    | superseded                            |
//! | `doubted`    | due                                             | due                                   |
//! | `sooner`     | due, before its time                            | due                                   |
//! | `reopened`   | dead, discarded                                 | due                                   |
//! | `discarded`  | due, dead                                       | discarded                             |
//!
//! Which of the tasks that are due may be claimed, in the order of each [`ordering_key`](Task::ordering_key), is seen from all of
//! them: the ledger's one statement for claims picks them, and does to each what [`claimed`](Task::claimed) does.

use super::{Task, TaskAction, TaskState};
use crate::clock::Timestamp;
use crate::stock::Lookup;
use crate::stock::redeem::CodeFault;

/// The step does not begin where the task is: it stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stays {
    /// In this state.
    #[error("nothing such becomes of a task that is {}", .0.word())]
    In(TaskState),
    /// What it was to bring about is not wanted any more.
    #[error("what the task was to bring about is not wanted any more")]
    Unwanted,
}

/// A worker's right to carry a task out, until it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Random: who holds the lease says it, nobody else knows it.
    pub token: String,
    /// From then on anybody may take the task up.
    pub until: Timestamp,
}

/// What became of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct After {
    /// The task.
    pub task: Task,
    /// What becomes of the code that was put aside for it, if anything does.
    pub code: Option<(Lookup, CodeStep)>,
}

/// What becomes of a code with its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeStep {
    /// Back to where it came from: certainly nobody has redeemed it.
    Released,
    /// Used up.
    Spent,
    /// Refused by its provider.
    Spoiled(CodeFault),
}

/// The code stays as it is.
impl From<Task> for After {
    fn from(task: Task) -> Self {
        Self { task, code: None }
    }
}

impl Task {
    /// Taken up. One that was running had a lease that ran out: an attempt that nobody knows the end of.
    ///
    /// # Errors
    /// As for all of these: [`Stays`].
    pub fn claimed(self, lease: Lease, now: Timestamp) -> Result<Self, Stays> {
        self.is_one_of(&[TaskState::Due, TaskState::Running])?;
        if self.due_at > now {
            return Err(Stays::In(self.state));
        }
        let was_running = self.state == TaskState::Running;
        Ok(Self {
            state: TaskState::Running,
            attempts: self.attempts.saturating_add(was_running.into()),
            doubt: self.doubt || was_running,
            token: Some(lease.token),
            due_at: lease.until,
            ..self
        })
    }

    /// Whether nobody has taken it up since it was leased so. A settled one keeps the lease's secret, so that
    /// whoever settled it and was not told can say it again.
    #[must_use]
    pub fn is_of_lease(&self, leased: &Self) -> bool {
        leased.token.is_some() && self.token == leased.token
    }

    /// Whether carrying this one out brings about what a younger one that waits asks for too, where its provider
    /// brings about a state: that one cannot be taken for one that never began any more.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        let begins = matches!(other.action, TaskAction::Begin | TaskAction::Change);
        let waits = other.state == TaskState::Due && !other.doubt;
        begins && waits && other.id != self.id && other.provider == self.provider
    }

    /// It may have been carried out before it was claimed.
    ///
    /// # Errors
    /// [`Stays`].
    pub fn doubted(self) -> Result<Self, Stays> {
        self.is_one_of(&[TaskState::Due])?;
        Ok(Self { doubt: true, ..self })
    }

    /// A code is put aside for it.
    ///
    /// # Errors
    /// [`Stays`].
    pub fn provided(self, code: &Lookup) -> Result<Self, Stays> {
        self.is_one_of(&[TaskState::Running])?;
        Ok(Self { code_key: Some(code.clone()), ..self })
    }

    /// Its code is its subscriber's: that was all.
    ///
    /// # Errors
    /// [`Stays`].
    pub fn issued(self, code: &Lookup, now: Timestamp) -> Result<Self, Stays> {
        let task = self.provided(code)?;
        Ok(Self { state: TaskState::Done, settled_at: Some(now), token: None, note: None, ..task })
    }

    /// A newer one took its place.
    ///
    /// # Errors
    /// [`Stays`].
    pub fn superseded(self, now: Timestamp) -> Result<After, Stays> {
        self.is_one_of(&[TaskState::Due, TaskState::Running])?;
        Ok(Self { token: None, ..self }.given_up(TaskState::Superseded, now))
    }

    /// Due at an earlier time than it was.
    ///
    /// # Errors
    /// [`Stays`], also where its time is not after `at`.
    pub fn sooner(self, at: Timestamp) -> Result<Self, Stays> {
        self.is_one_of(&[TaskState::Due])?;
        if self.due_at <= at {
            return Err(Stays::In(self.state));
        }
        Ok(Self { due_at: at, ..self })
    }

    /// Due again, with all attempts, if it `is_wanted`: a service that has ended must not begin again, and a code
    /// that went back to stock is not this task's any more.
    ///
    /// # Errors
    /// [`Stays`].
    pub fn reopened(self, is_wanted: bool, now: Timestamp) -> Result<Self, Stays> {
        self.is_one_of(&[TaskState::Dead, TaskState::Discarded])?;
        if !is_wanted {
            return Err(Stays::Unwanted);
        }
        Ok(Self { state: TaskState::Due, attempts: 0, due_at: now, settled_at: None, ..self })
    }

    /// Laid aside.
    ///
    /// # Errors
    /// [`Stays`].
    pub fn discarded(self, now: Timestamp) -> Result<After, Stays> {
        self.is_one_of(&[TaskState::Due, TaskState::Dead])?;
        Ok(self.given_up(TaskState::Discarded, now))
    }

    /// Gives it up, and the code that was put aside for it where it is certain that nobody has redeemed it.
    pub(super) fn given_up(mut self, state: TaskState, now: Timestamp) -> After {
        let code = if self.doubt { None } else { self.code_key.take() };
        let task = Self { state, settled_at: Some(now), ..self };
        After { task, code: code.map(|key| (key, CodeStep::Released)) }
    }

    pub(super) fn is_one_of(&self, states: &[TaskState]) -> Result<(), Stays> {
        if states.contains(&self.state) { Ok(()) } else { Err(Stays::In(self.state)) }
    }
}
