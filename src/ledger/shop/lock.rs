//! What changes of orders, payments and coupons wait for.

use crate::ledger::store::Lock;
use crate::order::id::CouponCode;
use crate::order::payment::Key;

/// An order, by its id: what it is, and what becomes of it.
pub(super) fn order(id: &str) -> Lock {
    Lock::text(&format!("order {id}"))
}

/// A payment: whether it is known.
pub(super) fn payment(key: &Key) -> Lock {
    Lock::text(&format!("payment {key}"))
}

/// A received coupon.
pub(super) fn coupon(code: &CouponCode) -> Lock {
    Lock::text(&format!("coupon {}", code.as_str()))
}

/// How many of a coupon there are, and who has them.
pub(super) fn stock(coupon: &str) -> Lock {
    Lock::text(&format!("coupons {coupon}"))
}
