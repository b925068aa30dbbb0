//! What an attempt at a task came to, and what that makes of the task.

use super::{After, Body, CodeStep, Stays, Task, TaskAction, TaskState};
use crate::clock::Timestamp;
use crate::stock::redeem::CodeFault;

/// What came of an attempt, as the worker judges it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It is carried out.
    Done {
        /// What an operator should know of it.
        note: Option<String>,
        /// When the provider has to look at the device again.
        follow_up_at: Option<Timestamp>,
    },
    /// It was not carried out; another attempt may, not before `due_at`.
    Again {
        /// When.
        due_at: Timestamp,
        /// Why not.
        why: String,
    },
    /// Nobody knows whether it was; the next attempt looks before it repeats.
    Unknown {
        /// When.
        due_at: Timestamp,
        /// Why.
        why: String,
    },
    /// No attempt will be made any more.
    Dead {
        /// Why.
        why: String,
        /// Whether this last attempt may have carried it out all the same.
        doubt: bool,
    },
    /// There is no code in stock for it, or the provider does not accept our credentials, perhaps in the
    /// midst of it. Counts as no attempt.
    Waits {
        /// When to look again.
        due_at: Timestamp,
        /// What it waits for, where that is not the stock.
        why: Option<String>,
    },
    /// It was not carried out, and who asked for it was told so: its code goes back, for another try.
    Returned {
        /// Why not.
        why: String,
    },
    /// Nothing was sent: the worker stops. Counts as no attempt.
    GivenBack,
    /// The worker stops in the midst of it: it may have been carried out. Counts as no attempt.
    BrokenOff,
    /// Its code was refused and is put aside. One that a subscriber redeems has no other: it is dead.
    BadCode {
        /// What is wrong with it.
        fault: CodeFault,
        /// When to try with another.
        due_at: Timestamp,
        /// The same in words.
        why: String,
    },
}

impl Task {
    /// What an attempt came to, said by who holds the lease. Each but the ones that say otherwise counts.
    ///
    /// # Errors
    /// [`Stays`].
    pub fn settled(self, outcome: &Settlement, now: Timestamp) -> Result<After, Stays> {
        self.is_one_of(&[TaskState::Running])?;
        Ok(match outcome {
            Settlement::Done { note, .. } => self.done(note.clone(), now),
            Settlement::Again { due_at, why } => self.counted(why).again(*due_at).into(),
            Settlement::Unknown { due_at, why } => {
                Self { doubt: true, ..self.counted(why).again(*due_at) }.into()
            }
            Settlement::Dead { why, doubt } => {
                let task = self.counted(why);
                Self { doubt: task.doubt || *doubt, ..task }.given_up(TaskState::Dead, now)
            }
            Settlement::Waits { due_at, why } => self.waiting(*due_at, why.as_deref()).into(),
            Settlement::Returned { why } => self.counted(why).given_up(TaskState::Discarded, now),
            Settlement::GivenBack => self.again(now).into(),
            Settlement::BrokenOff => Self { doubt: true, ..self.again(now) }.into(),
            Settlement::BadCode { fault, due_at, why } => {
                let task = self.counted(why);
                let code = task.code_key.clone().map(|key| (key, CodeStep::Spoiled(*fault)));
                let after = match task.action {
                    TaskAction::Redeem => task.given_up(TaskState::Dead, now),
                    _ => Self { code_key: None, ..task.again(*due_at) }.into(),
                };
                After { code, ..after }
            }
        })
    }

    /// It was carried out, but nobody has what it brought about: the device is another account's by now.
    ///
    /// # Errors
    /// [`Stays`].
    pub fn in_vain(self, note: Option<String>, now: Timestamp) -> Result<After, Stays> {
        self.is_one_of(&[TaskState::Running])?;
        let why = "redeemed there, but the device is another account's by now";
        let After { task, .. } = self.done(note, now);
        Ok(Self { state: TaskState::Dead, last_error: Some(why.to_owned()), ..task }.into())
    }

    fn done(self, note: Option<String>, now: Timestamp) -> After {
        let spends = matches!(self.action, TaskAction::Begin | TaskAction::Change);
        let code = self.code_key.clone().filter(|_| spends).map(|key| (key, CodeStep::Spent));
        let attempts = self.attempts.saturating_add(1);
        // No lease ends any more: it was due until now.
        let task =
            Self { state: TaskState::Done, note, attempts, due_at: now, settled_at: Some(now), ..self };
        After { task, code }
    }

    /// What it waited for, it waits for no more.
    fn again(self, due_at: Timestamp) -> Self {
        Self { state: TaskState::Due, due_at, note: None, ..self }
    }

    fn counted(self, why: &str) -> Self {
        Self { attempts: self.attempts.saturating_add(1), last_error: Some(why.to_owned()), ..self }
    }

    /// For a code in stock, or else for what `why` says, which may have come up in the midst of it.
    fn waiting(self, due_at: Timestamp, why: Option<&str>) -> Self {
        let note = why.map_or_else(|| self.lacking(), |why| format!("waits: {why}"));
        let last_error = why.map(str::to_owned).or_else(|| self.last_error.clone());
        let doubt = self.doubt || why.is_some();
        Self { doubt, last_error, note: Some(note), ..self.again(due_at) }
    }

    /// What the stock has not, in words of the command that fills it.
    fn lacking(&self) -> String {
        let Body { kind, storage, retention_days, days_min, .. } = &self.body;
        let mut code = format!("{} code", kind.word());
        if let Some(storage) = storage {
            code = format!("{code} ({})", storage.word());
        }
        if let Some(days) = retention_days {
            code = format!("{code}, recordings kept for {days} days or more");
        }
        format!(
            "waits for stock: no unused {code}, of {days_min} days or more, for provider {}",
            self.provider
        )
    }
}
