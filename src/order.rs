//! What apps sell, once somebody buys it: orders, coupons and payments, each with its life. Pure: no I/O, no SQL, no
//! HTTP, and `now` is an argument. Leaves what is sold to the catalog, what is in force on a device to
//! [`crate::service`], and how payments are made and proven to others.
//!
//! ```text
//! package, coupon ──price──▶ unpaid ──judge(payment)──▶ paid ──▶ its service runs, or is frozen
//!                              │                          │
//!                              └─ time ─▶ closed          └─ by hand ─▶ refunded
//! ```
//!
//! Files, in reading order: [`id`] (names that nobody guesses), [`sold`] (what an order was made under), [`price`],
//! [`coupon`], [`life`] (an order's steps), [`payment`] (what a payment does to its order), [`term`] (until when what
//! was bought lasts).

pub mod coupon;
pub mod id;
pub mod life;
pub mod payment;
pub mod price;
pub mod sold;
pub mod term;

use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::service::source::ServiceId;
use id::{CouponCode, OrderId};
use price::Price;
use sold::Sold;

/// One package for one device, ordered once.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Nobody guesses it; what payment systems know it by.
    pub id: OrderId,
    /// Whose it is, and of which tenant.
    pub account: UserAccount,
    /// For which device. What is paid may be moved to another afterwards; the order stays this one's.
    pub device: DeviceId,
    /// What it was made under, whatever the catalog says since.
    pub sold: Sold,
    /// What it costs.
    pub price: Price,
    /// The coupon that it holds, or used.
    pub coupon: Option<CouponCode>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be paid, exclusively.
    pub expires_at: Timestamp,
    /// What became of it.
    pub state: OrderState,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderState {
    /// Nothing yet: it is open until its time is over.
    Unpaid,
    /// It can be paid no more.
    Closed(Timestamp),
    /// It is paid.
    Paid(Settled),
    /// It was paid, and the money went back at that time.
    Refunded(Settled, Timestamp),
}

/// How an order was paid, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// When, by whoever was paid.
    pub at: Timestamp,
    /// The payment; none where nothing was left to pay.
    pub payment: Option<payment::Key>,
    /// What it gave: a service of its own, or the right's that the carrier sold. None where that right is not on the
    /// device.
    pub service: Option<ServiceId>,
}

/// What an app sees of an order's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Paid.
    Paid,
    /// Waits to be paid.
    Unpaid,
    /// Can be paid no more, or was refunded.
    Closed,
}
