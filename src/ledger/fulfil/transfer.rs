//! What was paid moved to another device, with the time that it has left, last in the queue there.

use super::holding::{Holding, Holds};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::commit::Deed;
use crate::ledger::records::{Records, Writes};
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::tables::transfer::Moved;
use crate::ledger::{Rules, StoreError};
use crate::service::Service;
use crate::service::holdings::{Holdings, Refused};
use crate::service::source::ServiceId;

/// A paid service to move to another device of its account. Where it is there already nothing changes.
#[derive(Debug, Clone)]
pub struct Transfer {
    /// Which.
    pub service: ServiceId,
    /// Where to.
    pub to: DeviceId,
    /// Whose the service must be.
    pub account: UserAccount,
    /// The time.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transferred {
    /// It is there, now or already.
    Moved,
    /// Nothing changed.
    Refused(Refused),
}

impl Deed for Transfer {
    type Answer = Transferred;

    fn locks(&self) -> Vec<Lock> {
        // Where the service is follows from its row: nobody else may move it meanwhile.
        vec![Lock::text(self.service.as_str()), Lock::device(&self.to)]
    }

    fn may_owe(&self, _: &Transferred) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<Transferred, StoreError> {
        transfer(store, self)
    }
}

fn transfer(
    store: &mut (impl Holds + Writes<Moved>),
    transfer: &Transfer,
) -> Result<Transferred, StoreError> {
    let refused = |why| Ok(Transferred::Refused(why));
    for lock in transfer.locks() {
        store.lock(lock)?;
    }
    let service: Option<Service> = store.get(transfer.service.as_str())?;
    let is_own = |service: &Service| service.is_live() && service.account == transfer.account;
    let Some(service) = service.filter(is_own) else { return refused(Refused::NoSuchService) };
    store.lock(Lock::device(&service.device))?;
    let from: Option<DeviceRow> = store.get(service.device.as_str())?;
    let to: Option<DeviceRow> = store.get(transfer.to.as_str())?;
    let (Some(from), Some(to)) = (from, to) else { return refused(Refused::NotBound) };
    let is_one = from.id == to.id || from.msisdn.is_some() && from.msisdn == to.msisdn;
    let mut source = Holding::of_device(store, from, transfer.now)?;
    let mut target = if is_one { None } else { Some(Holding::of_device(store, to, transfer.now)?) };
    let into = target.as_ref().map_or(&source.now, |target| &target.now);
    if let Err(why) = may_take(into, transfer) {
        return refused(why);
    }
    source.now.advance(transfer.now);
    match source.now.service(&transfer.service) {
        Some(found) if found.is_attached() => return refused(Refused::NotPaid),
        Some(found) if found.is_live() && found.device == transfer.to => return Ok(Transferred::Moved),
        Some(found) if found.is_live() && !found.may_move() => return refused(Refused::Unstoppable),
        _ => {}
    }
    let taken = match source.now.take(&transfer.service, transfer.now) {
        Ok(taken) => taken,
        Err(why) => return refused(why),
    };
    let into = target.as_mut().map_or(&mut source.now, |target| &mut target.now);
    if let Err(why) = into.put(taken, &transfer.to, transfer.now) {
        return refused(why);
    }
    source.save(store)?;
    target.map_or(Ok(()), |target| target.save(store))?;
    let id = store.new_number::<Moved>()?;
    let Transfer { account, to, now, .. } = transfer.clone();
    store.save(&Moved { id, service: service.id, account, from: service.device, to, at: now })?;
    Ok(Transferred::Moved)
}

/// Whether the device takes what is that account's; asked before anything is taken off another.
fn may_take(into: &Holdings, transfer: &Transfer) -> Result<(), Refused> {
    let device = into.devices.iter().find(|device| device.id == transfer.to);
    match device.and_then(|device| device.account.as_ref()) {
        None => Err(Refused::NotBound),
        Some(account) if *account != transfer.account => Err(Refused::AnotherAccount),
        Some(_) => Ok(()),
    }
}
