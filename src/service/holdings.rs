//! What a number holds on its devices, and every event that changes it. A device bound without a
//! number, or unbound, is a holding of its own without rights.
//!
//! Each event first advances them: what began or ended by itself since the last one happens at its own
//! moment, under the facts of that time. Hence rights are given by [`Holdings::entitle`] and never
//! changed beside it, and a tick that comes late, or not at all, changes no outcome.

use super::hold::{Hold, Paid};
use super::right::Right;
use super::source::{ServiceId, Source};
use super::{Plan, Service, Turn};
use crate::catalog::GrantKind;
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};

/// A number's rights and devices.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Holdings {
    /// Its rights as they were at the last settling ([`super::right::rights`]).
    pub rights: Vec<Right>,
    /// Its devices, oldest binding first.
    pub devices: Vec<Device>,
}

/// A device with its services.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// Whom it is bound to; none once it is unbound.
    pub account: Option<UserAccount>,
    /// The moment up to which all that happens by itself has been done. Stored whenever anything of
    /// the holdings is.
    pub settled_at: Timestamp,
    /// Those that live, and the ended ones of rights that live (they number the attachments).
    pub services: Vec<Service>,
}

/// Time that was paid for by a code, a voucher or an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Purchase {
    /// Which one.
    pub source: Source,
    /// What it gives.
    pub plan: Plan,
    /// For how long.
    pub granted_ms: i64,
    /// Whether the provider can stop and resume it.
    pub pausable: bool,
}

/// Why an event cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The device is not among these, or not bound.
    #[error("the device is not bound")]
    NotBound,
    /// The device is bound to another account.
    #[error("the device is another account's")]
    AnotherAccount,
    /// No such service lives here.
    #[error("no such service, or it has ended")]
    NoSuchService,
    /// A right's attachments follow the bindings and never move.
    #[error("the service belongs to a subscription")]
    NotPaid,
    /// A remote provider that cannot stop it has begun it: it goes on where it is.
    #[error("the service's provider cannot stop it")]
    Unstoppable,
}

impl Holdings {
    /// Time passes. A clock that has gone back counts as standing still.
    pub fn advance(&mut self, now: Timestamp) {
        self.reach(now);
    }

    /// When something next begins or ends by itself; none where nothing will.
    #[must_use]
    pub fn next_change_at(&self) -> Option<Timestamp> {
        self.settled_at().and_then(|at| self.next_change_after(at))
    }

    /// These holdings when all that is known has happened: there the queued and paused ones tell when
    /// they begin (`starts_at`) and end (`ended_at`) if no right is renewed and nothing else comes.
    #[must_use]
    pub fn forecast(&self) -> Self {
        let mut at_the_end = self.clone();
        at_the_end.advance(Timestamp(i64::MAX));
        at_the_end
    }

    /// The same where remote providers begin at once whatever they are asked for: there all that waits has its times,
    /// but for what is frozen.
    #[must_use]
    pub fn foreseen(&self) -> Self {
        let mut to_come = self.clone();
        loop {
            let Some(at) = to_come.settled_at() else { return to_come };
            let is_asked = |service: &&Service| service.turn == Turn::Asked;
            let asked: Vec<ServiceId> = to_come.services().filter(is_asked).map(|s| s.id.clone()).collect();
            asked.iter().for_each(|id| to_come.confirm(id, at));
            let Some(next) = to_come.next_change_at() else { return to_come };
            to_come.advance(next);
        }
    }

    /// The rights are others from now on: a notice came.
    pub fn entitle(&mut self, rights: Vec<Right>, now: Timestamp) {
        let at = self.reach(now);
        self.rights = rights;
        self.arrange(at);
    }

    /// Brings in a stored device, the last in binding order: one that its account had bound without a
    /// number, or an unbound one with what froze on it.
    pub fn join(&mut self, device: Device, now: Timestamp) {
        let at = self.reach(now);
        let mut alone = Self { rights: Vec::new(), devices: vec![device] };
        let at = alone.reach(at);
        self.devices.append(&mut alone.devices);
        self.advance(at);
    }

    /// Binds a device to an account, a new one or an unbound one of these. Again is no change.
    ///
    /// # Errors
    /// [`Refused::AnotherAccount`] where it is bound to another.
    pub fn bind(&mut self, id: &DeviceId, account: UserAccount, now: Timestamp) -> Result<(), Refused> {
        let at = self.reach(now);
        let place = self.devices.iter().position(|device| device.id == *id);
        let known = place.map(|place| self.devices[place].account.as_ref());
        match known.flatten() {
            Some(bound_to) if *bound_to == account => return Ok(()),
            Some(_) => return Err(Refused::AnotherAccount),
            None => {}
        }
        let mut device = match place {
            Some(place) => self.devices.remove(place),
            None => Device { id: id.clone(), account: None, settled_at: at, services: Vec::new() },
        };
        device.account = Some(account);
        self.devices.push(device);
        self.arrange(at);
        Ok(())
    }

    /// Unbinds a device: rights on it end, paid time freezes. It stays among these until it is written;
    /// then it is a holding of its own.
    pub fn unbind(&mut self, id: &DeviceId, now: Timestamp) {
        let at = self.reach(now);
        if let Some(device) = self.device_mut(id) {
            device.account = None;
        }
        self.arrange(at);
    }

    /// Adds paid time of whoever the device is bound to, last in its queue of that kind. The same purchase again adds
    /// nothing, whatever became of it here.
    ///
    /// # Errors
    /// [`Refused::NotBound`].
    pub fn redeem(
        &mut self,
        id: &DeviceId,
        purchase: Purchase,
        now: Timestamp,
    ) -> Result<ServiceId, Refused> {
        let at = self.reach(now);
        let service_id = ServiceId::of_paid(&purchase.source);
        if self.service(&service_id).is_none() {
            let account = self.device_mut(id).and_then(|device| device.account.clone());
            self.grant(id, account.ok_or(Refused::NotBound)?, purchase, at)?;
        }
        Ok(service_id)
    }

    /// Adds paid time of an account, likewise, whosever the device is by now: where it is not that account's, the
    /// time is frozen there.
    ///
    /// # Errors
    /// [`Refused::NotBound`] where there is no such device.
    pub fn grant(
        &mut self,
        id: &DeviceId,
        account: UserAccount,
        purchase: Purchase,
        now: Timestamp,
    ) -> Result<ServiceId, Refused> {
        let at = self.reach(now);
        let service_id = ServiceId::of_paid(&purchase.source);
        if self.service(&service_id).is_none() {
            let device = self.device_mut(id).ok_or(Refused::NotBound)?;
            let Purchase { source, plan, granted_ms, pausable } = purchase;
            let granted_ms = granted_ms.max(0);
            device.queue(Service {
                id: service_id.clone(),
                device: id.clone(),
                account,
                source,
                plan,
                hold: Hold::Paid(Paid { place: 0, granted_ms, used_ms: 0, begun_at: None, pausable }),
                granted_at: at,
                turn: Turn::Waiting,
                ended_at: None,
            });
            self.arrange(at);
        }
        Ok(service_id)
    }

    /// When what an account buys next for a device may be expected to begin: behind what it has left there of that
    /// kind. Rights are not foreseen, which go on or end as news comes. Advance first.
    #[must_use]
    pub fn expected_start(
        &self,
        id: &DeviceId,
        account: &UserAccount,
        kind: GrantKind,
        now: Timestamp,
    ) -> Timestamp {
        let is_before = |service: &&Service| {
            service.is_live() && (&service.device, &service.account, service.plan.kind) == (id, account, kind)
        };
        let left = self.services().filter(is_before).filter_map(|service| service.left_ms(now));
        now.plus_ms(left.fold(0, i64::saturating_add))
    }

    /// A remote provider has begun a service: its time runs from now, and where the provider cannot pause, from
    /// the end of what it carries of that kind on the device already. For one that can pause and has lost its
    /// turn meanwhile nothing changes. Said with a clock behind what is advanced already, it counts as of there:
    /// what was in force until then cannot be undone, and no time runs down before it was known to run.
    pub fn confirm(&mut self, id: &ServiceId, now: Timestamp) {
        let at = self.reach(now);
        let stacked_until = self.service(id).and_then(|service| self.stacked_until(service));
        if let Some(service) = self.service_mut(id) {
            if service.cannot_pause() {
                service.run_from(stacked_until.map_or(at, |until| until.max(at)));
            }
            service.begin(at);
        }
        self.arrange(at);
    }

    /// Until when the provider of a service carries others that it cannot pause, of its kind on its device.
    fn stacked_until(&self, service: &Service) -> Option<Timestamp> {
        let beside = |other: &&Service| {
            (&other.device, &other.plan.provider, other.plan.kind)
                == (&service.device, &service.plan.provider, service.plan.kind)
        };
        let running = |other: &&Service| other.runs_by_wall_clock() && other.id != service.id;
        self.services().filter(running).filter(beside).filter_map(Service::runs_out_at).max()
    }

    /// Ends a paid service before its time, as when the code behind it is withdrawn. (A right ends by
    /// [`Self::entitle`].)
    pub fn revoke(&mut self, id: &ServiceId, now: Timestamp) {
        let at = self.reach(now);
        if let Some(service) = self.service_mut(id).filter(|service| !service.is_attached()) {
            service.end(at);
        }
        self.arrange(at);
    }

    /// Takes a paid service off its device, with the time it has left, for [`Self::put`] into these or
    /// other holdings in the same transaction.
    ///
    /// # Errors
    /// [`Refused::NoSuchService`], [`Refused::NotPaid`].
    pub fn take(&mut self, id: &ServiceId, now: Timestamp) -> Result<Service, Refused> {
        let at = self.reach(now);
        let found = self.service_mut(id).ok_or(Refused::NoSuchService)?;
        if found.is_attached() {
            return Err(Refused::NotPaid);
        }
        found.take_turn(at);
        let taken = found.clone();
        self.devices.iter_mut().for_each(|device| device.services.retain(|service| service.id != *id));
        self.arrange(at);
        Ok(taken)
    }

    /// Puts a taken service onto a device of its account, last in the queue.
    ///
    /// # Errors
    /// [`Refused::NotBound`], [`Refused::AnotherAccount`].
    pub fn put(&mut self, service: Service, to: &DeviceId, now: Timestamp) -> Result<(), Refused> {
        let at = self.reach(now);
        let device = self.device_mut(to).ok_or(Refused::NotBound)?;
        match &device.account {
            Some(account) if *account == service.account => {}
            Some(_) => return Err(Refused::AnotherAccount),
            None => return Err(Refused::NotBound),
        }
        device.queue(Service { device: to.clone(), ..service });
        self.arrange(at);
        Ok(())
    }

    /// One of its services, ended or not.
    #[must_use]
    pub fn service(&self, id: &ServiceId) -> Option<&Service> {
        self.services().find(|service| service.id == *id)
    }

    /// All services on all its devices.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.devices.iter().flat_map(|device| &device.services)
    }

    /// The moment to which all of it is advanced; none without devices. Where the stored moments differ,
    /// nothing happened between them.
    #[must_use]
    pub fn settled_at(&self) -> Option<Timestamp> {
        self.devices.iter().map(|device| device.settled_at).max()
    }

    /// Walks to `now` over all that happens by itself, in order; the moment reached.
    fn reach(&mut self, now: Timestamp) -> Timestamp {
        let Some(mut at) = self.settled_at() else { return now };
        let now = now.max(at);
        self.arrange(at);
        while let Some(next) = self.next_change_after(at).filter(|next| *next <= now) {
            at = next;
            self.arrange(at);
        }
        self.devices.iter_mut().for_each(|device| device.settled_at = now);
        now
    }

    fn next_change_after(&self, at: Timestamp) -> Option<Timestamp> {
        let edges = self.rights.iter().flat_map(|r| [r.begins_at, r.window.lapses_at]);
        let ends = self.services().filter_map(Service::runs_out_at);
        edges.chain(ends).filter(|moment| *moment > at).min()
    }

    fn device_mut(&mut self, id: &DeviceId) -> Option<&mut Device> {
        self.devices.iter_mut().find(|device| device.id == *id)
    }

    fn service_mut(&mut self, id: &ServiceId) -> Option<&mut Service> {
        let all = self.devices.iter_mut().flat_map(|device| &mut device.services);
        all.into_iter().find(|service| service.id == *id && service.is_live())
    }
}

impl Device {
    /// Adds a paid service behind all others.
    fn queue(&mut self, mut service: Service) {
        let places = self.services.iter().filter_map(|other| match other.hold {
            Hold::Paid(paid) => Some(paid.place),
            Hold::Window(_) => None,
        });
        let last = places.max().unwrap_or(0);
        if let Hold::Paid(paid) = &mut service.hold {
            paid.place = last.saturating_add(1);
        }
        self.services.push(service);
    }
}
