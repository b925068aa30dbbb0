//! The carrier's billing cycles (carrier facts, section 2.2): where a register names no
//! `expiredTime`, its offer's period tells when it ends. Ends are exclusive midnights of the
//! carrier's zone.

use chrono::{Days, FixedOffset, Months, NaiveDate, NaiveTime, TimeZone};

use crate::catalog::Period;
use crate::clock::{DAY_MS, Timestamp};

/// The exclusive end of the cycle that begins at `start`: a day lasts to the end of the same day, a
/// week to the end of the sixth day after, a month to the day before the same day of the next month,
/// clamped to that month's last day (30 January to 28 February, 31 August to 30 September).
#[must_use]
pub fn end(period: Period, start: Timestamp, utc_offset_s: i32) -> Timestamp {
    let Some(offset) = FixedOffset::east_opt(utc_offset_s) else { return start };
    let first = start.utc().with_timezone(&offset).date_naive();
    let midnight = match period {
        Period::Day => first.checked_add_days(Days::new(1)),
        Period::Week => first.checked_add_days(Days::new(7)),
        Period::Month => same_day_next_month(first),
    };
    midnight
        .and_then(|day| offset.from_local_datetime(&day.and_time(NaiveTime::MIN)).single())
        .map_or(start, |at| Timestamp(at.timestamp_millis()))
}

/// The moment so many periods after `start`, at the same hour; a month's day is clamped to its last.
#[must_use]
pub fn later(period: Period, start: Timestamp, periods: u32, utc_offset_s: i32) -> Timestamp {
    let days = |each: u32| start.plus_ms(i64::from(periods) * i64::from(each) * DAY_MS);
    match period {
        Period::Day => days(1),
        Period::Week => days(7),
        Period::Month => {
            let Some(offset) = FixedOffset::east_opt(utc_offset_s) else { return start };
            let later = start.utc().with_timezone(&offset).checked_add_months(Months::new(periods));
            later.map_or(Timestamp(i64::MAX), |at| Timestamp(at.timestamp_millis()))
        }
    }
}

/// The same day of the next month; where it has none, the first day after that month.
fn same_day_next_month(day: NaiveDate) -> Option<NaiveDate> {
    use chrono::Datelike;
    let next = day.checked_add_months(Months::new(1))?;
    if next.day() == day.day() { Some(next) } else { next.succ_opt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(period: Period, start: &str, expected: &str) {
        let hanoi = FixedOffset::east_opt(7 * 3600).expect("an offset");
        let start = Timestamp::from_carrier(start, hanoi).expect("a start");
        let expected = Timestamp::from_carrier(expected, hanoi).expect("an end");
        assert_eq!(end(period, start, 7 * 3600).rfc3339(), expected.rfc3339());
    }

    #[test]
    fn cycles_end_at_midnight_in_the_carriers_zone() {
        check(Period::Day, "20171003164946", "20171004000000");
        check(Period::Day, "20171003000000", "20171004000000");
        check(Period::Day, "20171231235959", "20180101000000");
        check(Period::Week, "20171003164946", "20171010000000");
        check(Period::Month, "20171003164946", "20171103000000");
        check(Period::Month, "20170130120000", "20170301000000");
        check(Period::Month, "20160130120000", "20160301000000");
        check(Period::Month, "20160129120000", "20160229000000");
        check(Period::Month, "20170129120000", "20170301000000");
        check(Period::Month, "20170831120000", "20171001000000");
        check(Period::Month, "20170101120000", "20170201000000");
        check(Period::Month, "20171231120000", "20180131000000");
    }
}
