//! The words and times in which the outside sees a service. Advance the holdings first: these read what
//! the last settling left.

use super::hold::Hold;
use super::holdings::Device;
use super::{Service, Turn};
use crate::clock::Timestamp;

/// A service's state. All but `Ended` can come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// In force.
    Active,
    /// Its turn, but its remote provider has not yet said that it began.
    Pending,
    /// Paid, not begun: others come first.
    Queued,
    /// Paid and begun, and others come first. Its time stands still, unless its provider cannot pause.
    Paused,
    /// Paid, on a device that is unbound or another account's: comes back with the binding, or moves.
    Frozen,
    /// Over for ever.
    Ended,
}

impl State {
    /// The word the outside sees.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Queued => "queued",
            Self::Paused => "paused",
            Self::Frozen => "frozen",
            Self::Ended => "ended",
        }
    }
}

impl Device {
    /// The state of one of this device's services.
    #[must_use]
    pub fn state_of(&self, service: &Service) -> State {
        let has_begun = |begun: Timestamp| begun <= self.settled_at;
        let begun = matches!(service.hold, Hold::Paid(paid) if paid.begun_at.is_some_and(has_begun));
        match service.turn {
            _ if !service.is_live() => State::Ended,
            _ if self.freezes(service) => State::Frozen,
            Turn::InForce(_) => State::Active,
            Turn::Asked => State::Pending,
            Turn::Waiting if begun => State::Paused,
            Turn::Waiting => State::Queued,
        }
    }
}

impl Service {
    /// A right's start; of what was paid when it first came in force, none before.
    #[must_use]
    pub fn starts_at(&self) -> Option<Timestamp> {
        match self.hold {
            Hold::Window(window) => Some(window.starts_at),
            Hold::Paid(paid) => paid.begun_at,
        }
    }

    /// When it ended, or ends as known at `at`; none for paid time that stands still
    /// ([`super::holdings::Holdings::forecast`] answers for those).
    #[must_use]
    pub fn ends_at(&self, at: Timestamp) -> Option<Timestamp> {
        let to_come = || match self.hold {
            Hold::Window(window) => Some(window.ends_at(at)),
            Hold::Paid(_) => self.runs_out_at(),
        };
        self.ended_at.or_else(to_come)
    }
}
