//! Lets a log line through at most once per interval and counts what it held back, so that a flood
//! of refusals or accept errors cannot fill a disk. What is logged is left to the caller.

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

#[derive(Debug, Default)]
struct State {
    last: Option<Instant>,
    suppressed: u64,
}

impl Sampler {
    /// A sampler that admits once per `interval`.
    #[must_use]
    pub const fn every(interval: Duration) -> Self {
        Self { interval, state: Mutex::new(State { last: None, suppressed: 0 }) }
    }

    /// Whether to log at `now`, and if so how many were held back before:
    /// `if let Some(Suppressed(n)) = sampler.admit(now) { warn!(suppressed = n, …) }`.
    pub fn admit(&self, now: Instant) -> Option<Suppressed> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let due = state.last.is_none_or(|last| now.saturating_duration_since(last) >= self.interval);
        if !due {
            state.suppressed += 1;
            return None;
        }
        state.last = Some(now);
        Some(Suppressed(std::mem::take(&mut state.suppressed)))
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
}
