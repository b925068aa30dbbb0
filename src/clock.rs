//! Time: one millisecond timestamp for all of the gateway, the carrier's local spellings of it, and
//! the only place that asks the system what time it is.

mod zone;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, FixedOffset, NaiveDateTime, SecondsFormat, TimeZone, Utc};
pub use zone::Zone;

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

/// One day in milliseconds.
pub const DAY_MS: i64 = 86_400_000;

impl Timestamp {
    /// Reads a time as the carrier writes it: `yyyyMMddHHmmss` in the zone of `offset`. Anything else (zeros, other
    /// lengths, dates no calendar has, before 1970) is `None`.
    #[must_use]
    pub fn from_carrier(text: &str, offset: FixedOffset) -> Option<Self> {
        if text.len() != 14 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        // A second 60 would be taken for a leap second, which the carrier's clocks do not show.
        let local =
            NaiveDateTime::parse_from_str(text, "%Y%m%d%H%M%S").ok().filter(|_| !text.ends_with("60"))?;
        let at = offset.from_local_datetime(&local).single()?;
        (local.and_utc().timestamp() >= 0).then(|| Self(at.timestamp_millis()))
    }

    /// The same of a time that may also be 13 digits of epoch milliseconds, as `startTime` is.
    #[must_use]
    pub fn from_carrier_or_epoch(text: &str, offset: FixedOffset) -> Option<Self> {
        if text.len() != 13 || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Self::from_carrier(text, offset);
        }
        text.parse().ok().filter(|ms| *ms > 0).map(Self)
    }

    /// Reads an RFC 3339 time in any zone.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let at = DateTime::parse_from_rfc3339(text).ok()?;
        Some(Self(at.timestamp_millis()))
    }

    /// RFC 3339 in UTC with `Z`; milliseconds only where there are any.
    #[must_use]
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::AutoSi, true)
    }

    /// Whole seconds since 1970, the rest left out.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The same moment as a calendar value in UTC; moments no calendar holds become its last one.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// This moment moved by `ms`, never wrapping round.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

/// Where the current time comes from. Passed in, so that a test can set it.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::from_fn(|| {
            let ms = |since: Duration| i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
            Timestamp(match SystemTime::now().duration_since(UNIX_EPOCH) {
                Ok(after) => ms(after),
                Err(before) => -ms(before.duration()),
            })
        })
    }

    /// A clock that answers whatever `now` answers.
    #[must_use]
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// What is wrong with a clock that nothing could be done by: before 1970 no carrier sends anything, and what is
    /// counted from then has no value.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let now = self.now();
        let before = now < Timestamp(0);
        before.then(|| format!("this machine's clock stands before 1970, at {}: set it", now.rfc3339()))
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

/// When this machine was started, by the system's clock as it is set now.
#[must_use]
pub fn booted_at() -> Timestamp {
    let up = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Timestamp(Clock::system().now().0.saturating_sub(up.tv_sec.saturating_mul(1000)))
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now().rfc3339())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let hanoi = FixedOffset::east_opt(7 * 3600).expect("an offset");
        Timestamp::from_carrier_or_epoch(text, hanoi).map(Timestamp::rfc3339)
    }

    #[test]
    fn carrier_times() {
        assert_eq!(read("20171003164946").as_deref(), Some("2017-10-03T09:49:46Z"));
        assert_eq!(read("1507024188340").as_deref(), Some("2017-10-03T09:49:48.340Z"));
        for absent in [
            "",
            "00000000000000",
            "0000000000000",
            "180119094911",
            "20171332000000",
            "2017100316494x",
            "20171003240000",
        ] {
            assert_eq!(read(absent), None, "{absent}");
        }
    }
}
