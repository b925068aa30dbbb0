//! When the dispatch looks for tasks again: at once when told of one, at the time at which one of its own
//! is due again, and otherwise with growing pauses, for what other processes write.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use crate::clock::Timestamp;

/// The first pause after something was found, and the longest.
const PAUSE_MIN: Duration = Duration::from_millis(20);
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(1);

/// Times remembered; what is beyond is found by looking.
const DUE_MAX: usize = 4096;

/// The pauses, and the times that cut them short.
pub(super) struct Pace {
    pause: Duration,
    due: BinaryHeap<Reverse<Timestamp>>,
    room_in: Option<Duration>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { pause: PAUSE_MIN, due: BinaryHeap::new(), room_in: None }
    }

    /// A look at `now`: whether something was found, and when a provider that has no room will have some.
    pub(super) fn looked(&mut self, has_found: bool, room_in: Option<Duration>, now: Timestamp) {
        self.pause = if has_found { PAUSE_MIN } else { (self.pause * 2).min(PAUSE_MAX) };
        self.room_in = room_in;
        while self.due.peek().is_some_and(|Reverse(at)| *at <= now) {
            self.due.pop();
        }
    }

    /// A look was in vain: the ledger could not be reached.
    pub(super) fn failed(&mut self) {
        self.pause = PAUSE_MAX;
        self.room_in = None;
        self.due.clear();
    }

    /// A task of ours is due at a time.
    pub(super) fn due(&mut self, at: Timestamp) {
        if self.due.len() < DUE_MAX {
            self.due.push(Reverse(at));
        }
    }

    /// How long to wait, if nothing happens before.
    pub(super) fn pause(&self, now: Timestamp) -> Duration {
        let due_in = self.due.peek().map(|Reverse(at)| {
            // To the next whole millisecond: a look before the time would be in vain.
            Duration::from_millis(u64::try_from(at.0.saturating_sub(now.0)).unwrap_or(0).saturating_add(1))
        });
        [due_in, self.room_in].into_iter().flatten().fold(self.pause, Duration::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(10_000);

    #[test]
    fn pauses_grow_to_a_second_while_nothing_is_found() {
        let mut pace = Pace::new();
        pace.looked(true, None, NOW);
        assert_eq!(pace.pause(NOW), PAUSE_MIN);
        (0..10).for_each(|_| pace.looked(false, None, NOW));
        assert_eq!(pace.pause(NOW), PAUSE_MAX);
        pace.looked(true, None, NOW);
        assert_eq!(pace.pause(NOW), PAUSE_MIN);
    }

    #[test]
    fn what_is_known_to_come_cuts_them_short() {
        let mut pace = Pace::new();
        (0..10).for_each(|_| pace.looked(false, None, NOW));
        pace.due(Timestamp(10_500));
        pace.due(Timestamp(10_200));
        assert_eq!(pace.pause(NOW), Duration::from_millis(201));
        pace.looked(false, None, Timestamp(10_201));
        assert_eq!(pace.pause(Timestamp(10_201)), Duration::from_millis(300));
        pace.looked(false, Some(Duration::from_millis(50)), Timestamp(10_202));
        assert_eq!(pace.pause(Timestamp(10_202)), Duration::from_millis(50));
    }
}
