//! A device bound to an account, and to the rights of a number.

use super::holding::{Holding, Holds, states};
use super::{redeem, retire, tenancy};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, UserAccount};
use crate::ledger::commit::Deed;
use crate::ledger::records::Records;
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::{Rules, StoreError};
use crate::service::Service;

/// A device to bind; again is no change. One that its account had bound without a number is adopted by the first
/// number that it is bound to.
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
    /// It, or the camera, is another tenant's.
    AnotherTenant,
}

impl Deed for Bind {
    type Answer = Bound;

    fn locks(&self) -> Vec<Lock> {
        let number = self.msisdn.as_ref().map(Lock::number);
        let camera = self.camera.as_deref().map(Lock::camera);
        number.into_iter().chain(camera).chain([Lock::device(&self.device)]).collect()
    }

    fn may_owe(&self, _: &Bound) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<Bound, StoreError> {
        bind(store, self)
    }
}

impl Bind {
    /// What it is told where another account has the device, or is about to.
    fn refused_for(&self, another: &UserAccount) -> Bound {
        if another.tenant() == self.account.tenant() { Bound::AnotherAccount } else { Bound::AnotherTenant }
    }
}

fn bind(store: &mut impl Holds, bind: &Bind) -> Result<Bound, StoreError> {
    store.lock(Lock::device(&bind.device))?;
    let known: Option<DeviceRow> = store.get(bind.device.as_str())?;
    let number = known.as_ref().and_then(|row| row.msisdn.as_ref());
    let account = known.as_ref().and_then(|row| row.account.as_ref());
    if let Some(account) = account.filter(|account| **account != bind.account) {
        return Ok(bind.refused_for(account));
    }
    if account.is_none()
        && let Some(another) = redeem::awaited_by_another(store, &bind.device, &bind.account)?
    {
        return Ok(bind.refused_for(&another));
    }
    let camera =
        bind.camera.clone().or_else(|| known.as_ref().and_then(|row| tenancy::camera(row, &bind.account)));
    let called = camera.as_deref().unwrap_or(bind.device.as_str());
    if tenancy::is_anothers_camera(store, called, &bind.device, &bind.account)? {
        return Ok(Bound::AnotherTenant);
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
