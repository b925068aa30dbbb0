//! A number's devices, or one device without a number, as the rules have them: loaded from rows, and
//! what an event changed written back with the tasks that follow from it.
//!
//! Whoever changes to which number a device belongs holds the device's lock; whoever changes what is on
//! it, the number's, or the device's where it has none.

use std::collections::BTreeSet;

use super::owe;
use crate::catalog::Period;
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::records::{Records, Writes};
use crate::ledger::store::{Lock, Locks, ReadsFolds};
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::tables::each;
use crate::outbox::{Needs, Task};
use crate::service::Service;
use crate::service::change::{Action, Due, between};
use crate::service::hold::Hold;
use crate::service::holdings::{Device, Holdings};
use crate::service::right::{Right, rights};
use crate::service::source::Source;
use crate::stock::Code;
use crate::subscription::ServiceState;
use crate::subscription::entitlement::entitlements;

/// What holdings are made of, and what follows from their changes: numbers' folds are read; devices, services, tasks
/// and codes are read and written.
pub(in crate::ledger) trait Holds:
    Locks + ReadsFolds + Writes<DeviceRow> + Writes<Service> + Writes<Task> + Writes<Code>
{
}

impl<S> Holds for S where
    S: Locks + ReadsFolds + Writes<DeviceRow> + Writes<Service> + Writes<Task> + Writes<Code>
{
}

/// Holdings in a transaction.
pub(in crate::ledger) struct Holding {
    number: Option<Msisdn>,
    rows: Vec<DeviceRow>,
    states: Vec<ServiceState>,
    before: Holdings,
    /// The notice that changes it, where one does.
    pub(in crate::ledger) because: Option<NoticeId>,
    /// What events make of them.
    pub(in crate::ledger) now: Holdings,
}

/// All that a number holds of every service, past runs too.
///
/// # Errors
/// The engine's.
pub(in crate::ledger) fn states(
    store: &mut impl ReadsFolds,
    number: &Msisdn,
) -> Result<Vec<ServiceState>, StoreError> {
    let services = store.services(number)?;
    each(services, |service_id| {
        let (state, past) = (store.state(number, &service_id), store.past(number, &service_id));
        Ok(ServiceState { past: past?, ..state? })
    })
}

/// Makes holdings of what is stored: rows of devices in any order, their services that live and the
/// ended ones of rights that live, and what the number holds. Its rights are those of the moment to which
/// the devices are settled; of `now` where there are none yet.
pub(in crate::ledger) fn assemble(
    number: Option<&Msisdn>,
    rows: &[DeviceRow],
    services: Vec<Service>,
    states: &[ServiceState],
    now: Timestamp,
) -> Holdings {
    let mut rows: Vec<&DeviceRow> = rows.iter().collect();
    rows.sort_by(|a, b| (a.bound_at, &a.id).cmp(&(b.bound_at, &b.id)));
    let device = |row: &DeviceRow| Device {
        id: row.id.clone(),
        account: row.account.clone(),
        settled_at: row.settled_at,
        services: Vec::new(),
    };
    let mut holdings = Holdings { rights: Vec::new(), devices: rows.into_iter().map(device).collect() };
    add(&mut holdings, services);
    if let Some(number) = number {
        holdings.rights = rights(number, states, holdings.settled_at().unwrap_or(now));
    }
    holdings
}

/// Adds services to their devices, each once, in the order in which they were granted.
fn add(holdings: &mut Holdings, services: Vec<Service>) {
    for service in services {
        let device = holdings.devices.iter_mut().find(|device| device.id == service.device);
        if let Some(device) = device.filter(|device| device.services.iter().all(|s| s.id != service.id)) {
            device.services.push(service);
        }
    }
    for device in &mut holdings.devices {
        device.services.sort_by(|a, b| (a.granted_at, &a.id).cmp(&(b.granted_at, &b.id)));
    }
}

impl Holding {
    /// A number's devices, with its rights as `states` give them.
    ///
    /// # Errors
    /// As for all of these: the engine's.
    pub(in crate::ledger) fn of_number(
        store: &mut impl Holds,
        number: &Msisdn,
        states: &[ServiceState],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        store.lock(Lock::number(number))?;
        let rows: Vec<DeviceRow> = store.list("msisdn", number.in_full())?;
        Self::load(store, Some(number), rows, states, now)
    }

    /// What a stored device is part of.
    pub(in crate::ledger) fn of_device(
        store: &mut impl Holds,
        row: DeviceRow,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        match &row.msisdn {
            Some(number) => {
                store.lock(Lock::number(number))?;
                let states = states(store, number)?;
                Self::of_number(store, number, &states, now)
            }
            None => {
                store.lock(Lock::device(&row.id))?;
                Self::load(store, None, vec![row], &[], now)
            }
        }
    }

    fn load(
        store: &mut impl Holds,
        number: Option<&Msisdn>,
        rows: Vec<DeviceRow>,
        states: &[ServiceState],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let services = each(&rows, |row| store.list::<Service>("open_on", row.id.as_str()))?;
        let before = assemble(number, &rows, services.concat(), states, now);
        let (number, states) = (number.cloned(), states.to_vec());
        let mut holding = Self { number, rows, states, now: before.clone(), before, because: None };
        let rights = holding.now.rights.clone();
        holding.remember(store, &rights)?;
        Ok(holding)
    }

    /// Loads the ended attachments of rights: they number the next ones.
    fn remember(&mut self, store: &mut impl Holds, rights: &[Right]) -> Result<(), StoreError> {
        let sources: BTreeSet<&str> = rights.iter().map(|right| right.entitlement.as_str()).collect();
        let attached = each(sources, |source| store.list::<Service>("source_id", source))?.concat();
        add(&mut self.before, attached.clone());
        add(&mut self.now, attached);
        Ok(())
    }

    /// Of a device that is not stored yet.
    pub(in crate::ledger) fn none() -> Self {
        let (before, now) = (Holdings::default(), Holdings::default());
        Self { number: None, rows: Vec::new(), states: Vec::new(), before, now, because: None }
    }

    /// The row of one of the devices.
    pub(in crate::ledger) fn row(&self, id: &DeviceId) -> Option<&DeviceRow> {
        self.rows.iter().find(|row| row.id == *id)
    }

    /// The number's rights are others from now on.
    pub(in crate::ledger) fn entitle(
        &mut self,
        store: &mut impl Holds,
        states: &[ServiceState],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(number) = &self.number else { return Ok(()) };
        let as_of = self.now.settled_at().map_or(now, |settled_at| settled_at.max(now));
        let rights = rights(number, states, as_of);
        self.states = states.to_vec();
        self.remember(store, &rights)?;
        self.now.entitle(rights, now);
        Ok(())
    }

    /// Brings in a device that is stored and was a holding of its own, the last in binding order.
    pub(in crate::ledger) fn join(
        &mut self,
        store: &mut impl Holds,
        row: DeviceRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let alone = Self::load(store, None, vec![row], &[], now)?;
        for device in alone.before.devices {
            self.before.devices.push(device.clone());
            self.now.join(device, now);
        }
        self.rows.extend(alone.rows);
        let rights = self.now.rights.clone();
        self.remember(store, &rights)
    }

    /// Writes a device's row anew when the holdings are saved, one that is not stored yet too.
    pub(in crate::ledger) fn keep(&mut self, row: DeviceRow) {
        match self.rows.iter_mut().find(|known| known.id == row.id) {
            Some(known) => *known = row,
            None => self.rows.push(row),
        }
    }

    /// What the rules would have otherwise at the very moment to which all is settled.
    pub(in crate::ledger) fn unlike_the_rules(&self) -> Option<String> {
        let mut again = self.now.clone();
        again.advance(self.now.settled_at()?);
        let changes = between(&self.now, &again);
        let service = changes.write.first()?;
        let stored = self.now.service(&service.id);
        Some(format!("stored {stored:?}, the rights give {service:?}"))
    }

    /// Writes what changed, and what providers owe for it.
    pub(in crate::ledger) fn save(self, store: &mut impl Holds) -> Result<(), StoreError> {
        let Some(at) = self.now.settled_at() else { return Ok(()) };
        let changes = between(&self.before, &self.now);
        for service in &changes.write {
            store.save(service)?;
        }
        let (unbound, bound): (Vec<_>, Vec<_>) =
            self.now.devices.iter().cloned().partition(|device| device.account.is_none());
        let due_at = Holdings { rights: self.now.rights, devices: bound }.next_change_at();
        for row in &self.rows {
            let frozen = unbound.iter().find(|device| device.id == row.id);
            let alone = |device: &Device| Holdings { rights: Vec::new(), devices: vec![device.clone()] };
            let due_at = frozen.map_or(due_at, |device| alone(device).next_change_at());
            store.save(&DeviceRow { settled_at: at, due_at, ..row.clone() })?;
        }
        let needs = |due: &Due| {
            let days_min = match (&due.source, &self.number) {
                (Source::Entitlement(id), Some(number)) => cycle_days_min(number, &self.states, id),
                _ => 0,
            };
            let row = self.rows.iter().find(|row| row.id == due.device);
            let begun = changes.write.iter().find(|s| s.id == due.service && due.action != Action::End);
            let expires_at = begun.and_then(|service| match service.hold {
                Hold::Window(window) => Some(window.expires_at),
                Hold::Paid(_) => None,
            });
            let camera = row.map(|row| row.at_provider().to_owned());
            Needs { days_min, camera, expires_at, notice: self.because }
        };
        owe::owe(store, self.number.as_ref(), &changes.dues, needs, at)
    }
}

/// The fewest days that a code may be for which stands for one cycle of an entitlement.
pub(super) fn cycle_days_min(number: &Msisdn, states: &[ServiceState], entitlement: &str) -> u32 {
    // Seen from the end of time every run has begun.
    let end_of_time = Timestamp(i64::MAX);
    for state in states {
        let all = entitlements(number, state, end_of_time, end_of_time);
        let Some(found) = all.iter().find(|right| right.id == entitlement) else { continue };
        let runs = state.subscriptions.iter().filter_map(|held| held.run.as_ref()).chain(&state.past);
        let period = runs.map(|run| &run.terms).find(|t| t.offer == found.offer).map(|terms| terms.period);
        return match period {
            Some(Period::Day) | None => 1,
            Some(Period::Week) => 7,
            Some(Period::Month) => 28,
        };
    }
    1
}
