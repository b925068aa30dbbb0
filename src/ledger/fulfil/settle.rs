//! What came of a task that was on lease: only who holds the lease can say it.

use super::holding::Holding;
use super::owe::close;
use super::{Body, Code, Deed, Fact, Task, TaskAction, TaskState, redeem, retire};
use crate::clock::Timestamp;
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::Records;
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Ledger, NotKept, StoreError};
use crate::service::source::ServiceId;
use crate::service::{LOCAL_PROVIDER, Service};
use crate::stock::redeem::CodeFault;

/// What came of an attempt, as the worker judges it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
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

/// The task, if nobody has taken it up since that lease. A settled one keeps the lease's secret, so that whoever
/// settled it and was not told can say it again.
fn of_lease(store: &mut impl Store, leased: &Task) -> Result<Option<Task>, StoreError> {
    for lock in locks(leased) {
        store.lock(lock)?;
    }
    let task: Option<Task> = store.get(leased.id.0)?;
    Ok(task.filter(|task| leased.token.is_some() && task.token == leased.token))
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
    let attempts = task.attempts.saturating_add(1);
    // What it waited for, it waits for no more.
    let again = |due_at: Timestamp| Task { state: TaskState::Due, due_at, note: None, ..task.clone() };
    match outcome {
        // No lease ends any more: it was due until now.
        Outcome::Done { note, follow_up_at } => {
            let task = Task { note: note.clone(), attempts, due_at: now, ..task };
            done(store, task.clone(), now)?;
            if let Some(due_at) = follow_up_at {
                retire::owe(store, &task, *due_at, now)?;
            }
        }
        Outcome::Again { due_at, why } => {
            store.save(&Task { attempts, last_error: Some(why.clone()), ..again(*due_at) })?;
        }
        Outcome::Unknown { due_at, why } => {
            let last_error = Some(why.clone());
            store.save(&Task { attempts, last_error, doubt: true, ..again(*due_at) })?;
        }
        Outcome::Dead { why, doubt } => {
            let doubt = task.doubt || *doubt;
            dead(store, Task { attempts, doubt, ..task }, why, now)?;
        }
        Outcome::Waits { due_at, why } => {
            let (doubt, last_error) = (task.doubt || why.is_some(), why.clone().or(task.last_error.clone()));
            let note = Some(why.as_ref().map_or_else(|| lacking(&task), |why| format!("waits: {why}")));
            store.save(&Task { doubt, last_error, note, ..again(*due_at) })?;
        }
        Outcome::GivenBack => store.save(&again(now))?,
        Outcome::BrokenOff => store.save(&Task { doubt: true, ..again(now) })?,
        Outcome::Returned { why } => {
            let (state, last_error) = (TaskState::Discarded, Some(why.clone()));
            close(store, Task { state, attempts, last_error, settled_at: Some(now), ..task })?;
        }
        Outcome::BadCode { fault, due_at, why } => {
            spoil(store, &task, *fault, now)?;
            let last_error = Some(why.clone());
            match task.action {
                TaskAction::Redeem => dead(store, Task { attempts, ..task }, why, now)?,
                _ => store.save(&Task { attempts, last_error, code_key: None, ..again(*due_at) })?,
            }
        }
    }
    Ok(Settled::Settled)
}

/// What the stock has not, in words of the command that fills it.
fn lacking(task: &Task) -> String {
    let Body { kind, storage, retention_days, days_min, .. } = &task.body;
    let mut code = format!("{} code", kind.word());
    if let Some(storage) = storage {
        code = format!("{code} ({})", storage.word());
    }
    if let Some(days) = retention_days {
        code = format!("{code}, recordings kept for {days} days or more");
    }
    format!("waits for stock: no unused {code}, of {days_min} days or more, for provider {}", task.provider)
}

fn dead(store: &mut impl Store, task: Task, why: &str, now: Timestamp) -> Result<(), StoreError> {
    let last_error = Some(why.to_owned());
    close(store, Task { state: TaskState::Dead, last_error, settled_at: Some(now), ..task })
}

fn done(store: &mut impl Store, task: Task, now: Timestamp) -> Result<(), StoreError> {
    let mut task = Task { state: TaskState::Done, settled_at: Some(now), ..task };
    match task.action {
        TaskAction::Redeem => {
            if !redeem::redeemed(store, &task, now)? {
                task.state = TaskState::Dead;
                task.last_error =
                    Some("redeemed there, but the device is another account's by now".to_owned());
            }
        }
        TaskAction::Begin | TaskAction::Change => {
            spend(store, &task, now)?;
            if let Some(service) = task.service_id.as_ref().filter(|_| task.provider != LOCAL_PROVIDER) {
                confirm(store, service, now)?;
            }
        }
        TaskAction::End | TaskAction::Retire | TaskAction::Issue => {}
    }
    store.save(&task)
}

/// A remote service is in force from now, where it is its turn.
fn confirm(store: &mut impl Store, id: &ServiceId, now: Timestamp) -> Result<(), StoreError> {
    let Some(service) = store.get::<Service>(id.as_str())? else { return Ok(()) };
    let Some(row) = store.get::<DeviceRow>(service.device.as_str())? else { return Ok(()) };
    let mut holding = Holding::of_device(store, row, now)?;
    holding.now.confirm(id, now);
    holding.save(store)
}

/// The code that was put aside for a task is used up.
fn spend(store: &mut impl Store, task: &Task, now: Timestamp) -> Result<(), StoreError> {
    let Some(key) = &task.code_key else { return Ok(()) };
    let Some(code) = store.get::<Code>(key.as_str())? else { return Ok(()) };
    let spent = code.spent(task.device_id.clone(), task.account.clone(), task.service_id.clone(), now);
    spent.map_or(Ok(()), |code| store.save(&code))
}

/// The code that was put aside for a task was refused.
fn spoil(store: &mut impl Store, task: &Task, fault: CodeFault, now: Timestamp) -> Result<(), StoreError> {
    let Some(key) = &task.code_key else { return Ok(()) };
    let Some(code) = store.get::<Code>(key.as_str())? else { return Ok(()) };
    code.spoiled(fault, now).map_or(Ok(()), |code| store.save(&code))
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
