//! What an order that was paid gives: one service, on its device. Also where that was unbound or bound to another
//! account meanwhile: then it is time of the order's account that is frozen there, and may be transferred.

use std::collections::BTreeSet;

use crate::clock::Timestamp;
use crate::ledger::StoreError;
use crate::ledger::fulfil::holding::{Holding, Holds};
use crate::ledger::records::Records;
use crate::ledger::store::Lock;
use crate::ledger::tables::device::DeviceRow;
use crate::order::Order;
use crate::service::LOCAL_PROVIDER;
use crate::service::holdings::Purchase;
use crate::service::source::{ServiceId, Source};

/// Writes the service of an order. How many milliseconds it holds is fixed here: the term is counted by the calendar
/// from the start that it can expect, behind what its account has left on the device of that kind.
///
/// # Errors
/// The engine's; also where the device is not there, which are kept for ever.
pub(super) fn give(
    store: &mut impl Holds,
    order: &Order,
    pausing: &BTreeSet<String>,
    now: Timestamp,
) -> Result<ServiceId, StoreError> {
    store.lock(Lock::device(&order.device))?;
    let row: Option<DeviceRow> = store.get(order.device.as_str())?;
    let missing = || StoreError::broken(format!("order {} is for a device that is not there", order.id));
    let mut holding = Holding::of_device(store, row.ok_or_else(missing)?, now)?;
    holding.now.advance(now);
    let plan = order.sold.plan();
    let start = holding.now.expected_start(&order.device, &order.account, plan.kind, now);
    let purchase = Purchase {
        source: Source::Order(order.id.as_str().to_owned()),
        granted_ms: order.sold.length_ms(start),
        pausable: plan.provider == LOCAL_PROVIDER || pausing.contains(&plan.provider),
        plan,
    };
    let given = holding.now.grant(&order.device, order.account.clone(), purchase, now);
    let id = given.map_err(|why| StoreError::broken(format!("order {} gives nothing: {why}", order.id)))?;
    holding.save(store)?;
    Ok(id)
}
