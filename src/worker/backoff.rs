//! How long a task rests after an attempt that came to nothing. Leaves the dice to the caller.

use std::time::Duration;

/// From which pause to which.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    pub(super) min: Duration,
    pub(super) max: Duration,
}

impl Backoff {
    /// The pause after an attempt that came after `attempts` others: drawn from the upper half of a range
    /// that doubles each time, so that tasks which failed together do not come back together. Never
    /// shorter than what the provider asked for. `chance` is any number, as random as the pause is to be.
    pub(super) fn pause(self, attempts: u32, asked: Option<Duration>, chance: u32) -> Duration {
        let doubled = 2_u32.checked_pow(attempts.saturating_add(1));
        let top = doubled.map_or(self.max, |times| self.min.saturating_mul(times)).min(self.max);
        let low = (top / 2).max(self.min).min(top);
        let drawn = low + (top - low).mul_f64(f64::from(chance) / f64::from(u32::MAX));
        asked.map_or(drawn, |asked| asked.max(drawn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff { min: Duration::from_millis(500), max: Duration::from_secs(3600) };

    fn range(attempts: u32) -> (u128, u128) {
        let pause = |chance| BACKOFF.pause(attempts, None, chance).as_millis();
        (pause(0), pause(u32::MAX))
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        assert_eq!(range(0), (500, 1000));
        assert_eq!(range(1), (1000, 2000));
        assert_eq!(range(10), (512_000, 1_024_000));
        for late in [13, 31, 32, u32::MAX] {
            assert_eq!(range(late), (1_800_000, 3_600_000), "{late}");
        }
    }

    #[test]
    fn pauses_stay_between_the_shortest_and_the_longest() {
        let same = Backoff { min: Duration::from_secs(1), max: Duration::from_secs(1) };
        for chance in [0, 7, u32::MAX] {
            assert_eq!(same.pause(0, None, chance), Duration::from_secs(1));
        }
    }

    #[test]
    fn what_the_provider_asks_for_is_kept() {
        let asked = |seconds| BACKOFF.pause(0, Some(Duration::from_secs(seconds)), 0).as_millis();
        assert_eq!((asked(0), asked(7), asked(7200)), (500, 7000, 7_200_000));
    }
}
