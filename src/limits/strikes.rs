//! Counts what somebody does wrong, in bounded memory: beyond so many in a time it is not heard, whatever it
//! sends. Leaves what is wrong to the caller of this.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::{KEYS_MAX, Limited};

/// Strikes by key (a caller's address, an account). Each is forgiven after its share of the time.
pub struct Strikes<K: Hash + Eq + Clone> {
    /// Strikes in `within`; 0 is no limit.
    many: u32,
    within: Duration,
    keys_max: usize,
    /// When each key's strikes are all forgiven.
    forgiven_at: Mutex<HashMap<K, Instant>>,
}

impl<K: Hash + Eq + Clone> Strikes<K> {
    /// `many` strikes of each key `within` a time before it is not heard; 0 turns the limit off.
    #[must_use]
    pub fn new(many: u32, within: Duration) -> Self {
        Self { many, within, keys_max: KEYS_MAX, forgiven_at: Mutex::default() }
    }

    /// Whether the key may be heard.
    ///
    /// # Errors
    /// [`Limited`] once it has a whole time's worth of strikes; nothing is counted here.
    pub fn check(&self, key: &K, now: Instant) -> Result<(), Limited> {
        let Some(share) = self.share() else { return Ok(()) };
        let forgiven_at = self.lock().get(key).copied().unwrap_or(now);
        let over = (forgiven_at + share).saturating_duration_since(now).saturating_sub(self.within);
        if over.is_zero() { Ok(()) } else { Err(Limited { retry_after: over }) }
    }

    /// Counts one strike.
    pub fn strike(&self, key: &K, now: Instant) {
        let Some(share) = self.share() else { return };
        let mut all = self.lock();
        if all.len() >= self.keys_max && !all.contains_key(key) {
            all.retain(|_, forgiven_at| *forgiven_at > now);
            if all.len() >= self.keys_max {
                all.clear();
            }
        }
        let forgiven_at = all.entry(key.clone()).or_insert(now);
        *forgiven_at = (*forgiven_at).max(now) + share;
    }

    /// How long it takes to forgive one strike.
    fn share(&self) -> Option<Duration> {
        self.within.checked_div(self.many)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Instant>> {
        self.forgiven_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_seconds_worth_of_strikes_is_borne_and_forgiven_bit_by_bit() {
        let (strikes, start) = (Strikes::new(4, SECOND), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        for _ in 0..4 {
            assert_eq!(strikes.check(&"a", at(0)), Ok(()));
            strikes.strike(&"a", at(0));
        }
        assert_eq!(strikes.check(&"a", at(0)), Err(Limited { retry_after: Duration::from_millis(250) }));
        assert_eq!(strikes.check(&"b", at(0)), Ok(()), "keys are apart");
        assert!(strikes.check(&"a", at(249)).is_err());
        assert_eq!(strikes.check(&"a", at(250)), Ok(()));
        strikes.strike(&"a", at(250));
        assert!(strikes.check(&"a", at(499)).is_err());
        assert_eq!(strikes.check(&"a", at(10_000)), Ok(()));
    }

    #[test]
    fn zero_is_off_and_memory_is_bounded() {
        let (off, now) = (Strikes::new(0, SECOND), Instant::now());
        off.strike(&1, now);
        assert_eq!((off.check(&1, now), off.lock().len()), (Ok(()), 0));
        let few = Strikes { keys_max: 10, ..Strikes::new(1, SECOND) };
        for key in 0..1000 {
            few.strike(&key, now);
            assert!(few.lock().len() <= 10);
        }
    }
}
