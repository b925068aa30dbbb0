//! What a service holds, and how its time runs: a right its window, what was paid its milliseconds.

use super::{Service, Turn};
use crate::clock::Timestamp;

/// What a service holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// A right's window.
    Window(Window),
    /// Paid time.
    Paid(Paid),
}

/// The window of a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The run's start.
    pub starts_at: Timestamp,
    /// The end of the paid time, exclusive.
    pub expires_at: Timestamp,
    /// The end if no more news comes, the days of grace included: until then it is in force.
    pub lapses_at: Timestamp,
}

/// Paid time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paid {
    /// Its place in the queue of its device: higher is later.
    pub place: u32,
    /// How much was paid for.
    pub granted_ms: i64,
    /// How much had run down when it last lost its turn or ended.
    pub used_ms: i64,
    /// When it first came in force; where its provider cannot pause, when it began or begins there.
    pub begun_at: Option<Timestamp>,
    /// Whether its provider can stop and resume it.
    pub pausable: bool,
}

impl Window {
    /// The end as the outside sees it: the end of the paid time, once that is past the end of grace.
    #[must_use]
    pub fn ends_at(&self, at: Timestamp) -> Timestamp {
        if at < self.expires_at { self.expires_at } else { self.lapses_at }
    }
}

impl Service {
    /// How much of the paid time has run down at `at`; none for a right. As known at the last settling,
    /// so never ask for a time after the next change.
    #[must_use]
    pub fn used_ms(&self, at: Timestamp) -> Option<i64> {
        let Hold::Paid(paid) = self.hold else { return None };
        let used = match (self.turn, paid.begun_at) {
            (_, Some(begun)) if self.runs_by_wall_clock() => at.0.saturating_sub(begun.0),
            (Turn::InForce(since), _) => paid.used_ms.saturating_add(at.0.saturating_sub(since.0)),
            _ => paid.used_ms,
        };
        Some(used.max(paid.used_ms).min(paid.granted_ms))
    }

    /// How much of the paid time is left at `at`; none for a right.
    #[must_use]
    pub fn left_ms(&self, at: Timestamp) -> Option<i64> {
        let Hold::Paid(paid) = self.hold else { return None };
        self.used_ms(at).map(|used| paid.granted_ms - used)
    }

    /// When its paid time runs out by itself if nothing comes between; none while it stands still.
    #[must_use]
    pub fn runs_out_at(&self) -> Option<Timestamp> {
        let Hold::Paid(paid) = self.hold else { return None };
        match (self.turn, paid.begun_at) {
            (_, Some(begun)) if self.runs_by_wall_clock() => Some(begun.plus_ms(paid.granted_ms)),
            (Turn::InForce(since), _) => Some(since.plus_ms(paid.granted_ms - paid.used_ms)),
            _ => None,
        }
    }

    /// Whether its time runs down whatever comes between, since its provider has begun and cannot stop.
    pub(super) fn runs_by_wall_clock(&self) -> bool {
        let begun = |paid: &Paid| !paid.pausable && paid.begun_at.is_some();
        self.is_live() && matches!(&self.hold, Hold::Paid(paid) if begun(paid))
    }

    /// Whether it is paid time that can be moved to another device. What a remote provider has begun and cannot stop
    /// would go on where it is.
    #[must_use]
    pub fn may_move(&self) -> bool {
        let is_there = self.runs_by_wall_clock() && !self.plan.is_local();
        self.is_live() && matches!(self.hold, Hold::Paid(_)) && !is_there
    }

    /// Whether it is paid time that its provider cannot stop.
    pub(super) fn cannot_pause(&self) -> bool {
        matches!(&self.hold, Hold::Paid(paid) if !paid.pausable)
    }

    /// Gives it its turn. It is in force at once where nobody has to be asked: with the local provider,
    /// and with one that never stopped.
    pub(super) fn give_turn(&mut self, at: Timestamp) {
        if self.has_turn() {
            return;
        }
        self.turn = Turn::Asked;
        if self.plan.is_local() || self.runs_by_wall_clock() {
            self.begin(at);
        }
    }

    /// Its provider has begun it, and cannot stop: its time runs from then on, whosever turn it is.
    pub(super) fn run_from(&mut self, begun: Timestamp) {
        if let Hold::Paid(paid) = &mut self.hold {
            paid.begun_at.get_or_insert(begun);
        }
    }

    /// Puts it in force, where it is its turn and it was not yet.
    pub(super) fn begin(&mut self, at: Timestamp) {
        if self.turn == Turn::Asked {
            self.turn = Turn::InForce(at);
            if let Hold::Paid(paid) = &mut self.hold {
                paid.begun_at.get_or_insert(at);
            }
        }
    }

    /// Takes its turn away and keeps account of what has run down.
    pub(super) fn take_turn(&mut self, at: Timestamp) {
        let used = self.used_ms(at);
        if let (Hold::Paid(paid), Some(used)) = (&mut self.hold, used) {
            paid.used_ms = used;
        }
        self.turn = Turn::Waiting;
    }

    /// Ends it for ever.
    pub(super) fn end(&mut self, at: Timestamp) {
        self.take_turn(at);
        self.ended_at = Some(at);
    }
}
