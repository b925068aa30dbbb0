//! The order of a number-and-service's notices, which does not depend on how they arrived
//! (contract section 2, "Order").
//!
//! Notices with an integer queueID stand by its value. All others stand by event time, each before
//! the first queueID notice whose event time, or that of any lower queueID, is later. Ties are
//! broken by content.

use std::cmp::Ordering;

use crate::clock::Timestamp;

/// What decides where a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The queueID's value, where it is an integer of up to 30 digits.
    pub queue: Option<u128>,
    /// The event time: `subcribeTime` or `startTime` of a register, `updateTime` or `startTime` of a
    /// cancel.
    pub at: Option<Timestamp>,
    /// First receipt: stands in where there is no event time.
    pub received_at: Timestamp,
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
    /// The latest event time of any queueID notice.
    pub queue_at: Option<Timestamp>,
    /// The latest time of any other notice.
    pub other_at: Option<Timestamp>,
}

impl Newest {
    /// Counts a notice in.
    #[must_use]
    pub fn with(self, place: &Place) -> Self {
        match place.queue {
            Some(value) => {
                Self { queue: self.queue.max(Some(value)), queue_at: self.queue_at.max(place.at), ..self }
            }
            None => Self { other_at: self.other_at.max(Some(place.time())), ..self },
        }
    }

    /// Counts another fold's progress in.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            queue: self.queue.max(other.queue),
            queue_at: self.queue_at.max(other.queue_at),
            other_at: self.other_at.max(other.other_at),
        }
    }

    /// Whether a notice stands after all that were counted: then one step is the whole fold.
    #[must_use]
    pub fn is_before(&self, place: &Place) -> bool {
        match place.queue {
            Some(value) => {
                let clear = self.other_at.is_none_or(|other| self.queue_at.max(place.at) > Some(other));
                self.queue.is_none_or(|newest| value > newest) && clear
            }
            None => {
                let time = Some(place.time());
                self.queue_at <= time && self.other_at < time
            }
        }
    }
}

/// Puts items into the order of the fold.
#[must_use]
pub fn sort<T>(items: Vec<T>, place: impl Fn(&T) -> &Place) -> Vec<T> {
    let (mut queued, mut others): (Vec<T>, Vec<T>) =
        items.into_iter().partition(|item| place(item).queue.is_some());
    queued.sort_by(|a, b| by_queue(place(a), place(b)));
    others.sort_by(|a, b| by_time(place(a), place(b)));

    let mut sorted = Vec::with_capacity(queued.len() + others.len());
    let mut others = others.into_iter().peekable();
    let mut latest: Option<Timestamp> = None;
    for item in queued {
        latest = latest.max(place(&item).at);
        while let Some(other) = others.next_if(|other| Some(place(other).time()) < latest) {
            sorted.push(other);
        }
        sorted.push(item);
    }
    sorted.extend(others);
    sorted
}

fn by_queue(a: &Place, b: &Place) -> Ordering {
    (a.queue, a.tie).cmp(&(b.queue, b.tie))
}

fn by_time(a: &Place, b: &Place) -> Ordering {
    (a.time(), a.tie).cmp(&(b.time(), b.tie))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `q5@10` is queueID 5 at time 10, `q5` one without a time, `@10` no queueID, `r10` nothing but
    /// a receipt.
    fn place(text: &str) -> Place {
        let (queue, at) = text.split_once('@').unwrap_or((text, ""));
        let receipt = text.strip_prefix('r').map_or(0, |t| t.parse().expect("a receipt"));
        Place {
            queue: queue.strip_prefix('q').map(|q| q.parse().expect("a queueID")),
            at: at.parse().ok().map(Timestamp),
            received_at: Timestamp(receipt),
            tie: 0,
        }
    }

    #[track_caller]
    fn check(given: &str, expected: &str) {
        let items: Vec<&str> = given.split(' ').collect();
        let mut reversed = items.clone();
        reversed.reverse();
        for items in [items, reversed] {
            let places = items.iter().map(|text| (*text, place(text))).collect();
            let sorted: Vec<&str> = sort(places, |p| &p.1).into_iter().map(|p| p.0).collect();
            assert_eq!(sorted.join(" "), expected);
        }
    }

    #[test]
    fn queue_ids_rule_whatever_their_times() {
        check("q3@1 q1@9 q2", "q1@9 q2 q3@1");
    }

    #[test]
    fn others_stand_before_the_first_later_queue_notice() {
        check("q1@10 q2@20 @15", "q1@10 @15 q2@20");
        check("q1@30 q2@20 @25", "@25 q1@30 q2@20");
        check("q1@10 q2@20 @20", "q1@10 q2@20 @20");
        check("q1 q2@20 @15 r12", "q1 r12 @15 q2@20");
        check("q1 q2 @15", "q1 q2 @15");
    }
}
