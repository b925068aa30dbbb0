//! Money that an operator paid back, outside: the order is marked, its service ends wherever it is by now, or the kept
//! payment is marked; with who did it and why.

use super::lock;
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::ledger::audit::{Mark, mark};
use crate::ledger::commit::Deed;
use crate::ledger::fulfil::delivery::revoke;
use crate::ledger::fulfil::holding::Holds;
use crate::ledger::records::{Records, Writes};
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::audit::{Action, Audit};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{By, Rules, StoreError};
use crate::order::id::OrderId;
use crate::order::payment::{Became, Key, Payment};
use crate::order::{Order, OrderState};

/// What was paid back.
#[derive(Debug, Clone)]
pub struct Refund {
    /// What.
    pub what: What,
    /// Who did it, and why.
    pub by: By,
    /// The time.
    pub now: Timestamp,
}

/// What can be paid back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// An order that was paid, with the payment that settled it.
    Order(OrderId),
    /// A payment that settled no order.
    Payment(Key),
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Refunded {
    /// The order is marked, and its service over.
    Order(Box<Order>),
    /// The payment is marked.
    Payment(Payment),
    /// There is no such order, or payment.
    NoSuch,
    /// It was marked already.
    Already,
    /// The order was never paid.
    NotPaid,
    /// The payment settled this order: that is what is to be refunded.
    Settled(String),
}

impl Deed for Refund {
    type Answer = Refunded;

    fn locks(&self) -> Vec<Lock> {
        vec![match &self.what {
            What::Order(id) => lock::order(id.as_str()),
            What::Payment(key) => lock::payment(key),
        }]
    }

    fn may_owe(&self, refunded: &Refunded) -> bool {
        matches!(refunded, Refunded::Order(_))
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<Refunded, StoreError> {
        for lock in self.locks() {
            store.lock(lock)?;
        }
        match &self.what {
            What::Order(id) => order(store, self, id),
            What::Payment(key) => payment(store, self, key),
        }
    }
}

fn order(
    store: &mut (impl Holds + Writes<Order> + Writes<Payment> + Writes<Audit>),
    asked: &Refund,
    id: &OrderId,
) -> Result<Refunded, StoreError> {
    let Some(order) = store.get::<Order>(id.as_str())? else { return Ok(Refunded::NoSuch) };
    let settled = match &order.state {
        OrderState::Paid(settled) => settled.clone(),
        OrderState::Refunded(..) => return Ok(Refunded::Already),
        OrderState::Unpaid | OrderState::Closed(_) => return Ok(Refunded::NotPaid),
    };
    if let Some(service) = &settled.service {
        revoke(store, service, asked.now)?;
    }
    if let Some(key) = &settled.payment {
        store.lock(lock::payment(key))?;
        if let Some(payment) = store.get::<Payment>(key.to_string())? {
            store.save(&Payment { refunded_at: Some(asked.now), ..payment })?;
        }
    }
    let row: Option<DeviceRow> = store.get(order.device.as_str())?;
    let number = row.and_then(|row| row.msisdn);
    let before = order_in_words(&order);
    let order = order.refunded(asked.now)?;
    let after = order_in_words(&order);
    write(store, asked, number.as_ref(), format!("order {id}"), [before, after])?;
    store.save(&order)?;
    Ok(Refunded::Order(Box::new(order)))
}

fn payment(
    store: &mut (impl Writes<Payment> + Writes<Audit>),
    asked: &Refund,
    key: &Key,
) -> Result<Refunded, StoreError> {
    let Some(payment) = store.get::<Payment>(key.to_string())? else { return Ok(Refunded::NoSuch) };
    if payment.became == Became::Settled {
        return Ok(Refunded::Settled(payment.order));
    }
    if payment.refunded_at.is_some() {
        return Ok(Refunded::Already);
    }
    let before = format!("kept: {}, for order {}", payment.became.word(), payment.order);
    let payment = Payment { refunded_at: Some(asked.now), ..payment };
    write(store, asked, None, format!("payment {key}"), [before, "refunded".to_owned()])?;
    store.save(&payment)?;
    Ok(Refunded::Payment(payment))
}

fn order_in_words(order: &Order) -> String {
    let service = order.state.settled().and_then(|settled| settled.service.as_ref());
    let service = service.map(|id| format!(", service {id}")).unwrap_or_default();
    let price = order.price.payable();
    format!(
        "{}: {} for {} {}{service}",
        order.state.word(),
        order.sold.package,
        price.minor,
        price.currency.code()
    )
}

fn write(
    store: &mut impl Writes<Audit>,
    asked: &Refund,
    number: Option<&Msisdn>,
    about: String,
    [before, after]: [String; 2],
) -> Result<(), StoreError> {
    let (by, now) = (&asked.by, asked.now);
    mark(store, Mark { action: Action::Refund, by, number, about, before, after, now })
}
