//! Who has its turn at a moment: rights attached to devices and taken off, then one turn for each kind
//! and device. Arranging again at the same moment, from the same facts, changes nothing.

use std::cmp::Reverse;

use super::hold::Hold;
use super::holdings::{Device, Holdings};
use super::right::Right;
use super::source::{ServiceId, Source};
use super::{Service, Turn};
use crate::catalog::Storage;
use crate::clock::Timestamp;

impl Holdings {
    /// Makes everything at `at` as the rules say, from the facts as they are.
    pub(super) fn arrange(&mut self, at: Timestamp) {
        self.keep_or_end_attachments(at);
        self.trim_to_devices_max(at);
        self.attach(at);
        for device in &mut self.devices {
            device.end_what_ran_out(at);
            device.give_turns(at);
        }
    }

    /// An attachment goes on, with its right's newest terms, while right and binding do.
    fn keep_or_end_attachments(&mut self, at: Timestamp) {
        for device in &mut self.devices {
            let bound = device.account.is_some();
            for service in device.services.iter_mut().filter(|service| service.is_attached()) {
                match self.rights.iter().find(|right| right.is_source_of(service)) {
                    Some(right) if bound && right.is_in_force(at) => service.follow(right, at),
                    _ => service.end(at),
                }
            }
        }
    }

    /// Where a right now covers fewer devices, the newest attachments end.
    fn trim_to_devices_max(&mut self, at: Timestamp) {
        for right in &self.rights {
            let services = self.devices.iter_mut().flat_map(|device| &mut device.services);
            let mut attached: Vec<&mut Service> =
                services.filter(|service| service.is_attached() && right.is_source_of(service)).collect();
            // The sort is stable: of one moment, those on the oldest bindings stay.
            attached.sort_by_key(|service| service.granted_at);
            attached.iter_mut().skip(right.devices_max).for_each(|service| service.end(at));
        }
    }

    fn attach(&mut self, at: Timestamp) {
        let mut rights: Vec<&Right> = self.rights.iter().filter(|right| right.is_in_force(at)).collect();
        rights.sort_by_key(|right| right.precedence());
        for right in rights {
            let attached = |device: &&Device| device.attached(right).is_some();
            let room = right.devices_max.saturating_sub(self.devices.iter().filter(attached).count());
            let free = self.devices.iter_mut().filter(|device| device.is_free_for(right));
            free.take(room).for_each(|device| device.attach(right, at));
        }
    }
}

impl Device {
    fn attached(&self, right: &Right) -> Option<&Service> {
        self.services.iter().find(|service| service.is_attached() && right.is_source_of(service))
    }

    fn is_free_for(&self, right: &Right) -> bool {
        let kind = right.plan.kind;
        let taken = |service: &Service| service.is_attached() && service.plan.kind == kind;
        self.account.is_some() && !self.services.iter().any(taken)
    }

    fn attach(&mut self, right: &Right, at: Timestamp) {
        let Some(account) = self.account.clone() else { return };
        let before = self.services.iter().filter(|service| right.is_source_of(service)).count();
        self.services.push(Service {
            id: ServiceId::of_attachment(&right.entitlement, &self.id, before),
            device: self.id.clone(),
            account,
            source: Source::Entitlement(right.entitlement.clone()),
            plan: right.plan.clone(),
            hold: Hold::Window(right.window),
            granted_at: at,
            turn: Turn::Waiting,
            ended_at: None,
        });
    }

    fn end_what_ran_out(&mut self, at: Timestamp) {
        let live = self.services.iter_mut().filter(|service| service.is_live());
        live.filter(|service| service.left_ms(at) == Some(0)).for_each(|service| service.end(at));
    }

    /// First to the rights, for what was paid makes room only to one that is in force.
    fn give_turns(&mut self, at: Timestamp) {
        for service in self.services.iter_mut().filter(|service| service.is_attached()) {
            service.give_turn(at);
        }
        let turns: Vec<bool> = self.services.iter().map(|service| self.is_first(service)).collect();
        let (first, others): (Vec<_>, Vec<_>) =
            self.services.iter_mut().zip(turns).partition(|(_, is_first)| *is_first);
        others.into_iter().filter(|(s, _)| s.has_turn()).for_each(|(service, _)| service.take_turn(at));
        first.into_iter().for_each(|(service, _)| service.give_turn(at));
    }

    fn is_first(&self, service: &Service) -> bool {
        if service.is_attached() {
            return true;
        }
        let rivals = self.services.iter().filter(|s| s.plan.kind == service.plan.kind && self.is_in_play(s));
        let first = rivals.filter(|s| !s.is_attached() || s.is_in_force()).min_by_key(|rival| rival.rank());
        first.is_some_and(|first| first.id == service.id)
    }

    /// Whether it may have a turn at all: not ended, and not frozen.
    fn is_in_play(&self, service: &Service) -> bool {
        service.is_live() && !self.freezes(service)
    }

    /// Whether the device is unbound, or bound to another account than the service's.
    pub(super) fn freezes(&self, service: &Service) -> bool {
        self.account.as_ref() != Some(&service.account)
    }
}

impl Service {
    /// Whose turn it is: the lowest rank of a kind on a device. What runs down by the wall clock goes
    /// before what can wait, so that nothing more is lost than must be.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        match &self.hold {
            Hold::Window(_) => (0, None, 0),
            Hold::Paid(paid) if self.runs_by_wall_clock() => (1, paid.begun_at, paid.place),
            Hold::Paid(paid) => (2, None, paid.place),
        }
    }

    fn follow(&mut self, right: &Right, at: Timestamp) {
        self.hold = Hold::Window(right.window);
        if self.plan.provider != right.plan.provider {
            // The new provider has yet to begin.
            self.take_turn(at);
        }
        if self.plan != right.plan {
            self.plan = right.plan.clone();
        }
    }
}

impl Right {
    fn is_source_of(&self, service: &Service) -> bool {
        matches!(&service.source, Source::Entitlement(id) if *id == self.entitlement)
    }

    /// Which of several rights takes a device that all of them want: the lowest.
    fn precedence(&self) -> impl Ord + use<> {
        let storage = self.plan.storage.map(|storage| match storage {
            Storage::Event => 1,
            Storage::Continuous => 2,
        });
        let better = Reverse((storage, self.plan.retention_days));
        (better, self.window.starts_at, self.entitlement.clone())
    }
}
