//! A device unbound: rights on it end, what was paid freezes there.

use super::holding::{Holding, Holds};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Tenant};
use crate::ledger::commit::Deed;
use crate::ledger::records::Records;
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Rules, StoreError};
use crate::service::wanted::Owner;

/// A device to unbind.
#[derive(Debug, Clone)]
pub struct Unbind {
    /// Which.
    pub device: DeviceId,
    /// By whom it must be bound.
    pub owner: Owner,
    /// Whose the account must be that has it; none: no tenant's.
    pub tenant: Option<Tenant>,
    /// The time.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unbound {
    /// It was bound, and is not any more.
    Unbound,
    /// It was not bound by that owner: nothing changed.
    NotBound,
}

impl Deed for Unbind {
    type Answer = Unbound;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::device(&self.device)]
    }

    fn may_owe(&self, _: &Unbound) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<Unbound, StoreError> {
        unbind(store, self)
    }
}

fn unbind(store: &mut impl Holds, unbind: &Unbind) -> Result<Unbound, StoreError> {
    store.lock(Lock::device(&unbind.device))?;
    let known: Option<DeviceRow> = store.get(unbind.device.as_str())?;
    let is_theirs = |row: &DeviceRow| match (&unbind.owner, &row.account) {
        (Owner::Number(number), Some(account)) => {
            row.msisdn.as_ref() == Some(number)
                && account.tenant() == unbind.tenant.as_ref().map(Tenant::as_str)
        }
        (Owner::Account(asked), Some(account)) => account == asked,
        (_, None) => false,
    };
    let Some(row) = known.filter(is_theirs) else { return Ok(Unbound::NotBound) };
    let mut holding = Holding::of_device(store, row.clone(), unbind.now)?;
    holding.now.unbind(&unbind.device, unbind.now);
    holding.keep(DeviceRow { msisdn: None, account: None, bound_at: None, ..row });
    holding.save(store)?;
    Ok(Unbound::Unbound)
}
