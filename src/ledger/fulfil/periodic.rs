//! Periodic jobs, each done by one worker of all at a time. Leaves what they are to
//! the worker.

use crate::clock::Timestamp;
use crate::ledger::commit::Deed;
use crate::ledger::records::{Records, Writes};
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::duty::DutyRow;
use crate::ledger::{Rules, StoreError};

/// What a worker says of a periodic job: it is written down where it may be so. The answer tells whether the job is, or was
/// until now, this worker's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodicJob {
    /// Which.
    pub name: String,
    /// The secret of the worker's turn: random, of this turn alone.
    pub token: String,
    /// What it says.
    pub word: JobWord,
    /// The time.
    pub now: Timestamp,
}

/// What a worker can say of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobWord {
    /// It would begin, where it is due and nobody is at it, and have it until then.
    Begin(Timestamp),
    /// It is still at it, and would have it until then.
    Continue(Timestamp),
    /// It is through; due again then.
    End(Timestamp),
}

impl Deed for PeriodicJob {
    type Answer = bool;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::text(&self.name)]
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<bool, StoreError> {
        say(store, self)
    }
}

fn say(store: &mut impl Writes<DutyRow>, duty: &PeriodicJob) -> Result<bool, StoreError> {
    let known: Option<DutyRow> = store.get(&duty.name)?;
    let is_own = known.as_ref().is_some_and(|known| known.token.as_ref() == Some(&duty.token));
    let is_due = known.is_none_or(|known| known.next_at <= duty.now);
    let (token, next_at, may) = match duty.word {
        JobWord::Begin(until) => (Some(duty.token.clone()), until, is_due),
        JobWord::Continue(until) => (Some(duty.token.clone()), until, is_own),
        JobWord::End(next_at) => (None, next_at, is_own),
    };
    if may {
        store.save(&DutyRow { name: duty.name.clone(), token, next_at })?;
    }
    Ok(may)
}
