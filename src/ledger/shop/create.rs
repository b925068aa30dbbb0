//! An order made: one package for one device of an account, which may hold a coupon. Where nothing is left to pay it
//! is paid at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{close, give, lock};
use crate::catalog::Package;
use crate::clock::{Timestamp, Zone};
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::commit::Deed;
use crate::ledger::fulfil::holding::Holds;
use crate::ledger::records::{Records, Writes};
use crate::ledger::store::{Lock, Locks, Store};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Rules, StoreError};
use crate::order::coupon::{Coupon, CouponState, Terms};
use crate::order::id::{CouponCode, OrderId};
use crate::order::price::Price;
use crate::order::sold::Sold;
use crate::order::{Order, OrderState, Settled};

/// An order to make.
#[derive(Debug, Clone)]
pub struct CreateOrder {
    /// What it is to be called: random, of this call alone ([`OrderId::draw`]).
    pub id: OrderId,
    /// By whom.
    pub account: UserAccount,
    /// For which device.
    pub device: DeviceId,
    /// Of what, as the catalog has it now.
    pub package: Package,
    /// What is to reduce its price.
    pub coupon: Option<CouponCode>,
    /// By whose calendar its term is counted.
    pub zone: Zone,
    /// The time.
    pub now: Timestamp,
    /// For how long it can be paid, in milliseconds.
    pub ttl_ms: i64,
    /// The remote providers that can stop and resume what was paid.
    pub pausing: Arc<BTreeSet<String>>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    /// It is made; paid already where nothing is left to pay.
    Order(Box<Order>),
    /// The device is bound to nobody, or to another tenant's account.
    NoDevice,
    /// The device is bound to another account.
    AnotherAccount,
    /// The account has no such coupon.
    NoCoupon,
    /// The coupon is used, held by another order, not in its time, or not for this package.
    NotForThis,
}

impl Deed for CreateOrder {
    type Answer = Created;

    fn locks(&self) -> Vec<Lock> {
        self.coupon.iter().map(lock::coupon).collect()
    }

    fn may_owe(&self, created: &Created) -> bool {
        matches!(created, Created::Order(order) if order.state != OrderState::Unpaid)
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<Created, StoreError> {
        create(store, self)
    }
}

fn create(
    store: &mut (impl Holds + Writes<Order> + Writes<Coupon>),
    asked: &CreateOrder,
) -> Result<Created, StoreError> {
    let row: Option<DeviceRow> = store.get(asked.device.as_str())?;
    match row.and_then(|row| row.account) {
        Some(account) if account == asked.account => {}
        Some(account) if account.tenant() == asked.account.tenant() => return Ok(Created::AnotherAccount),
        _ => return Ok(Created::NoDevice),
    }
    let coupon = match &asked.coupon {
        None => None,
        Some(code) => match free(store, asked, code)? {
            Ok(coupon) => Some(coupon),
            Err(refused) => return Ok(refused),
        },
    };
    let discount = coupon.as_ref().and_then(|coupon| coupon.terms.discount_on(&asked.package)).unwrap_or(0);
    let terms: Option<Terms> = coupon.as_ref().map(|coupon| coupon.terms.clone());
    let order = Order {
        id: asked.id.clone(),
        account: asked.account.clone(),
        device: asked.device.clone(),
        sold: Sold::of(&asked.package, terms, asked.zone),
        price: Price::of(asked.package.price, discount),
        coupon: asked.coupon.clone(),
        created_at: asked.now,
        expires_at: asked.now.plus_ms(asked.ttl_ms),
        state: OrderState::Unpaid,
    };
    let order = if order.price.payable().minor == 0 { paid(store, order, asked)? } else { order };
    if let Some(coupon) = coupon {
        let id = order.id.clone();
        let is_open = order.state == OrderState::Unpaid;
        store.save(&if is_open { coupon.held(id, order.expires_at) } else { coupon.used(id) })?;
    }
    store.save(&order)?;
    Ok(Created::Order(Box::new(order)))
}

/// The coupon, where it can be used for this order. One whose order's time is over is taken from it first.
fn free(
    store: &mut (impl Locks + Writes<Order> + Writes<Coupon>),
    asked: &CreateOrder,
    code: &CouponCode,
) -> Result<Result<Coupon, Created>, StoreError> {
    store.lock(lock::coupon(code))?;
    let is_theirs = |coupon: &Coupon| coupon.account == asked.account;
    let Some(coupon) = store.get::<Coupon>(code.as_str())?.filter(is_theirs) else {
        return Ok(Err(Created::NoCoupon));
    };
    if coupon.discount_on(&asked.package, asked.now).is_none() {
        return Ok(Err(Created::NotForThis));
    }
    if let CouponState::Held(order, _) = &coupon.state {
        close::close(store, order.as_str(), asked.now)?;
    }
    Ok(Ok(coupon))
}

/// Nothing is left to pay.
fn paid(store: &mut impl Holds, order: Order, asked: &CreateOrder) -> Result<Order, StoreError> {
    let service = Some(give::give(store, &order, &asked.pausing, asked.now)?);
    Ok(Order { state: OrderState::Paid(Settled { at: asked.now, payment: None, service }), ..order })
}
