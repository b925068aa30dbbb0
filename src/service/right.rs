//! A subscriber's rights as devices meet them: the entitlements that are delivered to devices, each
//! with the window in which it is in force if no more news comes.

use super::Plan;
use super::hold::Window;
use crate::catalog::Delivery;
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::subscription::ServiceState;
use crate::subscription::entitlement::{Entitlement, entitlements};

/// An entitlement as it is to be delivered.
#[derive(Debug, Clone, PartialEq)]
pub struct Right {
    /// The entitlement's id; it decides the kind.
    pub entitlement: String,
    /// What is carried out on each device.
    pub plan: Plan,
    /// On how many devices at once.
    pub devices_max: usize,
    /// When.
    pub window: Window,
    /// From when on it is in force: its start, or a little before.
    pub begins_at: Timestamp,
}

impl Right {
    /// Whether it is in force at a clock.
    #[must_use]
    pub fn is_in_force(&self, at: Timestamp) -> bool {
        self.begins_at <= at && at < self.window.lapses_at
    }
}

/// The rights of a number that last beyond `as_of`, as known at that moment, those that only begin later
/// among them. For holdings as stored that is the moment to which they are advanced, for what a notice
/// changed it is now: an end that is dated ahead counts as the moment at which it became known.
#[must_use]
pub fn rights(number: &Msisdn, states: &[ServiceState], as_of: Timestamp) -> Vec<Right> {
    delivered(Delivery::Device, number, states, as_of)
}

/// The same for the entitlements that are delivered as a code.
#[must_use]
pub fn code_rights(number: &Msisdn, states: &[ServiceState], as_of: Timestamp) -> Vec<Right> {
    delivered(Delivery::Code, number, states, as_of)
}

fn delivered(delivery: Delivery, number: &Msisdn, states: &[ServiceState], as_of: Timestamp) -> Vec<Right> {
    // Seen from the end of time every run has begun, and its end is the one without further news.
    let end_of_time = Timestamp(i64::MAX);
    let mut rights = Vec::new();
    for state in states {
        let all = entitlements(number, state, end_of_time, as_of);
        let ours = all.iter().filter(|e| e.grant.delivery == delivery && e.ends_at > as_of);
        rights.extend(ours.map(|entitlement| {
            let at_start = entitlements(number, state, entitlement.starts_at, as_of);
            right(entitlement, at_start.iter().find(|e| e.id == entitlement.id))
        }));
    }
    rights
}

/// Seen from its start, a run's end is the end of its paid time.
fn right(entitlement: &Entitlement, at_start: Option<&Entitlement>) -> Right {
    Right {
        entitlement: entitlement.id.clone(),
        plan: Plan::of(entitlement.grant),
        devices_max: usize::try_from(entitlement.grant.devices_max).unwrap_or(usize::MAX),
        window: Window {
            starts_at: entitlement.starts_at,
            expires_at: at_start.map_or(entitlement.ends_at, |e| e.ends_at),
            lapses_at: entitlement.ends_at,
        },
        begins_at: entitlement.begins_at,
    }
}
