//! The order of a number-and-service's notices, which does not depend on how they arrived
//! (contract section 2, "Order").
//!
//! A carrier's rows bear two measures, and each lies at times. The *event time* lies by minutes: clocks of the
//! carrier's machines differ, and a cancel has no time of its own but that of its sending. The *queueID* counts up
//! as the carrier decides, and is right within a day whatever is sent late; but a notifier that is installed anew
//! counts from 1, and support pushes an old row again under a new one. So:
//!
//! 1. All stand by event time; at the same time by startTime, then a register before a cancel, then by queueID, then
//!    by content.
//! 2. Then, as long as two neighbours with integer queueIDs stand within `carrier.queue_disorder_max_s` of one
//!    another and the earlier one's queueID is the greater, the first such pair changes places.
//!
//! Three rows, as the carrier made them and as they stand after each step:
//!
//! ```text
//!   made by the carrier                 by event time          queueIDs within a day rule
//!   q 7001  register  1 May 10:00       q 7001  1 May 10:00    q 7001  1 May 10:00   registers
//!   q 7003  cancel    1 May 10:04       q 7004  1 May 10:03    q 7003  1 May 10:04   cancelled
//!   q 7004  register  1 May 10:03 (*)   q 7003  1 May 10:04    q 7004  1 May 10:03   registered again
//!   q   12  cancel   21 May 09:00 (**)  q   12 21 May 09:00    q   12 21 May 09:00   cancelled: 20 days are
//!                                                                                    beyond any disorder
//! ```
//!
//! (*) from a machine whose clock is late; (**) from a notifier that counts from 1 again.

use std::cmp::Ordering;

use crate::clock::Timestamp;

/// What decides where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The queueID's value, where it is a positive integer of up to 30 digits.
    pub queue: Option<u128>,
    /// The event time: `subcribeTime` or `startTime` of a register, `updateTime` or `startTime` of a
    /// cancel.
    pub at: Option<Timestamp>,
    /// `startTime`.
    pub start_at: Option<Timestamp>,
    /// First receipt: stands in where there is no event time.
    pub received_at: Timestamp,
    /// At one moment a register stands before a cancel.
    pub is_cancel: bool,
    /// Content hash.
    pub tie: i64,
}

impl Place {
    /// When the notice takes effect.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.at.unwrap_or(self.received_at)
    }
}

/// How far a fold has come: enough to tell whether a notice is the newest of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Newest {
    /// The highest queueID.
    pub queue: Option<u128>,
    /// The latest time.
    pub at: Option<Timestamp>,
}

impl Newest {
    /// Counts a notice in.
    #[must_use]
    pub fn with(self, place: &Place) -> Self {
        self.and(Self { queue: place.queue, at: Some(place.time()) })
    }

    /// Counts another fold's progress in.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { queue: self.queue.max(other.queue), at: self.at.max(other.at) }
    }

    /// Whether a notice stands after all that were counted, by both measures: then one step is the whole fold.
    /// `disorder_ms` as for [`sort`].
    #[must_use]
    pub fn is_before(&self, place: &Place, disorder_ms: i64) -> bool {
        let later = self.at.is_none_or(|newest| newest < place.time());
        later && (self.queue.is_none() || place.queue.is_none() || self.queue < place.queue)
            || self.is_long_before(place, disorder_ms)
    }

    /// Whether a notice with a lower queueID than one that was counted is later than queueIDs rule.
    #[must_use]
    pub fn went_back(&self, place: &Place, disorder_ms: i64) -> bool {
        place.queue.is_some() && place.queue < self.queue && self.is_long_before(place, disorder_ms)
    }

    fn is_long_before(&self, place: &Place, disorder_ms: i64) -> bool {
        self.at.is_some_and(|newest| newest.plus_ms(disorder_ms) < place.time())
    }
}

/// Puts items into the order of the fold. Two neighbours are `disorder_ms` milliseconds apart at most where their
/// queueIDs decide.
#[must_use]
pub fn sort<T>(mut items: Vec<T>, disorder_ms: i64, place: impl Fn(&T) -> &Place) -> Vec<T> {
    items.sort_by(|a, b| by_time(place(a), place(b)));
    // All before `next` stand as they should among themselves. The first pair that does not is the one at `next`, or,
    // after a change of places, the one before it.
    let mut next = 1;
    while next < items.len() {
        if next > 0 && changes_places(place(&items[next - 1]), place(&items[next]), disorder_ms) {
            items.swap(next - 1, next);
            next -= 1;
        } else {
            next += 1;
        }
    }
    items
}

fn by_time(a: &Place, b: &Place) -> Ordering {
    let key = |place: &Place| (place.time(), place.start_at, place.is_cancel, place.queue, place.tie);
    key(a).cmp(&key(b))
}

fn changes_places(earlier: &Place, later: &Place, disorder_ms: i64) -> bool {
    let apart = earlier.time().0.abs_diff(later.time().0);
    matches!((earlier.queue, later.queue), (Some(one), Some(other)) if one > other)
        && apart <= disorder_ms.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `q5@10` is queueID 5 at time 10, `q5` one without a time, `@10` no queueID, `r10` nothing but
    /// a receipt; `c` at the end is a cancel, `/3` a startTime.
    fn place(text: &str) -> Place {
        let (text, is_cancel) = text.strip_suffix('c').map_or((text, false), |text| (text, true));
        let (text, start) = text.split_once('/').unwrap_or((text, ""));
        let (queue, at) = text.split_once('@').unwrap_or((text, ""));
        let receipt = text.strip_prefix('r').map_or(0, |t| t.parse().expect("a receipt"));
        Place {
            queue: queue.strip_prefix('q').map(|q| q.parse().expect("a queueID")),
            at: at.parse().ok().map(Timestamp),
            start_at: start.parse().ok().map(Timestamp),
            received_at: Timestamp(receipt),
            is_cancel,
            tie: 0,
        }
    }

    /// QueueIDs decide within 20.
    #[track_caller]
    fn check(given: &str, expected: &str) {
        let items: Vec<&str> = given.split(' ').collect();
        let mut reversed = items.clone();
        reversed.reverse();
        for items in [items, reversed] {
            let places = items.iter().map(|text| (*text, place(text))).collect();
            let sorted: Vec<&str> = sort(places, 20, |p| &p.1).into_iter().map(|p| p.0).collect();
            assert_eq!(sorted.join(" "), expected);
        }
    }

    #[test]
    fn queue_ids_rule_within_the_disorder() {
        check("q3@1 q1@9 q2@5", "q1@9 q2@5 q3@1");
        check("q3@1 q1@21", "q1@21 q3@1");
        check("q3@1 q1@22", "q3@1 q1@22");
    }

    #[test]
    fn event_times_rule_beyond() {
        check("q900@10 q1@40 q2@50", "q900@10 q1@40 q2@50");
    }

    #[test]
    fn only_neighbours_change_places() {
        // One without a queueID stands between, and one that is far from either.
        check("q3@1 @5 q1@9", "q3@1 @5 q1@9");
        // The pair on the left first: 9 and 5 change, and then 9 and 1 are too far apart.
        check("q9@0 q5@15 q1@30", "q5@15 q9@0 q1@30");
    }

    #[test]
    fn ties_are_broken_by_start_then_kind_then_queue() {
        check("@5/2c @5/1", "@5/1 @5/2c");
        check("@5/1c @5/2", "@5/1c @5/2");
        check("@5/1c @5/1", "@5/1 @5/1c");
        check("q2@5/1 q1@5/1", "q1@5/1 q2@5/1");
        check("r5 @4 @6", "@4 r5 @6");
    }

    #[test]
    fn the_newest_by_both_measures_needs_one_step() {
        let newest =
            ["q5@10", "@12"].map(place).iter().fold(Newest::default(), |newest, place| newest.with(place));
        for (text, is_newest) in [
            ("q6@13", true),
            ("@13", true),
            ("q6@12", false),
            ("q4@13", false),
            ("q4@32", false),
            ("q4@33", true),
        ] {
            assert_eq!(newest.is_before(&place(text), 20), is_newest, "{text}");
        }
        assert!(newest.went_back(&place("q4@33"), 20) && !newest.went_back(&place("q6@33"), 20));
    }
}
