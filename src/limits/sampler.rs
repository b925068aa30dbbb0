//! Lets log lines through at a bounded rate and counts what it held back, so that a flood of refusals or
//! accept errors cannot fill a disk. What is logged is left to the caller.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many lines were held back since the last one let through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suppressed(pub u64);

/// At most one admission per interval.
#[derive(Debug)]
pub struct Sampler {
    interval: Duration,
    state: Mutex<State>,
}

/// At most so many admissions per interval for each kind of line, so that a flood of one kind hides none of
/// another. Kinds are words of ours, few enough to keep them all.
#[derive(Debug)]
pub struct Samplers<K> {
    many: u32,
    interval: Duration,
    kinds: Mutex<BTreeMap<K, State>>,
}

#[derive(Debug, Default)]
struct State {
    /// When the present interval began; the first line of one begins it.
    began: Option<Instant>,
    admitted: u32,
    suppressed: u64,
}

impl State {
    const NEW: Self = Self { began: None, admitted: 0, suppressed: 0 };

    fn admit(&mut self, many: u32, interval: Duration, now: Instant) -> Option<Suppressed> {
        if self.began.is_none_or(|began| now.saturating_duration_since(began) >= interval) {
            (self.began, self.admitted) = (Some(now), 0);
        }
        if self.admitted >= many {
            self.suppressed += 1;
            return None;
        }
        self.admitted += 1;
        Some(Suppressed(std::mem::take(&mut self.suppressed)))
    }
}

impl Sampler {
    /// A sampler that admits once per `interval`.
    #[must_use]
    pub const fn every(interval: Duration) -> Self {
        Self { interval, state: Mutex::new(State::NEW) }
    }

    /// Whether to log at `now`, and if so how many were held back before:
    /// `if let Some(Suppressed(n)) = sampler.admit(now) { warn!(suppressed = n, …) }`.
    pub fn admit(&self, now: Instant) -> Option<Suppressed> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).admit(1, self.interval, now)
    }
}

impl<K: Ord> Samplers<K> {
    /// Samplers that each admit `many` lines per `interval`.
    #[must_use]
    pub const fn new(many: u32, interval: Duration) -> Self {
        Self { many, interval, kinds: Mutex::new(BTreeMap::new()) }
    }

    /// Whether to log a line of this kind at `now`, and if so how many of it were held back before.
    pub fn admit(&self, kind: K, now: Instant) -> Option<Suppressed> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        kinds.entry(kind).or_default().admit(self.many, self.interval, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_per_interval_and_a_count_of_the_rest() {
        let sampler = Sampler::every(Duration::from_secs(10));
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        assert_eq!(sampler.admit(at(0)), Some(Suppressed(0)));
        assert_eq!(sampler.admit(at(1)), None);
        assert_eq!(sampler.admit(at(9)), None);
        assert_eq!(sampler.admit(at(10)), Some(Suppressed(2)));
        assert_eq!(sampler.admit(at(30)), Some(Suppressed(0)));
    }

    #[test]
    fn kinds_are_apart_and_some_lines_of_each_pass_at_once() {
        let samplers = Samplers::new(2, Duration::from_secs(10));
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let passed = |kind| (0..100).filter(|_| samplers.admit(kind, at(1)).is_some()).count();
        assert_eq!((passed("401"), passed("404")), (2, 2));
        assert_eq!(samplers.admit("401", at(10)), None);
        assert_eq!(samplers.admit("401", at(11)), Some(Suppressed(99)));
        assert_eq!(samplers.admit("401", at(12)), Some(Suppressed(0)));
    }
}
