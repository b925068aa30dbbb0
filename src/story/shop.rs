//! What camera apps bought, as operators see it: orders, payments and coupons.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::ledger::shop::Refunded;
use crate::order::coupon::{Coupon, CouponState, CouponStatus};
use crate::order::payment::Payment;
use crate::order::{Order, OrderState, Status};

/// An order.
#[derive(Debug, Serialize)]
pub struct OrderJson {
    /// Its id.
    pub id: String,
    user_account: String,
    device_id: String,
    package: String,
    name: String,
    amount: u64,
    discount: u64,
    payable: u64,
    currency: &'static str,
    coupon: Option<String>,
    state: &'static str,
    created_at: String,
    expires_at: String,
    ended_at: Option<String>,
    paid_at: Option<String>,
    pay_type: Option<String>,
    transaction: Option<String>,
    service_id: Option<String>,
}

/// A payment.
#[derive(Debug, Serialize)]
pub struct PaymentJson {
    pay_type: String,
    transaction: String,
    order_id: String,
    amount: Option<u64>,
    currency: Option<&'static str>,
    paid_at: String,
    received_at: String,
    count: i64,
    became: &'static str,
    refunded_at: Option<String>,
    /// What the next page begins after.
    #[serde(skip)]
    pub cursor: String,
}

/// A received coupon.
#[derive(Debug, Serialize)]
pub struct CouponJson {
    code: String,
    coupon: String,
    name: String,
    user_account: String,
    state: &'static str,
    order_id: Option<String>,
    received_at: String,
    starts_at: String,
    ends_at: String,
}

/// An order at a clock: one whose time is over is closed, whether or not that is written down.
#[must_use]
pub fn order(order: Order, now: Timestamp) -> OrderJson {
    let is_late = order.state == OrderState::Unpaid && order.status(now) == Status::Closed;
    let (state, ended_at) = match order.state {
        _ if is_late => ("closed", Some(order.expires_at)),
        OrderState::Closed(at) | OrderState::Refunded(_, at) => (order.state.word(), Some(at)),
        OrderState::Unpaid | OrderState::Paid(_) => (order.state.word(), None),
    };
    let settled = order.state.settled();
    let payment = settled.and_then(|settled| settled.payment.as_ref());
    let service = settled.and_then(|settled| settled.service.as_ref());
    OrderJson {
        id: order.id.as_str().to_owned(),
        user_account: order.account.in_full().to_owned(),
        device_id: order.device.as_str().to_owned(),
        amount: order.price.amount,
        discount: order.price.discount,
        payable: order.price.payable().minor,
        currency: order.price.currency.code(),
        coupon: order.coupon.as_ref().map(|code| code.as_str().to_owned()),
        state,
        created_at: order.created_at.rfc3339(),
        expires_at: order.expires_at.rfc3339(),
        ended_at: ended_at.map(Timestamp::rfc3339),
        paid_at: settled.map(|settled| settled.at.rfc3339()),
        pay_type: payment.map(|key| key.pay_type().to_owned()),
        transaction: payment.map(|key| key.transaction().to_owned()),
        service_id: service.map(|id| id.as_str().to_owned()),
        package: order.sold.package,
        name: order.sold.name,
    }
}

/// A payment as it was proven.
#[must_use]
pub fn payment(payment: Payment) -> PaymentJson {
    PaymentJson {
        cursor: payment.key.to_string(),
        pay_type: payment.key.pay_type().to_owned(),
        transaction: payment.key.transaction().to_owned(),
        order_id: payment.order,
        amount: payment.money.map(|money| money.minor),
        currency: payment.money.map(|money| money.currency.code()),
        paid_at: payment.paid_at.rfc3339(),
        received_at: payment.received_at.rfc3339(),
        count: payment.count,
        became: payment.became.word(),
        refunded_at: payment.refunded_at.map(Timestamp::rfc3339),
    }
}

/// A coupon at a clock.
#[must_use]
pub fn coupon(coupon: Coupon, now: Timestamp) -> CouponJson {
    let status = coupon.status(now);
    let order = match &coupon.state {
        CouponState::Used(order) => Some(order),
        CouponState::Held(order, _) if status == CouponStatus::Held => Some(order),
        CouponState::Held(..) | CouponState::Unused => None,
    };
    CouponJson {
        code: coupon.code.as_str().to_owned(),
        user_account: coupon.account.in_full().to_owned(),
        state: match status {
            CouponStatus::Unused => "unused",
            CouponStatus::Used => "used",
            CouponStatus::Expired => "expired",
            CouponStatus::Held => "held",
        },
        order_id: order.map(|id| id.as_str().to_owned()),
        received_at: coupon.received_at.rfc3339(),
        starts_at: Timestamp(coupon.terms.starts_at).rfc3339(),
        ends_at: Timestamp(coupon.terms.ends_at).rfc3339(),
        coupon: coupon.terms.id,
        name: coupon.terms.name,
    }
}

/// Why nothing was marked as paid back.
#[must_use]
pub fn not_refunded(refused: &Refunded) -> String {
    match refused {
        Refunded::NoSuch => "there is no such order or payment".to_owned(),
        Refunded::Already => "it is marked as paid back already".to_owned(),
        Refunded::NotPaid => "the order was never paid".to_owned(),
        Refunded::Settled(order) => format!("the payment settled order {order}: refund that"),
        Refunded::Order(_) | Refunded::Payment(_) => "it is marked as paid back".to_owned(),
    }
}
