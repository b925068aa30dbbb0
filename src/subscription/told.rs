//! What is told again says nothing new (contract section 2): support pushes old rows again, under new queueIDs and with
//! the times of their sending. Without a regID nothing is taken for told again. And who ended what, the carrier or an
//! operator.

use std::collections::{HashMap, HashSet};

use super::Subscription;
use super::decide::Event;
use super::terms::Terms;
use crate::clock::Timestamp;

/// What a fold remembers of the notices it has seen.
#[derive(Debug, Default)]
pub(super) struct Told<'a> {
    /// The latest end that was meant, by package, regID and `subcribeTime`.
    registers: HashMap<(&'a str, &'a str, Timestamp), Timestamp>,
    /// RegIDs whose runs were cancelled under them, with the package.
    cancelled: HashSet<(String, &'a str)>,
    /// Packages that an operator ended, and the carrier did not cancel since.
    ended: HashSet<String>,
    /// Whether the present notice was told before.
    pub(super) again: bool,
}

impl<'a> Told<'a> {
    /// Whether a register was told before, with no earlier end.
    pub(super) fn again(&mut self, event: &'a Event, terms: &'a Terms, expires_at: Timestamp) -> bool {
        let (Some(reg_id), Some(subscribe_at)) = (&event.reg_id, event.subscribe_at) else { return false };
        let latest =
            self.registers.entry((&terms.package_id, reg_id, subscribe_at)).or_insert(Timestamp(i64::MIN));
        self.again = expires_at <= *latest;
        *latest = expires_at.max(*latest);
        self.again
    }

    /// A subscription was told to end; `changed` where it had not ended before.
    pub(super) fn ended(&mut self, event: &Event, package_id: &str, changed: bool) {
        match event.own {
            Some(_) if changed => drop(self.ended.insert(package_id.to_owned())),
            Some(_) => {}
            None => drop(self.ended.remove(package_id)),
        }
    }

    /// Whether an operator ended a package, and the carrier has not cancelled it.
    pub(super) fn is_ended_by_operator(&self, package_id: &str) -> bool {
        self.ended.contains(package_id)
    }

    /// Whether a cancel of a subscription is one of a run that ended before by it. Else it is remembered.
    pub(super) fn cancelled_again(&mut self, event: &'a Event, held: &Subscription) -> bool {
        let Some(reg_id) = event.reg_id.as_deref() else { return false };
        let key = (held.terms.package_id.clone(), reg_id);
        if held.reg_id.as_deref() == Some(reg_id) {
            self.cancelled.insert(key);
            return false;
        }
        let again = held.reg_id.is_some() && self.cancelled.contains(&key);
        self.again |= again;
        again
    }
}
