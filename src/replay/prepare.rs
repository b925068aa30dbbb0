//! Writes a case as it goes out now: times shifted, ids fresh, all other bytes as they were. Leaves
//! what a fresh value is to `fresh`.

use std::sync::OnceLock;

use chrono::{FixedOffset, TimeDelta};
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};

use super::Options;
use super::case::{Case, Expected, When, line};
use super::fields::{self, Field, Found, Text};
use super::fresh::Fresh;
use crate::clock::{Clock, Timestamp};

/// A message as it goes out, and the answer it expects.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) method: Method,
    pub(super) path_and_query: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Vec<u8>,
    pub(super) expected: Expected,
    /// By how many seconds its times were moved.
    pub(super) shift_s: i64,
}

/// What a run changes in every case.
#[derive(Debug)]
pub(super) struct Preparer {
    clock: Clock,
    utc_offset: FixedOffset,
    fresh: Option<Fresh>,
    /// The actual time all cases of one repetition are shifted to. One time, asked once: two cases
    /// of one story must not drift apart by the second that passes between them.
    starts: Vec<OnceLock<Timestamp>>,
}

impl Preparer {
    pub(super) fn new(cases: &[Case], options: &Options, clock: Clock) -> Self {
        // Without fresh ids a repetition repeats the same bytes, so it keeps the first one's time.
        let starts = if options.fresh { options.repeat } else { 1 };
        Self {
            fresh: options.fresh.then(|| Fresh::new(cases, clock.now())),
            utc_offset: options.utc_offset,
            starts: (0..starts).map(|_| OnceLock::new()).collect(),
            clock,
        }
    }

    /// `case` as it goes out in `repetition` (from 0).
    pub(super) fn prepare(&self, case: &Case, repetition: u32) -> Message {
        let change = Change { preparer: self, repetition, shift_s: self.shift_s(case.when, repetition) };
        let query = case.query.as_deref().map(|query| change.query(query));
        let reply = case.expected.reply.as_deref().map(|reply| change.body(reply));
        Message {
            method: case.method.clone(),
            path_and_query: line(&case.path, query.as_deref()),
            headers: case.headers.clone(),
            body: change.request(case),
            expected: Expected { reply, ..case.expected },
            shift_s: change.shift_s,
        }
    }

    fn shift_s(&self, when: When, repetition: u32) -> i64 {
        match (when, &self.fresh) {
            (When::Stated(then), _) | (When::Recorded(then), Some(_)) => {
                (self.start(repetition).0 - then.0).div_euclid(1000)
            }
            // Enough to be new, too little to change how the times of a story relate to now.
            (When::Fixed, Some(_)) => i64::from(repetition) + 1,
            (When::Fixed | When::Recorded(_), None) => 0,
        }
    }

    fn start(&self, repetition: u32) -> Timestamp {
        let start = self.starts.get(repetition as usize).or(self.starts.first());
        start.map_or_else(|| self.clock.now(), |start| *start.get_or_init(|| self.clock.now()))
    }
}

/// The change of one message.
struct Change<'a> {
    preparer: &'a Preparer,
    repetition: u32,
    shift_s: i64,
}

impl Change<'_> {
    fn nothing(&self) -> bool {
        self.preparer.fresh.is_none() && self.shift_s == 0
    }

    fn query(&self, query: &str) -> String {
        let found = fields::in_query(query);
        fields::replaced(query, &found, |one| self.value(one), fields::write_param)
    }

    fn request(&self, case: &Case) -> Vec<u8> {
        if self.nothing() { case.body.clone() } else { case.outside(self.body(&case.inside())) }
    }

    fn body(&self, bytes: &[u8]) -> Vec<u8> {
        if self.nothing() {
            return bytes.to_vec();
        }
        let mut text = Text::read(bytes);
        let found = fields::in_body(&text);
        let write = if fields::is_form(&text.view) { fields::write_param } else { str::to_owned };
        text.view = fields::replaced(&text.view, &found, |one| self.value(one), write);
        text.write()
    }

    fn value(&self, found: &Found) -> Option<fields::New> {
        if found.field == Field::Time {
            let moved = shifted(&found.value, self.shift_s, self.preparer.utc_offset)?;
            return Some(fields::New::Whole(moved));
        }
        self.preparer.fresh.as_ref()?.value(found, self.repetition)
    }
}

/// A time of the carrier's moved by whole seconds, in the form it had; none where it is none.
fn shifted(text: &str, shift_s: i64, utc_offset: FixedOffset) -> Option<String> {
    let then = Timestamp::from_carrier_or_epoch(text, utc_offset)?;
    let moved = if text.len() == 14 {
        let moved = then.utc().checked_add_signed(TimeDelta::try_seconds(shift_s)?)?;
        moved.with_timezone(&utc_offset).format("%Y%m%d%H%M%S").to_string()
    } else {
        then.0.checked_add(shift_s.checked_mul(1000)?)?.to_string()
    };
    (shift_s != 0 && moved.len() == text.len()).then_some(moved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_move_in_the_form_they_have() {
        let hanoi = FixedOffset::east_opt(7 * 3600).expect("an offset");
        let moved = |text, shift_s| shifted(text, shift_s, hanoi);
        assert_eq!(moved("20171003164946", 86_400).as_deref(), Some("20171004164946"));
        assert_eq!(moved("20171003235959", 1).as_deref(), Some("20171004000000"));
        assert_eq!(moved("1507024188340", -2).as_deref(), Some("1507024186340"));
        for text in ["", "00000000000000", "180119094911", "soon"] {
            assert_eq!(moved(text, 60), None, "{text}");
        }
    }
}
