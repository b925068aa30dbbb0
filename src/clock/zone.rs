//! Time zones as camera apps name them, and the local times that they have: for what is counted by somebody's
//! calendar. Leaves what is counted to others.

use std::fmt;

use chrono::{Days, FixedOffset, NaiveDateTime, Offset, TimeZone};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::Timestamp;

/// Zones have been kept to quarters of an hour for decades: seconds of another kind are an hour and minutes run
/// together, such as `-1200`.
const STEP_S: i32 = 900;
/// No zone is further from UTC.
const OFFSET_S_MAX: i32 = 18 * 3600;
const LONGEST: usize = 64;

/// A time zone. Kept as its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Zone {
    /// Always so far east of UTC.
    Fixed(FixedOffset),
    /// By the rules of the IANA database.
    Named(Tz),
}

impl Zone {
    /// Reads seconds east of UTC (`28800`), `GMT+8`, `UTC-3:30`, `+08:00`, or an IANA name (`Asia/Ho_Chi_Minh`; its
    /// `Etc/GMT+8` lies west, as there). None for anything else: no guess is made, since it would cost somebody a day.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST || !text.is_ascii() {
            return None;
        }
        let seconds = || text.parse().ok().filter(|_| !has_leading_zero(text));
        let fixed = seconds().or_else(|| after_prefix(text)).or_else(|| clock(text, true));
        fixed.and_then(fixed_zone).or_else(|| text.parse().ok().map(Self::Named))
    }

    /// Its local time at a moment.
    #[must_use]
    pub fn local(self, at: Timestamp) -> NaiveDateTime {
        let utc = at.utc().naive_utc();
        utc.checked_add_offset(self.offset(utc)).unwrap_or(utc)
    }

    /// The moment of a local time. Of one that comes twice when clocks are put back, the later; of one that is left
    /// out when they are put forward, as much later as they are put forward (as RFC 5545 has it: 02:30 is 03:30).
    #[must_use]
    pub fn moment(self, local: NaiveDateTime) -> Timestamp {
        let at = |offset: FixedOffset| local.checked_sub_offset(offset).unwrap_or(local);
        let day = Days::new(1);
        let before = self.offset(local.checked_sub_days(day).unwrap_or(local));
        let after = self.offset(local.checked_add_days(day).unwrap_or(local));
        let holds = |offset: &FixedOffset| self.offset(at(*offset)) == *offset;
        // In a gap neither holds, and the clock as it was before it tells how long since.
        let held = [before, after].into_iter().filter(holds).map(at).max();
        Timestamp(held.unwrap_or_else(|| at(before)).and_utc().timestamp_millis())
    }

    /// How far east of UTC it is, when the clock of UTC shows that.
    fn offset(self, utc: NaiveDateTime) -> FixedOffset {
        match self {
            Self::Fixed(offset) => offset,
            Self::Named(zone) => zone.offset_from_utc_datetime(&utc).fix(),
        }
    }
}

fn fixed_zone(seconds: i32) -> Option<Zone> {
    let is_fit = seconds % STEP_S == 0 && seconds.abs() <= OFFSET_S_MAX;
    FixedOffset::east_opt(seconds).filter(|_| is_fit).map(Zone::Fixed)
}

/// `+0800` would be 800 seconds.
fn has_leading_zero(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    digits.len() > 1 && digits.starts_with('0')
}

/// What follows `GMT` or `UTC`.
fn after_prefix(text: &str) -> Option<i32> {
    let (prefix, rest) = text.split_at_checked(3)?;
    ["GMT", "UTC"]
        .iter()
        .any(|known| prefix.eq_ignore_ascii_case(known))
        .then(|| clock(rest, false))
        .flatten()
}

/// Seconds of `±H`, `±HH` or, needed or not, minutes after a colon.
fn clock(text: &str, needs_minutes: bool) -> Option<i32> {
    let (sign, rest) = text.split_at_checked(1)?;
    let sign = match sign {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let number = |digits: &str, len: std::ops::RangeInclusive<usize>| {
        let is_number = len.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<i32>().ok()).flatten()
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some((hours, minutes)) => (number(hours, 1..=2)?, number(minutes, 2..=2).filter(|m| *m < 60)?),
        None if needs_minutes => return None,
        None => (number(rest, 1..=2)?, 0),
    };
    Some(sign * (hours * 3600 + minutes * 60))
}

/// As [`Zone::parse`] reads it again.
impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(offset) => write!(f, "{}", offset.local_minus_utc()),
            Self::Named(zone) => f.write_str(zone.name()),
        }
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.to_string()
    }
}

impl TryFrom<String> for Zone {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("no time zone")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_zone_is_read_as_apps_name_it() {
        for (text, seconds) in [
            ("28800", 28_800),
            ("+28800", 28_800),
            ("-12600", -12_600),
            ("0", 0),
            ("GMT+8", 28_800),
            ("gmt+08", 28_800),
            ("UTC-3:30", -12_600),
            ("+08:00", 28_800),
            ("-09:30", -34_200),
            ("Asia/Ho_Chi_Minh", 25_200),
            ("Etc/GMT+8", -28_800),
            ("UTC", 0),
            ("GMT", 0),
        ] {
            let zone = Zone::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(
                zone.offset(Timestamp(1_700_000_000_000).utc().naive_utc()).local_minus_utc(),
                seconds,
                "{text}"
            );
            assert_eq!(Zone::parse(&zone.to_string()), Some(zone), "{text}");
        }
        let long = "9".repeat(1000);
        for text in [
            "",
            " ",
            "+",
            "8",
            "+0800",
            "0800",
            "-1200",
            "+8",
            "GMT+0800",
            "GMT+8:3",
            "GMT8",
            "+08:60",
            "+19:00",
            "99999999999",
            "asia/ho_chi_minh",
            "Hanoi",
            "+08:00:00",
            "GMT+-8",
            "７",
            &long,
        ] {
            assert_eq!(Zone::parse(text), None, "{text}");
        }
    }

    /// The clock of Berlin was put forward on 30 March 2025 at 02:00, and back on 26 October at 03:00.
    #[test]
    fn local_times_that_are_left_out_or_come_twice_have_one_moment() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let samoa = Zone::parse("Pacific/Apia").unwrap();
        for (zone, local, moment) in [
            (berlin, "2025-03-30T01:59:59", "2025-03-30T01:59:59+01:00"),
            (berlin, "2025-03-30T02:30:00", "2025-03-30T03:30:00+02:00"),
            (berlin, "2025-03-30T03:00:00", "2025-03-30T03:00:00+02:00"),
            (berlin, "2025-10-26T01:59:59", "2025-10-26T01:59:59+02:00"),
            (berlin, "2025-10-26T02:30:00", "2025-10-26T02:30:00+01:00"),
            (berlin, "2025-10-26T03:00:00", "2025-10-26T03:00:00+01:00"),
            // Samoa went without the 30th.
            (samoa, "2011-12-30T12:00:00", "2011-12-31T12:00:00+14:00"),
        ] {
            let at = zone.moment(local.parse().unwrap());
            assert_eq!(Some(at), Timestamp::from_rfc3339(moment), "{local}");
        }
    }
}
