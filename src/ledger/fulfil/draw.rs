//! Codes out of stock: issued to the subscriber of an entitlement, or put aside for a task whose provider
//! redeems codes.

use super::settle::{held, locks};
use super::{Code, Task, TaskAction};
use crate::clock::Timestamp;
use crate::ledger::commit::Deed;
use crate::ledger::need::Need;
use crate::ledger::records::{Records, Stocks, Writes};
use crate::ledger::store::{Lock, Locks, Store};
use crate::ledger::{Rules, StoreError};

/// A claimed task that needs a code: [`TaskAction::Issue`] is settled by it.
#[derive(Debug, Clone)]
pub struct Draw {
    /// The task as it was given, with the lease's secret.
    pub task: Task,
    /// The time.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Drawn {
    /// The code is issued, and the task done.
    Issued(Code),
    /// The code is put aside for the task.
    Reserved(Code),
    /// The stock has none that serves.
    Empty,
    /// The lease is another's, or over: nothing changed.
    NotYours,
}

impl Deed for Draw {
    type Answer = Drawn;

    fn locks(&self) -> Vec<Lock> {
        locks(&self.task)
    }

    fn goes_alone(&self) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<Drawn, StoreError> {
        draw(store, &self.task, self.now)
    }
}

fn draw(
    store: &mut (impl Locks + Stocks + Writes<Task> + Writes<Code>),
    leased: &Task,
    now: Timestamp,
) -> Result<Drawn, StoreError> {
    let Some(task) = held(store, leased)? else { return Ok(Drawn::NotYours) };
    if let Some(key) = &task.code_key
        && let Some(code) = store.get::<Code>(key.as_str())?
    {
        return Ok(Drawn::Reserved(code));
    }
    let need = Need {
        provider: task.provider.clone(),
        kind: task.body.kind,
        days_min: task.body.days_min,
        now,
        storage: task.body.storage,
        retention_days: task.body.retention_days,
    };
    let Some(code) = store.in_stock(&need)? else { return Ok(Drawn::Empty) };
    if task.action == TaskAction::Issue {
        let code = code.issued(task.entitlement.clone(), task.msisdn.clone())?;
        store.save(&code)?;
        store.save(&task.issued(&code.key, now)?)?;
        return Ok(Drawn::Issued(code));
    }
    let code = code.reserved(task.msisdn.clone(), task.device_id.clone(), task.account.clone())?;
    store.save(&code)?;
    store.save(&task.provided(&code.key)?)?;
    Ok(Drawn::Reserved(code))
}
