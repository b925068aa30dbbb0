//! Every business rule of a notice, pure: no I/O, no clock, no SQL, no XML syntax.
//!
//! Read in this order: [`notice`] (a message's fields, checked; [`odd`] times), [`judge`] (does it reach the fold,
//! or is it parked), [`order`] (where it stands among the others), [`decide`] (one step of the fold,
//! and the fold; `told` knows what is told again, `grant` an operator's grant, `later` what is
//! superseded), [`entitlement`] (what a subscriber may use at a clock). [`terms`] are the copies of
//! offers that the fold works from, [`cycle`] the carrier's billing cycles.
//!
//! What a number holds is the fold of its notices and of nothing else: the order in which they came,
//! how often, and what the catalog says today do not matter. The ledger keeps the fold's result
//! beside the journal, and can always make it again.

pub mod cycle;
pub mod decide;
pub mod entitlement;
mod grant;
pub mod judge;
mod later;
pub mod notice;
pub mod odd;
pub mod order;
pub mod terms;
mod told;

use std::sync::Arc;

use crate::clock::Timestamp;
use order::Newest;
use terms::Terms;

/// What a subscriber holds of one package, as the fold leaves it. What that means at a moment
/// ([`State`]) follows from the clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Subscription {
    /// The offer's terms at the newest register of the run (of the cancel, where nothing was held).
    pub terms: Arc<Terms>,
    /// What the newest notice that mattered left.
    pub standing: Standing,
    /// The newest run; none where a cancel came for a package that was never held.
    pub run: Option<Run>,
    /// The newest register's channel, as sent (a cancel's, where nothing was held).
    pub channel: Option<String>,
    /// The newest register's regID, as sent (a cancel's, where nothing was held).
    pub reg_id: Option<String>,
    /// Event time of the newest notice that changed this subscription.
    pub updated_at: Timestamp,
}

/// How a subscription stands, whatever the clock says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Registered, and not ended by any notice.
    Held,
    /// Ended by a cancel.
    Cancelled,
    /// Ended by the register of another package of its exclusive service.
    Replaced,
}

/// An unbroken run of a register and its renewals.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The terms of the run's newest register: its grants are the run's entitlements.
    pub terms: Arc<Terms>,
    /// Names the notice that began the run, stable over any order of arrival; entitlement ids come
    /// from it.
    pub founder: i64,
    /// Event time of the register that began it.
    pub starts_at: Timestamp,
    /// The end of the paid time, exclusive.
    pub expires_at: Timestamp,
    /// When it lapses without news: `expires_at`, plus the grace days where it renews by itself.
    pub lapses_at: Timestamp,
    /// Whether the carrier renews it by itself.
    pub auto_renew: bool,
    /// When a cancel or another package ended it, never outside the run.
    pub ended_at: Option<Timestamp>,
}

/// A subscription's state at a clock (contract section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Registered and paid, also before its start.
    Active,
    /// Past `expires_at`, renewing by itself, no news yet.
    Grace,
    /// Grace over, or expired without renewal.
    Lapsed,
    /// Ended by a cancel.
    Cancelled,
    /// Taken over by another package of an exclusive service.
    Replaced,
}

impl State {
    /// The word the outside sees.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Grace => "grace",
            Self::Lapsed => "lapsed",
            Self::Cancelled => "cancelled",
            Self::Replaced => "replaced",
        }
    }

    /// Whether service goes on: active or in grace.
    #[must_use]
    pub fn is_in_force(self) -> bool {
        matches!(self, Self::Active | Self::Grace)
    }
}

impl Run {
    fn state(&self, at: Timestamp) -> State {
        if at < self.expires_at {
            State::Active
        } else if at < self.lapses_at {
            State::Grace
        } else {
            State::Lapsed
        }
    }

    /// When its rights come: a carrier's clock may be ahead of ours.
    #[must_use]
    pub fn begins_at(&self) -> Timestamp {
        self.starts_at.plus_ms(-i64::from(self.terms.clock_skew_s) * 1000)
    }

    /// The end of the run as known: by notice, else by lapse.
    #[must_use]
    pub fn end(&self) -> Timestamp {
        self.ended_at.unwrap_or(self.lapses_at)
    }
}

impl Subscription {
    /// The state at a clock, to the millisecond.
    #[must_use]
    pub fn state(&self, at: Timestamp) -> State {
        match (self.standing, &self.run) {
            (Standing::Held, Some(run)) => run.state(at),
            (Standing::Replaced, _) => State::Replaced,
            _ => State::Cancelled,
        }
    }
}

/// The fold's result for one number and one service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceState {
    /// One per package that any notice named, by package id.
    pub subscriptions: Vec<Subscription>,
    /// Runs that ended before the newest one of their package began, oldest first.
    pub past: Vec<Run>,
    /// How far the fold has come.
    pub newest: Newest,
}
