//! Redeeming an activation code on a device. Our own is redeemed at once, also where a remote provider that can pause
//! carries it out. One that a remote provider redeems itself is redeemed there first: it is reserved, whoever
//! asked sends the task he gets, and settling it binds the device and writes the service; if he dies over it, a
//! worker goes on when his lease has run out. While it may yet succeed, the device is nobody else's; once it was
//! refused, it is as it was.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::holding::{Holding, Holds};
use super::{Body, Claimed, Code, CodeState, Task, TaskAction, TaskId, tenancy};
use crate::catalog::{GrantKind, Storage};
use crate::clock::{DAY_MS, Timestamp};
use crate::ids::{DeviceId, Msisdn, UserAccount};
use crate::ledger::commit::Deed;
use crate::ledger::records::{Reads, Records, Writes};
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::tables::each;
use crate::ledger::{Rules, StoreError};
use crate::outbox::{Lease, Owed};
use crate::service::holdings::{Purchase, Refused as NotGranted};
use crate::service::source::{ServiceId, Source};
use crate::service::{LOCAL_PROVIDER, Plan};
use crate::stock::redeem::{CodeStanding, DeviceStanding, Refused, may_redeem};
use crate::stock::{About, Lookup};

/// A code to redeem on a device, which is bound where it is not. One code is used once, however many ask at once.
#[derive(Debug, Clone)]
pub struct Redeem {
    /// All that the code may be kept under (`Vault::lookups`); none where no code looks like it.
    pub keys: Vec<Lookup>,
    /// What it is said to be for.
    pub kind: GrantKind,
    /// On which device.
    pub device: DeviceId,
    /// By whom.
    pub account: UserAccount,
    /// The time.
    pub now: Timestamp,
    /// Until when the task of a remote provider's code is the caller's.
    pub leased_until: Timestamp,
    /// The lease's secret: random, of this call alone.
    pub token: String,
    /// The remote providers that can stop and resume what was paid, and redeem no codes of their own:
    /// codes for their services are ours.
    pub pausing: Arc<BTreeSet<String>>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Redeemed {
    /// The service is written.
    Done(ServiceId),
    /// It is a remote provider's: send this, and settle it.
    Remote(Box<Claimed>),
    /// This account is redeeming it on this device already, or another one some code, and the end is not known
    /// yet.
    UnderWay,
    /// It may not.
    Refused(Refused),
}

impl Redeem {
    /// Whether a code is redeemed with us alone.
    fn is_ours(&self, code: &Code) -> bool {
        let provider = &code.about.provider;
        provider == LOCAL_PROVIDER || self.pausing.contains(provider)
    }
}

impl Deed for Redeem {
    type Answer = Redeemed;

    fn locks(&self) -> Vec<Lock> {
        let codes = self.keys.iter().map(|key| Lock::text(key.as_str()));
        codes.chain([Lock::device(&self.device)]).collect()
    }

    fn may_owe(&self, _: &Redeemed) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<Redeemed, StoreError> {
        redeem(store, self)
    }
}

/// Redeems, or reserves.
fn redeem(store: &mut impl Holds, asked: &Redeem) -> Result<Redeemed, StoreError> {
    for lock in asked.locks() {
        store.lock(lock)?;
    }
    // Here and below, both are asked for before either is missed: in one trip to a server.
    let row: Result<Option<DeviceRow>, _> = store.get(asked.device.as_str());
    let codes = each(&asked.keys, |key| store.get::<Code>(key.as_str()));
    let (row, codes) = (row?, codes?);
    let code =
        codes.into_iter().flatten().find(|code| code.is_for(asked.account.tenant()) && !code.is_voucher());
    let device = standing(store, row.as_ref(), &asked.device, &asked.account);
    let is_unbound = row.as_ref().is_none_or(|row| row.account.is_none());
    let awaited = is_unbound.then(|| awaited_by_another(store, &asked.device, &asked.account)).transpose();
    let (device, awaited) = (device?, awaited?.flatten());
    let is_its = |code: &Code| code.is_reserved_for(&asked.device, &asked.account);
    if device != DeviceStanding::Another && code.as_ref().is_some_and(is_its) {
        return Ok(Redeemed::UnderWay);
    }
    if device == DeviceStanding::Unbound
        && let Some(another) = awaited
    {
        let is_told = another.tenant() == asked.account.tenant();
        return Ok(if is_told { Redeemed::UnderWay } else { Redeemed::Refused(Refused::Device) });
    }
    let standing = code.as_ref().map_or(CodeStanding::Unknown, Code::standing);
    if let Err(refused) = may_redeem(device, standing, asked.kind, asked.now) {
        return Ok(Redeemed::Refused(refused));
    }
    let Some(code) = code else { return Ok(Redeemed::Refused(Refused::Invalid)) };
    if asked.is_ours(&code) {
        let holding = bound(store, row, &asked.device, &asked.account, asked.now)?;
        let id = grant(store, holding, &code, &asked.device, Begun::ByTask, asked.now)?;
        return Ok(id.map_or(Redeemed::Refused(Refused::Device), Redeemed::Done));
    }
    let msisdn = row.and_then(|row| row.msisdn);
    reserve(store, asked, msisdn, code).map(|claimed| Redeemed::Remote(Box::new(claimed)))
}

/// Whose the device is to whoever asks. One that nobody has is another's where the camera is another tenant's.
fn standing(
    store: &mut impl Holds,
    row: Option<&DeviceRow>,
    device: &DeviceId,
    asks: &UserAccount,
) -> Result<DeviceStanding, StoreError> {
    let Some(account) = row.and_then(|row| row.account.as_ref()) else {
        let camera = row.and_then(|row| tenancy::camera(row, asks));
        let called = camera.as_deref().unwrap_or(device.as_str());
        let is_anothers = tenancy::is_anothers_camera(store, called, device, asks)?;
        return Ok(if is_anothers { DeviceStanding::Another } else { DeviceStanding::Unbound });
    };
    Ok(if account == asks { DeviceStanding::Own } else { DeviceStanding::Another })
}

/// Another account that is redeeming a code on an unbound device, which it may yet become the owner of.
///
/// # Errors
/// The engine's.
pub(super) fn awaited_by_another(
    store: &mut impl Reads<Task>,
    device: &DeviceId,
    account: &UserAccount,
) -> Result<Option<UserAccount>, StoreError> {
    let open: Vec<Task> = store.list("open_on", device.as_str())?;
    let redeems = open.into_iter().filter(|task| task.action == TaskAction::Redeem);
    Ok(redeems.filter_map(|task| task.account).find(|other| other != account))
}

/// Who has begun, or begins, what a code gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Begun {
    /// Its provider, which has just redeemed the code.
    There,
    /// The task that its provider is owed; at once where the provider is `local`.
    ByTask,
}

/// The holdings that a device is part of, in which the account has it.
fn bound(
    store: &mut impl Holds,
    row: Option<DeviceRow>,
    id: &DeviceId,
    account: &UserAccount,
    now: Timestamp,
) -> Result<Holding, StoreError> {
    let is_bound = row.as_ref().is_some_and(|row| row.account.is_some());
    let camera = row.as_ref().and_then(|row| tenancy::camera(row, account));
    let mut holding = match row {
        Some(row) => Holding::of_device(store, row, now)?,
        None => Holding::none(),
    };
    // Bound to another by now, it stays his; what is granted then is refused.
    if !is_bound && holding.now.bind(id, account.clone(), now).is_ok() {
        let (id, account, bound_at) = (id.clone(), Some(account.clone()), Some(now));
        holding.keep(DeviceRow {
            id,
            msisdn: None,
            account,
            camera,
            bound_at,
            settled_at: now,
            due_at: None,
        });
    }
    Ok(holding)
}

/// Writes the service of a code, and the code as used; none where the device is not bound to whom it was.
fn grant(
    store: &mut impl Holds,
    mut holding: Holding,
    code: &Code,
    device: &DeviceId,
    begun: Begun,
    now: Timestamp,
) -> Result<Option<ServiceId>, StoreError> {
    let account = holding.now.devices.iter().find(|d| d.id == *device).and_then(|d| d.account.clone());
    let id = match holding.now.redeem(device, purchase(code, begun), now) {
        Ok(id) => id,
        Err(NotGranted::NotBound | NotGranted::AnotherAccount) => return Ok(None),
        Err(why) => return Err(StoreError::broken(format!("a code could not be granted: {why}"))),
    };
    if begun == Begun::There {
        // It was begun there just now, whosever turn it is here.
        holding.now.confirm(&id, now);
    }
    let msisdn = holding.row(device).and_then(|row| row.msisdn.clone());
    holding.save(store)?;
    store.save(&code.clone().redeemed(msisdn, device.clone(), account, id.clone(), now)?)?;
    Ok(Some(id))
}

/// What a code gives. A provider that redeems its own is taken for one that cannot pause: what runs there
/// runs down.
fn purchase(code: &Code, begun: Begun) -> Purchase {
    Purchase {
        source: Source::Code(code.key.as_str().to_owned()),
        plan: plan(&code.about),
        granted_ms: i64::from(code.about.days) * DAY_MS,
        pausable: begun == Begun::ByTask,
    }
}

fn plan(about: &About) -> Plan {
    let storage = (about.kind == GrantKind::Cloud).then_some(about.storage.unwrap_or(Storage::Event));
    let package = about.package.iter().map(|package| ("package_id".to_owned(), package.clone().into()));
    Plan {
        kind: about.kind,
        storage,
        retention_days: about.retention_days,
        provider: about.provider.clone(),
        settings: package.collect(),
    }
}

fn reserve(
    store: &mut (impl Writes<Task> + Writes<Code>),
    asked: &Redeem,
    msisdn: Option<Msisdn>,
    code: Code,
) -> Result<Claimed, StoreError> {
    let id = TaskId(store.new_number::<Task>()?);
    let service = ServiceId::of_paid(&purchase(&code, Begun::There).source);
    let of = code.msisdn.clone();
    let code = code.reserved(of, Some(asked.device.clone()), Some(asked.account.clone()))?;
    store.save(&code)?;
    let ends_at = asked.now.plus_ms(i64::from(code.about.days) * DAY_MS);
    let owed = Owed {
        provider: code.about.provider.clone(),
        action: TaskAction::Redeem,
        msisdn,
        account: Some(asked.account.clone()),
        device_id: Some(asked.device.clone()),
        service_id: Some(service),
        entitlement: code.entitlement.clone(),
        body: Body::of(&plan(&code.about), code.about.days, asked.now, ends_at),
        code_key: Some(code.key.clone()),
        doubt: false,
    };
    let lease = Lease { token: asked.token.clone(), until: asked.leased_until };
    let task = owed.task(id, asked.now, asked.now).claimed(lease, asked.now)?;
    store.save(&task)?;
    Ok(Claimed { task, ended_order_nums: Vec::new(), code: Some(code), camera: None, wanted: None })
}

/// A remote provider has redeemed a reserved code: the service is written. Where the device is another
/// account's by now, none can be, and the answer is false.
///
/// # Errors
/// The engine's.
pub(super) fn redeemed(store: &mut impl Holds, task: &Task, now: Timestamp) -> Result<bool, StoreError> {
    let (Some(device), Some(account), Some(key)) = (&task.device_id, &task.account, &task.code_key) else {
        return Ok(false);
    };
    store.lock(Lock::text(key.as_str()))?;
    store.lock(Lock::device(device))?;
    let Some(code) = store.get::<Code>(key.as_str())? else { return Ok(false) };
    let row: Option<DeviceRow> = store.get(device.as_str())?;
    if standing(store, row.as_ref(), device, account)? == DeviceStanding::Another {
        return Ok(false);
    }
    let holding = bound(store, row, device, account, now)?;
    let was_withdrawn = code.state == CodeState::Void;
    let Some(id) = grant(store, holding, &code, device, Begun::There, now)? else { return Ok(false) };
    if was_withdrawn {
        super::delivery::revoke(store, &id, now)?;
    }
    Ok(true)
}
