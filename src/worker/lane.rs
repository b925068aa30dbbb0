//! One provider's way out: how many of its tasks may be taken up now, by its concurrency, its rate and its
//! breaker. No provider's limits touch another's.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::breaker::{Breaker, Flow, Fuse};
use crate::clock::Timestamp;
use crate::config;
use crate::providers::{Can, Provider, can};

/// Tasks of a provider that sends nothing, taken up at once: only their commits cost anything.
const LOCAL_MAX: u32 = 128;

/// The parts of a second in which a provider's rate is spread out: a burst is no more than one part's worth.
const PARTS: u32 = 10;

/// A provider with its limits and what is under way.
pub(super) struct Lane {
    pub(super) name: Arc<str>,
    pub(super) provider: Arc<dyn Provider>,
    /// How long one attempt may take.
    pub(super) timeout: Duration,
    pub(super) can: Can,
    pub(super) breaker: Breaker,
    /// How many wait for a place whose sender is waited for.
    pub(super) waiting: u32,
    concurrency: u32,
    under_way: u32,
    rate: Option<Rate>,
}

/// Tasks a second.
struct Rate {
    limiter: DefaultDirectRateLimiter,
    clock: DefaultClock,
    /// Drawn from the limiter and not used yet: a burst's worth at most, however long nothing was to be done.
    credits: u32,
    burst: NonZeroU32,
    /// In which a burst's worth comes anew.
    pause: Duration,
}

/// How many tasks may be taken up, and when more may be where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) tasks_max: u32,
    pub(super) more_in: Option<Duration>,
}

impl Lane {
    pub(super) fn new(name: &str, provider: Arc<dyn Provider>, settings: &config::Provider) -> Self {
        let can = can(settings);
        let open_ms = i64::from(settings.breaker_open_s) * 1000;
        let fuse = Fuse { failures_max: settings.breaker_failures, open_ms };
        Self {
            name: name.into(),
            provider,
            timeout: Duration::from_millis(settings.timeout_ms.into()),
            can,
            breaker: Breaker::new(name, fuse),
            waiting: 0,
            concurrency: if can.sends { settings.concurrency } else { LOCAL_MAX },
            under_way: 0,
            rate: NonZeroU32::new(settings.per_second).filter(|_| can.sends).map(Rate::new),
        }
    }

    /// How many tasks may be taken up now.
    pub(super) fn room(&mut self, now: Timestamp) -> Room {
        let free = self.concurrency.saturating_sub(self.under_way);
        let wanted = match self.breaker.flow(now) {
            Flow::Closed => free,
            Flow::Open(until) => {
                let ms = u64::try_from(until.0.saturating_sub(now.0)).unwrap_or(0);
                return Room { tasks_max: 0, more_in: Some(Duration::from_millis(ms)) };
            }
            Flow::Trial if self.under_way > 0 => 0,
            Flow::Trial => 1,
        };
        match &mut self.rate {
            Some(rate) => rate.room(wanted),
            None => Room { tasks_max: wanted, more_in: None },
        }
    }

    /// Whether nothing at all is sent now.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        matches!(self.breaker.flow(now), Flow::Open(_))
    }

    /// A place is taken.
    pub(super) fn begin(&mut self) {
        self.under_way += 1;
        if let Some(rate) = &mut self.rate {
            rate.credits = rate.credits.saturating_sub(1);
        }
    }

    /// It is free again.
    pub(super) fn end(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Nothing is sent from a place that was taken: the rate does not count it.
    pub(super) fn unused(&mut self) {
        if let Some(rate) = &mut self.rate {
            rate.credits += 1;
        }
    }
}

impl Rate {
    fn new(per_second: NonZeroU32) -> Self {
        let burst = NonZeroU32::new(per_second.get() / PARTS).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::direct(Quota::per_second(per_second).allow_burst(burst));
        let pause = Duration::from_secs(1) * burst.get() / per_second.get();
        Self { limiter, clock: DefaultClock::default(), credits: 0, burst, pause }
    }

    fn room(&mut self, wanted: u32) -> Room {
        let at_once = wanted.min(self.burst.get());
        while self.credits < at_once {
            match self.limiter.check() {
                Ok(()) => self.credits += 1,
                Err(not_until) => {
                    let more_in = Some(not_until.wait_time_from(self.clock.now()));
                    return Room { tasks_max: self.credits, more_in };
                }
            }
        }
        Room { tasks_max: at_once, more_in: (at_once < wanted).then_some(self.pause) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ProviderKind;
    use crate::providers::Local;

    fn lane(settings: config::Provider) -> Lane {
        Lane::new("test", Arc::new(Local), &settings)
    }

    fn scripted() -> config::Provider {
        config::Provider { kind: ProviderKind::Scripted, ..config::Provider::default() }
    }

    #[test]
    fn no_more_is_under_way_than_the_setting_says() {
        let mut lane = lane(config::Provider { concurrency: 2, ..scripted() });
        assert_eq!(lane.room(Timestamp(0)).tasks_max, 2);
        lane.begin();
        lane.begin();
        assert_eq!(lane.room(Timestamp(0)), Room { tasks_max: 0, more_in: None });
        lane.end();
        assert_eq!(lane.room(Timestamp(0)).tasks_max, 1);
    }

    #[test]
    fn a_rate_lets_few_out_at_once_and_says_when_to_come_back() {
        let mut lane = lane(config::Provider { per_second: 5, ..scripted() });
        let first = lane.room(Timestamp(0));
        assert_eq!(first.tasks_max, 1);
        assert!(first.more_in.is_some_and(|wait| wait <= Duration::from_millis(200)));
        assert_eq!(lane.room(Timestamp(0)).tasks_max, 1, "what was not used is there still");
        lane.begin();
        assert_eq!(lane.room(Timestamp(0)).tasks_max, 0);
    }

    #[test]
    fn a_rate_that_was_not_used_lets_no_more_out_at_once() {
        let mut lane = lane(config::Provider { per_second: 50, concurrency: 50, ..scripted() });
        for _ in 0..10 {
            assert_eq!(lane.room(Timestamp(0)).tasks_max, 5);
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    #[test]
    fn a_breaker_lets_nothing_out_and_then_one() {
        let mut lane = lane(config::Provider { breaker_failures: 1, breaker_open_s: 1, ..scripted() });
        lane.breaker.failed("down", Timestamp(0));
        let room = Room { tasks_max: 0, more_in: Some(Duration::from_millis(400)) };
        assert_eq!(lane.room(Timestamp(600)), room);
        assert_eq!(lane.room(Timestamp(1000)).tasks_max, 1);
        lane.begin();
        assert_eq!(lane.room(Timestamp(1000)).tasks_max, 0);
    }
}
