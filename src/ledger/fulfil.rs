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
//! Each verb is a file: what is asked, what comes of it, and how the ledger's writer does it
//! ([`Deed`](super::Deed)), together with waiting notices; the tables that it reads and writes stand in its bounds
//! ([`super::records`]). A device is changed under the lock of the number whose rights reach it, one without a
//! number under its own ([`holding`]); both engines then have one history for each device.
//!
//! A provider that brings about a state is told with each task what it should have on the device by now
//! (`read/wanted`), and may ask for a look at a later time (`retire`).
//!
//! Services with the provider `local` are in force at the commit that writes them. Their tasks tell
//! the story and are settled by the worker like any other.

mod bind;
mod breaker;
mod claim;
mod codes;
pub(super) mod delivery;
mod draw;
pub(super) mod holding;
mod nonce;
mod owe;
mod periodic;
mod redeem;
mod retire;
mod settle;
mod sweep;
mod tasks;
mod tenancy;
mod transfer;
mod unbind;
mod voucher;
pub(super) mod watch;

use crate::outbox::{Body, Settlement, Task, TaskAction, TaskId, TaskState};
use crate::stock::{Code, CodeState};
pub use bind::{Bind, Bound};
pub use breaker::Breaker;
pub use claim::{Claim, Claimed, Room, lease_token};
pub use codes::Added;
pub use draw::{Draw, Drawn};
pub use nonce::{NonceUse, Seen};
pub use periodic::{JobWord, PeriodicJob};
pub use redeem::{Redeem, Redeemed};
pub use settle::{Settle, Settled};
pub use sweep::Swept;
pub use tasks::{OperateTask, TaskOperated, TaskOperation};
pub use transfer::{Transfer, Transferred};
pub use unbind::{Unbind, Unbound};
pub use voucher::{UseVoucher, VoucherUsed};
