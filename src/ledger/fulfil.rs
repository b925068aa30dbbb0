//! Fulfilment in the ledger: devices with what is in force on them, the tasks that providers owe for
//! it, and the stock of codes. The rules are [`crate::service`]'s; here they meet rows, transactions
//! and locks, once for both engines.
//!
//! ```text
//! notice ─▶ watch ─┐                           ┌─▶ service rows, settled_at, due_at
//! bind, unbind ────┤                           │
//! redeem ──────────┼─▶ holding: load, event, save
//! settle (done) ───┤                           │
//! sweep ───────────┘                           └─▶ owe: tasks ─▶ claim ─▶ (worker) ─▶ settle
//! ```
//!
//! Each write is a [`Deed`] that the ledger's writer carries out together with waiting notices. A
//! device is changed under the lock of the number whose rights reach it, one without a number under
//! its own ([`holding`]); both engines then have one history for each device.
//!
//! A provider that brings about a state is told with each task what it should have on the device by now
//! (`read/wanted`), and may ask for a look at a later time (`retire`).
//!
//! Services with the provider `local` are in force at the commit that writes them. Their tasks tell
//! the story and are settled by the worker like any other.

pub(super) mod claim;
mod codes;
mod delivery;
mod devices;
mod draw;
mod duty;
pub(super) mod holding;
mod nonce;
mod owe;
mod redeem;
mod retire;
mod settle;
mod sweep;
mod tasks;
pub(super) mod watch;

use super::commit::{Done, Work};
use super::gateways::{self, Gateway};
use super::store::{Lock, Store};
use super::tables::Records;
pub use super::tables::breaker::Breaker;
use super::tables::nonce::NonceRow;
use super::{Ledger, NotKept, StoreError};
use crate::clock::Timestamp;
pub use crate::outbox::{Body, Outcome, Task, TaskAction, TaskId, TaskState};
pub use crate::service::wanted::Owner;
pub use crate::stock::{Code, CodeState};
pub use claim::{Claim, Claimed, Room, lease_token};
pub use codes::Added;
pub use devices::{Bind, Bound, Transfer, Transferred, Unbind, Unbound};
pub use draw::Drawn;
pub(super) use draw::Need;
pub use duty::{Duty, DutyWord};
pub use nonce::{NonceUse, Seen};
pub use redeem::{Redeem, Redeemed};
pub use settle::Settled;
pub use sweep::Swept;
pub use tasks::{TaskOperated, TaskOperation};

/// One write of fulfilment.
pub(super) enum Deed {
    Bind(Bind),
    Unbind(Unbind),
    Transfer(Transfer),
    Redeem(Redeem),
    Nonce(NonceUse),
    Duty(Duty),
    Tick(sweep::Tick),
    Claim(Claim),
    Settle { task: Box<Task>, outcome: Outcome, now: Timestamp },
    Operate { id: TaskId, operation: TaskOperation, now: Timestamp },
    Draw { task: Box<Task>, now: Timestamp },
    Add(Vec<Code>),
    Breaker(Breaker),
    Purge(Timestamp),
    Say(Gateway),
}

/// What became of one.
#[derive(Debug, Clone)]
pub(super) enum Fact {
    Bound(Bound),
    Unbound(Unbound),
    Transferred(Transferred),
    Redeemed(Box<Redeemed>),
    Nonce(Seen),
    Duty(bool),
    Claimed(Vec<Task>),
    Settled(Settled),
    Operated(TaskOperated),
    Drawn(Box<Drawn>),
    Added(Added),
    Done,
}

impl Deed {
    /// What it will certainly need for itself; more may turn out as it goes.
    pub(super) fn locks(&self) -> Vec<Lock> {
        match self {
            Self::Bind(bind) => bind.locks(),
            Self::Unbind(unbind) => vec![Lock::device(&unbind.device)],
            Self::Transfer(transfer) => vec![Lock::device(&transfer.to)],
            Self::Redeem(redeem) => redeem.locks(),
            Self::Nonce(nonce) => vec![Lock::text(&nonce.key())],
            Self::Duty(duty) => vec![Lock::text(&duty.name)],
            Self::Tick(tick) => vec![tick.lock()],
            Self::Breaker(breaker) => vec![Lock::text(&breaker.provider)],
            Self::Say(gateway) => vec![Lock::text(&gateway.name)],
            Self::Settle { task, .. } | Self::Draw { task, .. } => settle::locks(task),
            // Who adds a code must not write over one that another added, and that was used, meanwhile.
            Self::Add(_) => vec![Lock::text("codes into stock")],
            Self::Claim(claim) => claim.locks(),
            Self::Operate { .. } | Self::Purge(_) => Vec::new(),
        }
    }

    /// Whether a task may be due for it that was not before. What comes of a worker's own tasks it knows
    /// itself.
    fn may_owe(&self) -> bool {
        match self {
            Self::Bind(_) | Self::Unbind(_) | Self::Transfer(_) | Self::Redeem(_) => true,
            Self::Tick(_) | Self::Operate { .. } => true,
            Self::Settle { task, .. } => task.action == TaskAction::Redeem,
            Self::Nonce(_) | Self::Duty(_) | Self::Claim(_) | Self::Draw { .. } => false,
            Self::Add(_) | Self::Breaker(_) | Self::Purge(_) | Self::Say(_) => false,
        }
    }

    /// Whether it takes rows that others may hold.
    pub(super) fn goes_alone(&self) -> bool {
        matches!(self, Self::Claim(_) | Self::Draw { .. })
    }
}

/// Does one.
///
/// # Errors
/// The engine's; nothing has changed then.
pub(super) fn perform(store: &mut impl Store, deed: &Deed) -> Result<Fact, StoreError> {
    Ok(match deed {
        Deed::Bind(bind) => Fact::Bound(devices::bind(store, bind)?),
        Deed::Unbind(unbind) => Fact::Unbound(devices::unbind(store, unbind)?),
        Deed::Transfer(transfer) => Fact::Transferred(devices::transfer(store, transfer)?),
        Deed::Redeem(redeem) => Fact::Redeemed(Box::new(redeem::redeem(store, redeem)?)),
        Deed::Nonce(nonce) => Fact::Nonce(nonce::remember(store, nonce)?),
        Deed::Claim(claim) => Fact::Claimed(claim::claim(store, claim)?),
        Deed::Settle { task, outcome, now } => Fact::Settled(settle::settle(store, task, outcome, *now)?),
        Deed::Operate { id, operation, now } => Fact::Operated(tasks::operate(store, *id, *operation, *now)?),
        Deed::Draw { task, now } => Fact::Drawn(Box::new(draw::draw(store, task, *now)?)),
        Deed::Add(codes) => Fact::Added(codes::add(store, codes)?),
        Deed::Duty(duty) => Fact::Duty(duty::say(store, duty)?),
        Deed::Tick(tick) => done(sweep::tick(store, tick)?),
        Deed::Breaker(breaker) => done(store.save(breaker)?),
        Deed::Purge(until) => done(store.purge(&NonceRow::OLD, *until)?),
        Deed::Say(gateway) => done(gateways::say(store, gateway)?),
    })
}

fn done((): ()) -> Fact {
    Fact::Done
}

impl Ledger {
    /// Has the writer do one, in a commit that it shares with whatever else waits.
    pub(super) async fn deed(&self, deed: Deed) -> Result<Fact, NotKept> {
        let may_owe = deed.may_owe();
        let Done::Fulfilled(fact) = self.0.writer.submit(Work::Fulfil(Box::new(deed))).await? else {
            return Err(NotKept::Stopped);
        };
        if may_owe {
            self.0.owed.notify_one();
        }
        Ok(fact)
    }

    /// Has it do many, in their order and in shared commits.
    async fn deeds(&self, deeds: Vec<Deed>) -> Result<Vec<Fact>, NotKept> {
        let may_owe = deeds.iter().any(Deed::may_owe);
        let mut facts = Vec::with_capacity(deeds.len());
        let mut deeds = deeds.into_iter().peekable();
        while deeds.peek().is_some() {
            let some = deeds.by_ref().take(self.0.writer.together());
            let hand_over = |deed| self.0.writer.hand_over(Work::Fulfil(Box::new(deed)));
            for pending in some.map(hand_over).collect::<Result<Vec<_>, _>>()? {
                match pending.answer().await? {
                    Done::Fulfilled(fact) => facts.push(fact),
                    _ => return Err(NotKept::Stopped),
                }
            }
        }
        if may_owe {
            self.0.owed.notify_one();
        }
        Ok(facts)
    }

    /// Writes what a worker knows of a provider's health.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn keep_breaker(&self, breaker: Breaker) -> Result<(), NotKept> {
        self.deed(Deed::Breaker(breaker)).await.map(drop)
    }
}
