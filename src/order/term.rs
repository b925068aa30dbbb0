//! The end of a term that was bought: days, weeks, months and years by the calendar of a zone. Leaves what is carried
//! out until then to others.

use chrono::{Days, Months, NaiveDateTime};

use crate::catalog::TermUnit;
use crate::clock::{Timestamp, Zone};

/// The exclusive end of a term from its start: the same time of day in that zone. A month that has no such day ends
/// on its last one; each is counted from the first day's number, never from a clamped one: two months from
/// 31 December end on 28 February, three on 31 March. A time of day that is left out or comes twice there is as
/// [`Zone::moment`] says. Never before the start; where no calendar reaches, the last moment there is.
#[must_use]
pub fn end(start: Timestamp, unit: TermUnit, count: u32, zone: Zone) -> Timestamp {
    local_end(zone.local(start), unit, count).map_or(Timestamp(i64::MAX), |end| zone.moment(end).max(start))
}

/// How long such a term is, in milliseconds.
#[must_use]
pub fn length_ms(start: Timestamp, unit: TermUnit, count: u32, zone: Zone) -> i64 {
    end(start, unit, count, zone).0.saturating_sub(start.0)
}

fn local_end(local: NaiveDateTime, unit: TermUnit, count: u32) -> Option<NaiveDateTime> {
    let days = |days| local.checked_add_days(Days::new(days));
    let months = |months| local.checked_add_months(Months::new(months));
    match unit {
        TermUnit::Day => days(u64::from(count)),
        TermUnit::Week => days(u64::from(count) * 7),
        TermUnit::Month => months(count),
        TermUnit::Year => months(count.checked_mul(12)?),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[track_caller]
    fn check(zone: &str, start: &str, (count, unit): (u32, TermUnit), expected: &str) {
        let end = end(at(start), unit, count, Zone::parse(zone).unwrap());
        assert_eq!(end.rfc3339(), at(expected).rfc3339());
    }

    #[test]
    fn a_term_ends_at_its_time_of_day_by_the_calendar_of_its_zone() {
        use TermUnit::{Day, Month, Week, Year};
        let hanoi = "Asia/Ho_Chi_Minh";
        check(hanoi, "2025-12-31T10:00:00.250+07:00", (1, Month), "2026-01-31T10:00:00.250+07:00");
        check(hanoi, "2025-12-31T10:00:00+07:00", (2, Month), "2026-02-28T10:00:00+07:00");
        check(hanoi, "2025-12-31T10:00:00+07:00", (3, Month), "2026-03-31T10:00:00+07:00");
        check(hanoi, "2023-12-31T10:00:00+07:00", (2, Month), "2024-02-29T10:00:00+07:00");
        check(hanoi, "2024-02-29T23:59:59+07:00", (1, Year), "2025-02-28T23:59:59+07:00");
        check(hanoi, "2024-02-29T00:00:00+07:00", (4, Year), "2028-02-29T00:00:00+07:00");
        check(hanoi, "2026-03-01T00:00:00+07:00", (7, Day), "2026-03-08T00:00:00+07:00");
        check(hanoi, "2026-03-01T00:00:00+07:00", (2, Week), "2026-03-15T00:00:00+07:00");
        // It is the 31st in Hanoi and still the 30th in UTC.
        check(hanoi, "2026-03-30T20:00:00Z", (1, Month), "2026-04-29T20:00:00Z");
        check("0", "2026-03-30T20:00:00Z", (1, Month), "2026-04-30T20:00:00Z");
        check("Europe/Berlin", "2025-03-29T12:00:00+01:00", (1, Day), "2025-03-30T12:00:00+02:00");
        check("Europe/Berlin", "2025-03-29T02:30:00+01:00", (1, Day), "2025-03-30T03:30:00+02:00");
        check("Europe/Berlin", "2025-10-25T02:30:00+02:00", (1, Day), "2025-10-26T02:30:00+01:00");
        check("3600", "2025-03-29T12:00:00+01:00", (1, Day), "2025-03-30T12:00:00+01:00");
    }

    #[test]
    fn where_no_calendar_reaches_a_term_ends_with_time() {
        let zone = Zone::parse("Asia/Ho_Chi_Minh").unwrap();
        for start in [Timestamp(i64::MAX), Timestamp(i64::MIN), Timestamp(0)] {
            assert!(end(start, TermUnit::Year, u32::MAX, zone) >= start);
            assert!(length_ms(start, TermUnit::Month, u32::MAX, zone) >= 0);
            assert!(length_ms(start, TermUnit::Day, 1, zone) >= 0);
        }
    }

    fn month_days(year: i64, month: i64) -> i64 {
        match month {
            2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    /// One day after the other, and months by their numbers.
    fn slow_date(
        (mut year, mut month, mut day): (i64, i64, i64),
        unit: TermUnit,
        count: i64,
    ) -> (i64, i64, i64) {
        let days = match unit {
            TermUnit::Day => count,
            TermUnit::Week => count * 7,
            TermUnit::Month | TermUnit::Year => {
                let months = month - 1 + if unit == TermUnit::Year { count * 12 } else { count };
                (year, month) = (year + months / 12, months % 12 + 1);
                return (year, month, day.min(month_days(year, month)));
            }
        };
        for _ in 0..days {
            day += 1;
            if day > month_days(year, month) {
                (day, month) = (1, month + 1);
            }
            if month > 12 {
                (month, year) = (1, year + 1);
            }
        }
        (year, month, day)
    }

    /// Looks at the zone's clock every quarter of an hour, when it may be changed, for the last one that the local
    /// time is at or just after.
    fn slow_moment(zone: Zone, local: NaiveDateTime) -> Timestamp {
        const QUARTER_MS: i64 = 900_000;
        let middle = local.and_utc().timestamp_millis().div_euclid(QUARTER_MS) * QUARTER_MS;
        let quarters = (-200..200).map(|n| Timestamp(middle + n * QUARTER_MS));
        let after = |at: Timestamp| (local - zone.local(at)).num_milliseconds();
        let is_next = |at: &Timestamp| after(*at) >= 0 && after(at.plus_ms(QUARTER_MS)) < 0;
        quarters.filter(is_next).map(|at| at.plus_ms(after(at))).max().unwrap()
    }

    proptest! {
        #[test]
        fn a_term_ends_where_one_counts_to_on_a_calendar(
            start_ms in 946_684_800_000_i64..2_200_000_000_000,
            unit in prop::sample::select(vec![TermUnit::Day, TermUnit::Week, TermUnit::Month, TermUnit::Year]),
            count in 1_u32..30,
            zone in prop::sample::select(vec![
                "Asia/Ho_Chi_Minh", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia",
                "America/Sao_Paulo", "+05:45", "-12:00",
            ]),
        ) {
            use chrono::{Datelike, NaiveDate};
            let zone = Zone::parse(zone).unwrap();
            let local = zone.local(Timestamp(start_ms));
            let first = (i64::from(local.year()), i64::from(local.month()), i64::from(local.day()));
            let (year, month, day) = slow_date(first, unit, i64::from(count));
            let date = NaiveDate::from_ymd_opt(
                year.try_into().unwrap(), month.try_into().unwrap(), day.try_into().unwrap(),
            );
            let expected = slow_moment(zone, date.unwrap().and_time(local.time()));
            prop_assert_eq!(end(Timestamp(start_ms), unit, count, zone), expected);
        }
    }
}
