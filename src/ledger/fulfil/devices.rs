//! Devices bound, unbound, and what was paid moved between them.

use super::holding::{Holding, states};
use super::{Deed, Fact, redeem, retire};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, UserAccount};
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::Records;
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Ledger, NotKept, StoreError};
use crate::service::Service;
use crate::service::holdings::{Holdings, Refused};
use crate::service::source::ServiceId;
use crate::service::wanted::Owner;

/// A device to bind.
#[derive(Debug, Clone)]
pub struct Bind {
    /// Which.
    pub device: DeviceId,
    /// To whom.
    pub account: UserAccount,
    /// To the rights of which number; none: bound by the account alone (an earlier binding to a number
    /// of the same account stays).
    pub msisdn: Option<Msisdn>,
    /// What its provider calls it; none leaves what is known.
    pub camera: Option<String>,
    /// The time.
    pub now: Timestamp,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// It is bound, now or already.
    Bound,
    /// It is bound to another account, or that account is redeeming a code on it.
    AnotherAccount,
    /// It is bound to another number.
    AnotherNumber,
}

/// A device to unbind.
#[derive(Debug, Clone)]
pub struct Unbind {
    /// Which.
    pub device: DeviceId,
    /// By whom it must be bound.
    pub owner: Owner,
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

/// A paid service to move to another device of its account.
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

impl Bind {
    pub(super) fn locks(&self) -> Vec<Lock> {
        let number = self.msisdn.as_ref().map(Lock::number);
        number.into_iter().chain([Lock::device(&self.device)]).collect()
    }
}

/// Binds.
///
/// # Errors
/// The engine's.
pub(super) fn bind(store: &mut impl Store, bind: &Bind) -> Result<Bound, StoreError> {
    store.lock(Lock::device(&bind.device))?;
    let known: Option<DeviceRow> = store.get(bind.device.as_str())?;
    let number = known.as_ref().and_then(|row| row.msisdn.as_ref());
    let account = known.as_ref().and_then(|row| row.account.as_ref());
    if account.is_some_and(|account| *account != bind.account) {
        return Ok(Bound::AnotherAccount);
    }
    if account.is_none() && redeem::is_awaited_by_another(store, &bind.device, &bind.account)? {
        return Ok(Bound::AnotherAccount);
    }
    if let (Some(number), Some(asked)) = (number, &bind.msisdn)
        && number != asked
    {
        return Ok(Bound::AnotherNumber);
    }
    let to = bind.msisdn.clone().or_else(|| number.cloned());
    let stays = account.is_some() && number == to.as_ref();
    let mut holding = match (&to, &known) {
        (Some(number), _) => {
            let states = states(store, number)?;
            Holding::of_number(store, number, &states, bind.now)?
        }
        (None, Some(row)) => Holding::of_device(store, row.clone(), bind.now)?,
        (None, None) => Holding::none(),
    };
    if let Some(row) = known.as_ref().filter(|row| holding.row(&row.id).is_none()) {
        holding.join(store, row.clone(), bind.now)?;
    }
    if holding.now.bind(&bind.device, bind.account.clone(), bind.now).is_err() {
        return Ok(Bound::AnotherAccount);
    }
    let bound_at = known.as_ref().and_then(|row| row.bound_at).filter(|_| stays).unwrap_or(bind.now);
    let camera = bind.camera.clone().or_else(|| known.as_ref().and_then(|row| row.camera.clone()));
    let bound = DeviceRow {
        id: bind.device.clone(),
        msisdn: to,
        account: Some(bind.account.clone()),
        camera,
        bound_at: Some(bound_at),
        settled_at: bind.now,
        due_at: None,
    };
    holding.keep(bound.clone());
    let on_device = holding.now.services().filter(|service| service.device == bind.device);
    let carried: Vec<Service> = on_device.filter(|service| service.is_carried()).cloned().collect();
    holding.save(store)?;
    if let Some(row) = known.filter(|row| row.account.is_some() && row.is_seen_otherwise(&bound)) {
        retire::owe_moved(store, (&row, &bound), carried.iter(), bind.now)?;
    }
    Ok(Bound::Bound)
}

/// Unbinds.
///
/// # Errors
/// The engine's.
pub(super) fn unbind(store: &mut impl Store, unbind: &Unbind) -> Result<Unbound, StoreError> {
    store.lock(Lock::device(&unbind.device))?;
    let known: Option<DeviceRow> = store.get(unbind.device.as_str())?;
    let is_theirs = |row: &DeviceRow| match &unbind.owner {
        Owner::Number(number) => row.msisdn.as_ref() == Some(number),
        Owner::Account(account) => row.account.as_ref() == Some(account),
    };
    let Some(row) = known.filter(is_theirs) else { return Ok(Unbound::NotBound) };
    let mut holding = Holding::of_device(store, row.clone(), unbind.now)?;
    holding.now.unbind(&unbind.device, unbind.now);
    holding.keep(DeviceRow { msisdn: None, account: None, bound_at: None, ..row });
    holding.save(store)?;
    Ok(Unbound::Unbound)
}

/// Moves a paid service.
///
/// # Errors
/// The engine's.
pub(super) fn transfer(store: &mut impl Store, transfer: &Transfer) -> Result<Transferred, StoreError> {
    let refused = |why| Ok(Transferred::Refused(why));
    let service: Option<Service> = store.get(transfer.service.as_str())?;
    let Some(service) = service.filter(|service| service.account == transfer.account) else {
        return refused(Refused::NoSuchService);
    };
    if service.device == transfer.to {
        return Ok(Transferred::Moved);
    }
    store.lock(Lock::device(&service.device))?;
    store.lock(Lock::device(&transfer.to))?;
    let from: Option<DeviceRow> = store.get(service.device.as_str())?;
    let to: Option<DeviceRow> = store.get(transfer.to.as_str())?;
    let (Some(from), Some(to)) = (from, to) else { return refused(Refused::NotBound) };
    let is_one = from.msisdn.is_some() && from.msisdn == to.msisdn;
    let mut source = Holding::of_device(store, from, transfer.now)?;
    let mut target = if is_one { None } else { Some(Holding::of_device(store, to, transfer.now)?) };
    let into = target.as_mut().map_or(&mut source.now, |target| &mut target.now);
    if let Err(why) = may_take(into, transfer) {
        return refused(why);
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

impl Ledger {
    /// Binds a device; again is no change. A device that its account had bound without a number is
    /// adopted by the first number it is bound to.
    ///
    /// # Errors
    /// As for all of these: [`NotKept`].
    pub async fn bind(&self, bind: Bind) -> Result<Bound, NotKept> {
        match self.deed(Deed::Bind(bind)).await? {
            Fact::Bound(bound) => Ok(bound),
            _ => Err(NotKept::Stopped),
        }
    }

    /// Unbinds a device: rights on it end, what was paid freezes there.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn unbind(&self, unbind: Unbind) -> Result<Unbound, NotKept> {
        match self.deed(Deed::Unbind(unbind)).await? {
            Fact::Unbound(unbound) => Ok(unbound),
            _ => Err(NotKept::Stopped),
        }
    }

    /// Moves a paid service with the time it has left, last in the queue of the other device.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn transfer(&self, transfer: Transfer) -> Result<Transferred, NotKept> {
        match self.deed(Deed::Transfer(transfer)).await? {
            Fact::Transferred(transferred) => Ok(transferred),
            _ => Err(NotKept::Stopped),
        }
    }
}
