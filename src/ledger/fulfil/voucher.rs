//! Using a voucher on a device: once, however many ask at once. Its provider is owed what it gives as with everything
//! that is paid here, also one that redeems codes of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Code;
use super::holding::{Holding, Holds};
use crate::catalog::{GrantKind, Storage};
use crate::clock::{Timestamp, Zone};
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::commit::Deed;
use crate::ledger::records::Records;
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::tables::each;
use crate::ledger::{Rules, StoreError};
use crate::order::term;
use crate::service::holdings::Purchase;
use crate::service::source::{ServiceId, Source};
use crate::service::{LOCAL_PROVIDER, Plan};
use crate::stock::{About, Lookup, Voucher, VoucherStatus};

/// A voucher to use on a device of an account.
#[derive(Debug, Clone)]
pub struct UseVoucher {
    /// All that its code may be kept under (`Vault::lookups`); none where no code looks like it.
    pub keys: Vec<Lookup>,
    /// On which device.
    pub device: DeviceId,
    /// Whose the device must be.
    pub account: UserAccount,
    /// By whose calendar its term is counted.
    pub zone: Zone,
    /// The time.
    pub now: Timestamp,
    /// The remote providers that can stop and resume what was paid.
    pub pausing: Arc<BTreeSet<String>>,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoucherUsed {
    /// The service is written.
    Done(ServiceId),
    /// The device is not bound to that account.
    NotOwn,
    /// There is no such voucher, or none for the account's tenant.
    Unknown,
    /// It was used, by whomever.
    Used,
    /// Its time is over.
    Expired,
}

impl Deed for UseVoucher {
    type Answer = VoucherUsed;

    fn locks(&self) -> Vec<Lock> {
        let codes = self.keys.iter().map(|key| Lock::text(key.as_str()));
        codes.chain([Lock::device(&self.device)]).collect()
    }

    fn may_owe(&self, _: &VoucherUsed) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<VoucherUsed, StoreError> {
        use_voucher(store, self)
    }
}

fn use_voucher(store: &mut impl Holds, asked: &UseVoucher) -> Result<VoucherUsed, StoreError> {
    for lock in asked.locks() {
        store.lock(lock)?;
    }
    let row: Option<DeviceRow> = store.get(asked.device.as_str())?;
    let codes = each(&asked.keys, |key| store.get::<Code>(key.as_str()))?;
    let Some(row) = row.filter(|row| row.account.as_ref() == Some(&asked.account)) else {
        return Ok(VoucherUsed::NotOwn);
    };
    let found = codes.into_iter().flatten().find_map(|code| {
        let voucher = code.about.voucher.clone().filter(|_| code.is_for(asked.account.tenant()))?;
        code.voucher_status(asked.now).map(|status| (code, voucher, status))
    });
    match found {
        Some((code, voucher, VoucherStatus::Unused)) => give(store, asked, row, code, voucher),
        Some((_, _, VoucherStatus::Used)) => Ok(VoucherUsed::Used),
        Some((_, _, VoucherStatus::Expired)) => Ok(VoucherUsed::Expired),
        None => Ok(VoucherUsed::Unknown),
    }
}

/// Writes the service, and the voucher as used. How long its term is follows from when it is expected to begin, behind
/// what is left on the device.
fn give(
    store: &mut impl Holds,
    asked: &UseVoucher,
    row: DeviceRow,
    code: Code,
    voucher: Voucher,
) -> Result<VoucherUsed, StoreError> {
    let UseVoucher { device, account, zone, now, .. } = asked;
    let msisdn = row.msisdn.clone();
    let mut holding = Holding::of_device(store, row, *now)?;
    holding.now.advance(*now);
    let start = holding.now.expected_start(device, account, GrantKind::Cloud, *now);
    let provider = &code.about.provider;
    let purchase = Purchase {
        source: Source::Voucher(code.key.as_str().to_owned()),
        granted_ms: term::length_ms(start, voucher.period, voucher.period_count, *zone),
        pausable: provider == LOCAL_PROVIDER || asked.pausing.contains(provider),
        plan: plan(&code.about, voucher),
    };
    let given = holding.now.redeem(device, purchase, *now);
    let id = given.map_err(|why| StoreError::broken(format!("a voucher could not be granted: {why}")))?;
    holding.save(store)?;
    store.save(&code.redeemed(msisdn, device.clone(), Some(account.clone()), id.clone(), *now)?)?;
    Ok(VoucherUsed::Done(id))
}

fn plan(about: &About, voucher: Voucher) -> Plan {
    Plan {
        kind: about.kind,
        storage: Some(about.storage.unwrap_or(Storage::Event)),
        retention_days: about.retention_days,
        provider: about.provider.clone(),
        settings: voucher.settings,
    }
}
