//! Entitlements that are delivered as a code: one from stock when the entitlement begins; withdrawn,
//! with the service it became, when a notice ends it.

use super::holding::{Holding, Holds, cycle_days_min};
use super::owe::{self, keep};
use super::{Body, Code, CodeState, Task, TaskAction};
use crate::catalog::Delivery;
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::records::{Reads, Records, Writes};
use crate::ledger::tables::device::DeviceRow;
use crate::outbox::Owed;
use crate::service::Service;
use crate::service::right::{Right, code_rights};
use crate::service::source::ServiceId;
use crate::subscription::ServiceState;
use crate::subscription::terms::Terms;

/// Whether terms grant anything as a code.
pub(super) fn is_by_code(terms: &Terms) -> bool {
    terms.grants.iter().any(|grant| grant.delivery == Delivery::Code)
}

/// Has codes issued for what begins, and withdrawn for what ends.
///
/// # Errors
/// The engine's.
pub(super) fn deliver(
    store: &mut impl Holds,
    number: &Msisdn,
    [before, after]: [&[ServiceState]; 2],
    because: NoticeId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (old, new) = (code_rights(number, before, now), code_rights(number, after, now));
    let lacks = |rights: &[Right], right: &Right| rights.iter().all(|r| r.entitlement != right.entitlement);
    for right in old.iter().filter(|right| lacks(&new, right)) {
        withdraw(store, &right.entitlement, now)?;
    }
    for right in new.iter().filter(|right| lacks(&old, right)) {
        let days_min = cycle_days_min(number, after, &right.entitlement);
        owe_code(store, number, right, days_min, because, now)?;
    }
    Ok(())
}

fn owe_code(
    store: &mut (impl Writes<Task> + Reads<Code>),
    number: &Msisdn,
    right: &Right,
    days_min: u32,
    because: NoticeId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let codes: Vec<Code> = store.list("entitlement", &right.entitlement)?;
    if codes.iter().any(Code::is_good) {
        return Ok(());
    }
    let owed = Owed {
        provider: right.plan.provider.clone(),
        action: TaskAction::Issue,
        msisdn: Some(number.clone()),
        account: None,
        device_id: None,
        service_id: None,
        entitlement: Some(right.entitlement.clone()),
        body: Body {
            notice: Some(because.0),
            ..Body::of(&right.plan, days_min, right.window.starts_at, right.window.lapses_at)
        },
        code_key: None,
        doubt: false,
    };
    owe::write(store, owed, right.begins_at.max(now), now)
}

fn withdraw(store: &mut impl Holds, entitlement: &str, now: Timestamp) -> Result<(), StoreError> {
    // One that is being carried out too: that reaches nobody but the ledger, which refuses it then.
    for task in store.list::<Task>("open_on", format!("/{entitlement}"))? {
        keep(store, &task.superseded(now)?, now)?;
    }
    for code in store.list::<Code>("entitlement", entitlement)? {
        match (code.state, &code.service_id) {
            (CodeState::Used, Some(service)) => revoke(store, service, now)?,
            _ => code.withdrawn().map_or(Ok(()), |code| store.save(&code))?,
        }
    }
    Ok(())
}

/// Ends the service that a withdrawn code, or an order that is paid back, became. A right's is left alone.
///
/// # Errors
/// The engine's.
pub(in crate::ledger) fn revoke(
    store: &mut impl Holds,
    id: &ServiceId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(service) = store.get::<Service>(id.as_str())? else { return Ok(()) };
    let Some(row) = store.get::<DeviceRow>(service.device.as_str())? else { return Ok(()) };
    let mut holding = Holding::of_device(store, row, now)?;
    holding.now.revoke(id, now);
    holding.save(store)
}
