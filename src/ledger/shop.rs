//! What camera apps sell, in the ledger: orders, the payments that settle them or are kept, coupons and how many of
//! each are left. The rules are [`crate::order`]'s; here they meet rows, transactions and locks, once for both
//! engines. Beside [`super::fulfil`], not in it: that is what becomes of devices, whoever caused it; this is who
//! ordered and paid, and it has a service written ([`give`]) once for each order that was paid.
//!
//! ```text
//! create ──▶ order, coupon held ──┬─ settle (a payment) ─▶ paid ─▶ give: service ─┐
//!                                 ├─ sdp (a notice) ─────▶ paid, the right's own   ├─ refund (by hand)
//!                                 └─ close (time) ───────▶ coupon back            ─┘
//! ```
//!
//! Each verb is a file, as in `fulfil`. An order is changed under its own lock, a coupon under its own, what is left
//! of one under that coupon's ([`lock`]); a server has them all before anything is read.

mod close;
mod create;
mod give;
mod lock;
mod receive;
mod refund;
pub(super) mod sdp;
mod settle;

pub use create::{CreateOrder, Created};
pub use receive::{ReceiveCoupons, Received, Wanted};
pub use refund::{Refund, Refunded, What};
pub use settle::{SettlePayment, Taken};
