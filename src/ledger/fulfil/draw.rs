//! Codes out of stock: issued to the subscriber of an entitlement, or put aside for a task whose provider
//! redeems codes.

use super::settle::held;
use super::{Code, Deed, Fact, Task, TaskAction};
use crate::catalog::{GrantKind, Storage};
use crate::clock::Timestamp;
use crate::ledger::store::Store;
use crate::ledger::tables::{Record, Records, read};
use crate::ledger::{Ledger, NotKept, StoreError};

/// What a code must be that serves a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ledger) struct Need {
    pub(in crate::ledger) provider: String,
    pub(in crate::ledger) kind: GrantKind,
    pub(in crate::ledger) days_min: u32,
    pub(in crate::ledger) now: Timestamp,
    pub(in crate::ledger) storage: Option<Storage>,
    pub(in crate::ledger) retention_days: Option<u32>,
}

impl Need {
    /// One code that serves: of the fewest days that are enough. What a code does not say fits any.
    /// Provider, kind, days and time are `$1` to `$4`; storage and retention, empty and 0 where there is
    /// none, `$5` and `$6`.
    pub(in crate::ledger) fn sql() -> String {
        format!(
            "/* code stock */ SELECT {} FROM code WHERE state = 'unused' AND provider = $1 AND kind = $2 \
             AND days >= $3 AND (expires_at IS NULL OR expires_at > $4) \
             AND (storage IS NULL OR storage = $5) AND (retention_days IS NULL OR retention_days >= $6) \
             ORDER BY provider, kind, days, key LIMIT 1",
            Code::TABLE.names()
        )
    }

    /// `$5`.
    pub(in crate::ledger) fn storage(&self) -> &'static str {
        self.storage.map_or("", Storage::word)
    }

    /// `$6`.
    pub(in crate::ledger) fn retention_days(&self) -> i64 {
        self.retention_days.unwrap_or(0).into()
    }
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

/// Draws.
///
/// # Errors
/// The engine's.
pub(super) fn draw(store: &mut impl Store, leased: &Task, now: Timestamp) -> Result<Drawn, StoreError> {
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
    let Some(row) = store.stock(&need)? else { return Ok(Drawn::Empty) };
    let code: Code = read(row)?;
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

impl Ledger {
    /// Takes a code out of stock for a claimed task: for [`TaskAction::Issue`] that settles it.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn draw(&self, task: &Task, now: Timestamp) -> Result<Drawn, NotKept> {
        match self.deed(Deed::Draw { task: Box::new(task.clone()), now }).await? {
            Fact::Drawn(drawn) => Ok(*drawn),
            _ => Err(NotKept::Stopped),
        }
    }
}
