//! One quota per key (a caller's address, a partner's key) in bounded memory. A refusal is a value
//! that says when to come back; it is never an error to log by itself.

use std::hash::Hash;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// How many keys one limiter remembers. Beyond it, keys whose quota is whole again are forgotten;
/// when that does not help, all are: a flood of invented keys must not cost memory without end.
pub const KEYS_MAX: usize = 100_000;

/// Every this many checks the number of keys is looked at, so memory exceeds [`KEYS_MAX`] by no more.
const CHECKS_PER_SWEEP: u32 = 1024;

/// Over the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limited {
    /// How long until one more request fits.
    pub retry_after: Duration,
}

impl Limited {
    /// The same as whole seconds for a `Retry-After` header, rounded up, at least 1.
    #[must_use]
    pub fn retry_after_s(&self) -> u64 {
        let whole = self.retry_after.as_secs();
        (whole + u64::from(self.retry_after.subsec_nanos() > 0)).max(1)
    }
}

/// A quota of so many requests per second for each key; a burst is one second's worth.
pub struct Limiter<K: Hash + Eq + Clone> {
    /// `None` when the limit is off.
    keys: Option<Keys<K>>,
}

struct Keys<K: Hash + Eq + Clone> {
    quota: Quota,
    keys_max: usize,
    checks: AtomicU32,
    clock: DefaultClock,
    seen: RwLock<DefaultKeyedRateLimiter<K>>,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// `per_second` requests for each key; 0 turns the limit off.
    #[must_use]
    pub fn new(per_second: u32) -> Self {
        Self::with_keys_max(per_second, KEYS_MAX)
    }

    fn with_keys_max(per_second: u32, keys_max: usize) -> Self {
        let keys = NonZeroU32::new(per_second).map(|per_second| {
            let quota = Quota::per_second(per_second);
            Keys {
                quota,
                keys_max,
                checks: AtomicU32::new(0),
                clock: DefaultClock::default(),
                seen: RwLock::new(RateLimiter::keyed(quota)),
            }
        });
        Self { keys }
    }

    /// Takes one request out of this key's quota.
    ///
    /// # Errors
    /// [`Limited`] when the quota is used up; nothing is taken then.
    pub fn check(&self, key: &K) -> Result<(), Limited> {
        let Some(keys) = &self.keys else { return Ok(()) };
        keys.sweep_sometimes();
        let seen = keys.seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.check_key(key).map_err(|until| Limited { retry_after: until.wait_time_from(keys.clock.now()) })
    }

    /// How many keys are remembered now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.as_ref().map_or(0, Keys::len)
    }

    /// Whether no key is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Hash + Eq + Clone> Keys<K> {
    fn len(&self) -> usize {
        self.seen.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn sweep_sometimes(&self) {
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if !checks.is_multiple_of(CHECKS_PER_SWEEP) || self.len() <= self.keys_max {
            return;
        }
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        seen.retain_recent();
        if seen.len() > self.keys_max {
            *seen = RateLimiter::keyed(self.quota);
        } else {
            seen.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_seconds_worth_and_keys_are_apart() {
        let limiter = Limiter::new(3);
        let granted = (0..10).filter(|_| limiter.check(&"a").is_ok()).count();
        assert!((3..=4).contains(&granted), "{granted}");
        assert_eq!(limiter.check(&"b"), Ok(()));
    }

    #[test]
    fn a_refusal_says_when_to_come_back() {
        let limiter = Limiter::new(1);
        assert_eq!(limiter.check(&1), Ok(()));
        let limited = limiter.check(&1).expect_err("used up");
        assert!(limited.retry_after > Duration::ZERO && limited.retry_after <= Duration::from_secs(1));
        assert_eq!(limited.retry_after_s(), 1);
        std::thread::sleep(limited.retry_after);
        assert_eq!(limiter.check(&1), Ok(()));
    }

    #[test]
    fn zero_is_off() {
        let limiter = Limiter::new(0);
        assert!((0..10_000).all(|_| limiter.check(&0).is_ok()));
        assert!(limiter.is_empty());
    }

    #[test]
    fn a_flood_of_keys_stays_bounded() {
        let limiter = Limiter::with_keys_max(1, 2_000);
        let mut most = 0;
        for key in 0..50_000_u32 {
            assert_eq!(limiter.check(&key), Ok(()));
            most = most.max(if key.is_multiple_of(100) { limiter.len() } else { 0 });
        }
        assert!(most <= 2_000 + CHECKS_PER_SWEEP as usize, "{most}");
    }

    #[test]
    fn seconds_round_up() {
        let seconds = |ms| Limited { retry_after: Duration::from_millis(ms) }.retry_after_s();
        assert_eq!([seconds(0), seconds(1), seconds(1000), seconds(1001)], [1, 1, 1, 2]);
    }
}
