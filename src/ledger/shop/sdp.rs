//! An order that the carrier is paid for: a register that takes effect for a number and an offer settles the oldest
//! open order, without a coupon, for a package with that offer on one of the number's devices. The order adds no
//! service: it is the right's own. One notice settles one order, however often it is judged again; making folds again
//! settles none.

use super::lock;
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::fulfil::holding::{Holds, states};
use crate::ledger::records::{Records, Writes};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::tables::each;
use crate::ledger::tables::order::sdp_for;
use crate::order::payment::{Became, Key, Payment};
use crate::order::{Order, Settled};
use crate::service::Service;
use crate::service::source::{ServiceId, Source};
use crate::subscription::ServiceState;
use crate::subscription::entitlement::entitlements;

/// How apps call paying the carrier.
const PAY_TYPE: &str = "sdp";

/// Settles the order that a notice pays, if there is one. The number's rights are on its devices by now.
///
/// # Errors
/// The engine's.
pub(in crate::ledger) fn settle(
    store: &mut (impl Holds + Writes<Order> + Writes<Payment>),
    number: &Msisdn,
    offer: &str,
    because: NoticeId,
    now: Timestamp,
) -> Result<(), StoreError> {
    if !store.has_devices(number)? {
        return Ok(());
    }
    let devices: Vec<DeviceRow> = store.list("msisdn", number.in_full())?;
    let mut open = Vec::new();
    for (orders, device) in each(&devices, |device| waiting(store, device, offer))?.into_iter().zip(&devices)
    {
        let theirs = orders
            .into_iter()
            .filter(|order| order.is_open(now) && device.account.as_ref() == Some(&order.account));
        open.extend(theirs);
    }
    if open.is_empty() {
        return Ok(());
    }
    let key = Key::of(PAY_TYPE, &because.to_string());
    if store.get::<Payment>(key.to_string())?.is_some() {
        return Ok(());
    }
    let rights = rights(number, &states(store, number)?, offer);
    let services = each(&open, |order| attached(store, order, &rights))?;
    // On a device that has the right before one that it did not reach.
    let first = open
        .into_iter()
        .zip(services)
        .min_by_key(|(order, service)| (service.is_none(), order.created_at, order.id.clone()));
    let Some((order, service)) = first else { return Ok(()) };
    store.lock(lock::order(order.id.as_str()))?;
    store.save(&Payment {
        key: key.clone(),
        order: order.id.as_str().to_owned(),
        money: None,
        paid_at: now,
        received_at: now,
        count: 1,
        became: Became::Settled,
        refunded_at: None,
    })?;
    store.save(&order.paid(Settled { at: now, payment: Some(key), service }, now)?)
}

fn waiting(
    store: &mut impl Writes<Order>,
    device: &DeviceRow,
    offer: &str,
) -> Result<Vec<Order>, StoreError> {
    store.list("sdp_for", sdp_for(&device.id, offer))
}

/// The ids of all rights that a number has, or had, of an offer.
fn rights(number: &Msisdn, states: &[ServiceState], offer: &str) -> Vec<String> {
    // Seen from the end of time every run has begun.
    let end_of_time = Timestamp(i64::MAX);
    let all = states.iter().flat_map(|state| entitlements(number, state, end_of_time, end_of_time));
    all.filter(|right| right.offer == offer).map(|right| right.id).collect()
}

/// The service of one of the rights on an order's device.
fn attached(
    store: &mut impl Holds,
    order: &Order,
    rights: &[String],
) -> Result<Option<ServiceId>, StoreError> {
    let services: Vec<Service> = store.list("open_on", order.device.as_str())?;
    let is_of =
        |service: &&Service| matches!(&service.source, Source::Entitlement(id) if rights.contains(id));
    Ok(services.iter().filter(|service| service.is_attached()).find(is_of).map(|service| service.id.clone()))
}
