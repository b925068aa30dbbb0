//! The circuit breaker of a provider: after so many failures in a row nothing is sent for a while, then
//! one task is, and what comes of it decides. Pure; keeping it in the ledger is left to the dispatch.

use crate::clock::Timestamp;
use crate::ledger::fulfil;

/// When it opens, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fuse {
    /// Failures in a row; 0: never.
    pub(super) failures_max: u32,
    pub(super) open_ms: i64,
}

/// How much may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// As much as the provider's limits allow.
    Closed,
    /// Nothing before this.
    Open(Timestamp),
    /// One task, to see.
    Trial,
}

/// What is known of a provider's health.
#[derive(Debug, Clone)]
pub(super) struct Breaker {
    fuse: Fuse,
    known: fulfil::Breaker,
    /// Whether the ledger has not been told yet.
    is_news: bool,
}

impl Breaker {
    pub(super) fn new(provider: &str, fuse: Fuse) -> Self {
        let provider = provider.to_owned();
        let changed_at = Timestamp(i64::MIN);
        let known = fulfil::Breaker { provider, failures: 0, open_until: None, last_error: None, changed_at };
        Self { fuse, known, is_news: false }
    }

    pub(super) fn flow(&self, now: Timestamp) -> Flow {
        match self.known.open_until {
            _ if self.fuse.failures_max == 0 => Flow::Closed,
            None => Flow::Closed,
            Some(until) if now < until => Flow::Open(until),
            Some(_) => Flow::Trial,
        }
    }

    /// The provider answered.
    pub(super) fn worked(&mut self, now: Timestamp) {
        if self.known.failures > 0 || self.known.open_until.is_some() {
            self.change(0, None, None, now);
        }
    }

    /// It did not. Failures that come in while it is open, of tasks sent before, do not lengthen that.
    pub(super) fn failed(&mut self, why: &str, now: Timestamp) {
        let failures = self.known.failures.saturating_add(1);
        let is_over = self.fuse.failures_max > 0 && failures >= self.fuse.failures_max;
        let open_until = match self.flow(now) {
            Flow::Open(until) => Some(until),
            Flow::Closed | Flow::Trial => is_over.then(|| now.plus_ms(self.fuse.open_ms)),
        };
        self.change(failures, open_until, Some(why.to_owned()), now);
    }

    fn change(
        &mut self,
        failures: u32,
        open_until: Option<Timestamp>,
        last_error: Option<String>,
        now: Timestamp,
    ) {
        let provider = std::mem::take(&mut self.known.provider);
        self.known = fulfil::Breaker { provider, failures, open_until, last_error, changed_at: now };
        self.is_news = true;
    }

    /// What another worker has written since.
    pub(super) fn learn(&mut self, row: &fulfil::Breaker) {
        if row.changed_at > self.known.changed_at {
            self.known = row.clone();
            self.is_news = false;
        }
    }

    /// What the ledger has to be told, if anything.
    pub(super) fn news(&mut self) -> Option<fulfil::Breaker> {
        std::mem::take(&mut self.is_news).then(|| self.known.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker(failures_max: u32) -> Breaker {
        Breaker::new("meari", Fuse { failures_max, open_ms: 30_000 })
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp(ms)
    }

    #[test]
    fn it_opens_tries_one_and_closes() {
        let mut breaker = breaker(3);
        breaker.failed("one", at(1));
        breaker.failed("two", at(2));
        assert_eq!(breaker.flow(at(3)), Flow::Closed);
        breaker.failed("three", at(3));
        assert_eq!(breaker.flow(at(4)), Flow::Open(at(30_003)));
        breaker.failed("sent before", at(9000));
        assert_eq!(breaker.flow(at(30_002)), Flow::Open(at(30_003)), "not lengthened");
        assert_eq!(breaker.flow(at(30_003)), Flow::Trial);
        breaker.failed("still down", at(30_004));
        assert_eq!(breaker.flow(at(30_005)), Flow::Open(at(60_004)));
        assert_eq!(breaker.flow(at(60_004)), Flow::Trial);
        breaker.worked(at(60_005));
        assert_eq!(breaker.flow(at(60_006)), Flow::Closed);
    }

    #[test]
    fn an_answer_between_makes_the_count_begin_anew() {
        let mut breaker = breaker(2);
        breaker.failed("one", at(1));
        breaker.worked(at(2));
        breaker.failed("one", at(3));
        assert_eq!(breaker.flow(at(4)), Flow::Closed);
    }

    #[test]
    fn without_a_number_it_never_opens() {
        let mut breaker = breaker(0);
        (0..100).for_each(|ms| breaker.failed("down", at(ms)));
        assert_eq!(breaker.flow(at(101)), Flow::Closed);
    }

    #[test]
    fn workers_tell_one_another() {
        let (mut one, mut other) = (breaker(1), breaker(1));
        one.failed("down", at(5));
        let news = one.news().expect("news");
        assert!(one.news().is_none());
        other.learn(&news);
        assert_eq!(other.flow(at(6)), Flow::Open(at(30_005)));
        assert!(other.news().is_none(), "what came from the ledger is no news to it");
        other.worked(at(7));
        other.learn(&news);
        assert_eq!(other.flow(at(8)), Flow::Closed, "what is older is not learnt");
    }
}
