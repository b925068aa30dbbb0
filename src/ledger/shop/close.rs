//! Orders whose time is over, written down as closed, their coupons given back. What is asked of one meanwhile knows
//! the clock, so that it makes no difference when this comes by.

use super::lock;
use crate::clock::Timestamp;
use crate::ledger::commit::Deed;
use crate::ledger::records::{Records, Writes};
use crate::ledger::store::{Lock, Locks, Store};
use crate::ledger::{Ledger, NotKept, Rules, StoreError};
use crate::order::Order;
use crate::order::coupon::Coupon;
use crate::order::id::OrderId;

/// Orders closed in one commit: notices wait for it.
const TOGETHER: usize = 64;

/// An order to close, if its time is over.
struct Close {
    order: OrderId,
    now: Timestamp,
}

impl Deed for Close {
    type Answer = ();

    fn locks(&self) -> Vec<Lock> {
        vec![lock::order(self.order.as_str())]
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<(), StoreError> {
        close(store, self.order.as_str(), self.now)
    }
}

/// Closes an order and gives its coupon back, if its time is over and nobody has yet.
///
/// # Errors
/// The engine's.
pub(super) fn close(
    store: &mut (impl Locks + Writes<Order> + Writes<Coupon>),
    id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    store.lock(lock::order(id))?;
    let Some(order) = store.get::<Order>(id)? else { return Ok(()) };
    let Ok(order) = order.closed(now) else { return Ok(()) };
    if let Some(code) = &order.coupon {
        store.lock(lock::coupon(code))?;
        if let Some(coupon) = store.get::<Coupon>(code.as_str())? {
            store.save(&coupon.released(&order.id))?;
        }
    }
    store.save(&order)
}

impl Ledger {
    /// Closes up to so many orders whose time is over at `now`, in small commits; tells whether there may be more.
    ///
    /// # Errors
    /// [`NotKept`] from the first that failed; those before it are done.
    pub(in crate::ledger) async fn close_orders(
        &self,
        now: Timestamp,
        orders_max: u32,
    ) -> Result<bool, NotKept> {
        let tail = "WHERE due_at IS NOT NULL AND due_at <= $1 ORDER BY due_at LIMIT $2";
        let due: Vec<Order> = self.select(tail, vec![now.into(), orders_max.into()]).await?;
        let more = due.len() >= usize::try_from(orders_max).unwrap_or(usize::MAX);
        let mut closes = due.into_iter().map(|order| Close { order: order.id, now }).peekable();
        while closes.peek().is_some() {
            self.write_all(closes.by_ref().take(TOGETHER)).await?;
        }
        Ok(more)
    }
}
