//! What lies between two states of holdings: the rows to write, and what each provider owes. A worker
//! makes tasks of the dues; which of them supersede which is the ledger's.

use super::hold::Hold;
use super::holdings::Holdings;
use super::source::{ServiceId, Source};
use super::{Plan, Service, Turn};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};

/// What is to be written and done.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Changes {
    /// Services that are new or other than before, whole.
    pub write: Vec<Service>,
    /// What providers owe: ends first, then changes, then beginnings, since what begins on a device
    /// may take the place of what ends there.
    pub dues: Vec<Due>,
}

/// Something that a provider is to carry out.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// What to do.
    pub action: Action,
    /// For which service.
    pub service: ServiceId,
    /// On which device: for an end, the one it was on.
    pub device: DeviceId,
    /// For whom.
    pub account: UserAccount,
    /// What the service comes from.
    pub source: Source,
    /// What to carry out, and by whom: for an end, as it was begun.
    pub plan: Plan,
    /// From when: a right's start; of paid time since when it runs, else now.
    pub starts_at: Timestamp,
    /// Until when if nothing comes between: for a right the end of grace, for an end now.
    pub ends_at: Timestamp,
    /// Whether it is paid time that the provider cannot stop: a code of such a one was redeemed there.
    pub runs_down: bool,
}

/// What a provider can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// Stop.
    End,
    /// Go on with another plan or until another end, as a renewal does. Where a provider knows services
    /// by the steps that made them, what another package replaces is ended by a task of its own.
    Change,
    /// Start, or resume.
    Begin,
}

/// What changed, and what that makes providers owe, at the moment `after` is advanced to.
#[must_use]
pub fn between(before: &Holdings, after: &Holdings) -> Changes {
    let now = after.settled_at().unwrap_or(Timestamp(0));
    let mut changes = Changes::default();
    for old in before.services().filter(|old| after.service(&old.id).is_none()) {
        changes.compare(Some(old), None, now);
    }
    for new in after.services() {
        let old = before.service(&new.id);
        if old != Some(new) {
            changes.compare(old, Some(new), now);
            changes.write.push(new.clone());
        }
    }
    changes.dues.sort_by_key(|due| due.action);
    changes
}

impl Changes {
    fn compare(&mut self, old: Option<&Service>, new: Option<&Service>, now: Timestamp) {
        let old = old.filter(|service| service.is_carried());
        let new = new.filter(|service| service.is_carried());
        match (old, new) {
            (Some(old), Some(new)) if old.goes_on_as(new) => {
                if old.plan != new.plan || old.carried_until(now) != new.carried_until(now) {
                    self.dues.push(new.due(Action::Change, now));
                }
            }
            _ => {
                self.dues.extend(old.map(|old| Due { ends_at: now, ..old.due(Action::End, now) }));
                self.dues.extend(new.map(|new| new.due(Action::Begin, now)));
            }
        }
    }
}

impl Service {
    /// Whether the same provider goes on with it on the same device. One that was in force and waits
    /// for its provider again has lost its turn between, and the provider has to begin anew.
    fn goes_on_as(&self, new: &Self) -> bool {
        let resumes = matches!((self.turn, new.turn), (Turn::InForce(_), Turn::Asked));
        self.device == new.device && self.plan.provider == new.plan.provider && !resumes
    }

    fn carried_until(&self, now: Timestamp) -> Timestamp {
        let asked_now = || now.plus_ms(self.left_ms(now).unwrap_or(0));
        match self.hold {
            Hold::Window(window) => window.lapses_at,
            Hold::Paid(_) => self.runs_out_at().unwrap_or_else(asked_now),
        }
    }

    fn due(&self, action: Action, now: Timestamp) -> Due {
        let since = match (self.hold, self.turn) {
            (Hold::Window(window), _) => window.starts_at,
            (Hold::Paid(_), Turn::InForce(since)) => since,
            (Hold::Paid(_), _) => now,
        };
        Due {
            action,
            service: self.id.clone(),
            device: self.device.clone(),
            account: self.account.clone(),
            source: self.source.clone(),
            plan: self.plan.clone(),
            starts_at: since,
            ends_at: self.carried_until(now),
            runs_down: self.cannot_pause(),
        }
    }
}
