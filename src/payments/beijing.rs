//! Beijing's clock, by which Alipay and WeChat write their times whatever zone a machine is in: eight hours ahead of
//! UTC, all year.

use chrono::{FixedOffset, NaiveDateTime, SecondsFormat, TimeZone as _};

use crate::clock::Timestamp;

const EAST_S: i32 = 8 * 3600;

fn zone() -> Option<FixedOffset> {
    FixedOffset::east_opt(EAST_S)
}

/// `2026-11-28 20:15:00`.
pub(super) fn text(at: Timestamp) -> String {
    let local = at.plus_ms(i64::from(EAST_S) * 1000).utc();
    local.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// RFC 3339, to the second, with its offset.
pub(super) fn rfc3339(at: Timestamp) -> String {
    match zone() {
        Some(zone) => at.utc().with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false),
        None => at.rfc3339(),
    }
}

/// Reads what [`text`] writes, with a fraction of a second or without.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let local = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    let at = zone()?.from_local_datetime(&local).single()?;
    Some(Timestamp(at.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beijings_time_both_ways() {
        let at = Timestamp::from_rfc3339("2026-12-31T16:00:05Z").expect("a time");
        assert_eq!(text(at), "2027-01-01 00:00:05");
        assert_eq!(rfc3339(at), "2027-01-01T00:00:05+08:00");
        assert_eq!(read("2027-01-01 00:00:05"), Some(at));
        assert_eq!(read("2027-01-01 00:00:05.250"), Some(at.plus_ms(250)));
        for odd in ["", "2027-01-01", "2027-01-01T00:00:05", "2027-13-01 00:00:05", "20270101000005"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }
}
