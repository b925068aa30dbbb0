//! A payment that was proven: it settles its order exactly once, whatever repeats, races or comes late, or it is kept
//! for an operator to look at.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{close, give, lock};
use crate::clock::Timestamp;
use crate::ledger::commit::Deed;
use crate::ledger::fulfil::holding::Holds;
use crate::ledger::records::{Records, Writes};
use crate::ledger::store::{Lock, Store};
use crate::ledger::{Rules, StoreError};
use crate::money::{Currency, Stated};
use crate::order::coupon::Coupon;
use crate::order::payment::{Became, Key, Payment, Why, judge, plain};
use crate::order::{Order, Settled};
use crate::service::source::ServiceId;

/// A payment that its provider has proven to be true.
#[derive(Debug, Clone)]
pub struct SettlePayment {
    /// What it is known by: it counts once.
    pub key: Key,
    /// The order that it names.
    pub order: String,
    /// How much.
    pub money: Stated,
    /// When it was made, as its provider says.
    pub paid_at: Timestamp,
    /// The time.
    pub now: Timestamp,
    /// The remote providers that can stop and resume what was paid.
    pub pausing: Arc<BTreeSet<String>>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// The order is paid, and this service written.
    Settled(ServiceId),
    /// It was known, and did this then.
    Repeated(Became),
    /// It settles nothing, and is kept.
    Kept(Why),
}

impl Deed for SettlePayment {
    type Answer = Taken;

    fn locks(&self) -> Vec<Lock> {
        vec![lock::payment(&self.key), lock::order(&plain(&self.order))]
    }

    fn may_owe(&self, taken: &Taken) -> bool {
        matches!(taken, Taken::Settled(_))
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<Taken, StoreError> {
        settle(store, self)
    }
}

fn settle(
    store: &mut (impl Holds + Writes<Order> + Writes<Payment> + Writes<Coupon>),
    proven: &SettlePayment,
) -> Result<Taken, StoreError> {
    for lock in proven.locks() {
        store.lock(lock)?;
    }
    let name = plain(&proven.order);
    let (known, order) = (store.get::<Payment>(proven.key.to_string()), store.get::<Order>(&name));
    let (known, order) = (known?, order?);
    if let Some(known) = known {
        let became = known.became;
        store.save(&Payment { count: known.count.saturating_add(1), ..known })?;
        return Ok(Taken::Repeated(became));
    }
    // In the currency that was to be paid where none is named; of an unknown order, in the one that is most often meant.
    let currency = order.as_ref().map_or(Currency::Cny, |order| order.price.currency);
    let money = proven.money.money(currency);
    let judged = judge(order.as_ref(), money, proven.now);
    let taken = match (judged, order) {
        (Ok(()), Some(order)) => Taken::Settled(pay(store, order, proven)?),
        (Ok(()), None) => Taken::Kept(Why::Unknown),
        (Err(why), _) => Taken::Kept(why),
    };
    if taken == Taken::Kept(Why::Closed) {
        close::close(store, &name, proven.now)?;
    }
    store.save(&Payment {
        key: proven.key.clone(),
        order: name,
        money,
        paid_at: proven.paid_at,
        received_at: proven.now,
        count: 1,
        became: if let Taken::Kept(why) = taken { Became::Kept(why) } else { Became::Settled },
        refunded_at: None,
    })?;
    Ok(taken)
}

/// The order is paid: its service is written, and its coupon used.
fn pay(
    store: &mut (impl Holds + Writes<Order> + Writes<Coupon>),
    order: Order,
    proven: &SettlePayment,
) -> Result<ServiceId, StoreError> {
    let service = give::give(store, &order, &proven.pausing, proven.now)?;
    if let Some(code) = &order.coupon {
        store.lock(lock::coupon(code))?;
        if let Some(coupon) = store.get::<Coupon>(code.as_str())? {
            store.save(&coupon.used(order.id.clone()))?;
        }
    }
    let settled =
        Settled { at: proven.paid_at, payment: Some(proven.key.clone()), service: Some(service.clone()) };
    store.save(&order.paid(settled, proven.now)?)?;
    Ok(service)
}
