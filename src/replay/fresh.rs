//! New ids for a run, one for one: what was equal stays equal, what was earlier stays earlier, and no
//! two repetitions or runs share any. Leaves numbers to `fresh_numbers` and times to `prepare`.

use std::collections::BTreeSet;

use super::case::Case;
use super::fields::{self, Field, Found, New, Text};
use super::fresh_numbers::Numbers;
use crate::clock::Timestamp;

/// Integers of more digits are texts, as they are to the gateway.
const DIGITS_MAX: usize = 30;
/// Ids per millisecond of the run's start: a later run begins above all of this one's.
const IDS_PER_MS: u128 = 1_000_000;
/// So many zeros before a new id keep it within `DIGITS_MAX`.
const ZEROS_MAX: usize = 10;

/// The new values of one run.
#[derive(Debug)]
pub(super) struct Fresh {
    queue: Ids,
    request: Ids,
    registration: Ids,
    numbers: Numbers,
    seed: Timestamp,
}

impl Fresh {
    /// New values for everything that occurs in `cases`, in a run that begins at `seed`.
    pub(super) fn new(cases: &[Case], seed: Timestamp) -> Self {
        let mut fresh = Self {
            queue: Ids::default(),
            request: Ids::default(),
            registration: Ids::default(),
            numbers: Numbers::new(seed),
            seed,
        };
        for case in cases {
            let query = case.query.as_deref().map(fields::in_query).unwrap_or_default();
            let body = fields::in_body(&Text::read(&case.inside()));
            query.iter().chain(&body).for_each(|found| fresh.note(found));
        }
        for ids in [&mut fresh.queue, &mut fresh.request, &mut fresh.registration] {
            ids.fix(seed);
        }
        fresh
    }

    fn note(&mut self, found: &Found) {
        match found.field {
            Field::Queue => self.queue.note(&found.value),
            Field::Request => self.request.note(&found.value),
            Field::Registration => self.registration.note(&found.value),
            Field::Number => self.numbers.note(&found.value),
            Field::Time => {}
        }
    }

    /// The new value of a field; none where it stays.
    pub(super) fn value(&self, found: &Found, repetition: u32) -> Option<New> {
        let ids = match found.field {
            Field::Queue => &self.queue,
            Field::Request => &self.request,
            Field::Registration => &self.registration,
            Field::Number => return self.numbers.value(&found.value, repetition).map(New::Whole),
            Field::Time => return None,
        };
        match integer(&found.value) {
            Some(value) => ids.value(&found.value, value, repetition).map(New::Whole),
            None if found.value.is_empty() => None,
            None => Some(New::Suffix(format!("r{:x}x{repetition:x}", self.seed.0))),
        }
    }
}

/// The integer ids of one kind.
#[derive(Debug, Default)]
struct Ids {
    seen: BTreeSet<u128>,
    /// `seen`, in order: a value's place is its rank.
    sorted: Vec<u128>,
    base: u128,
}

impl Ids {
    fn note(&mut self, text: &str) {
        self.seen.extend(integer(text));
    }

    fn fix(&mut self, seed: Timestamp) {
        self.sorted = std::mem::take(&mut self.seen).into_iter().collect();
        self.base = u128::from(seed.0.unsigned_abs()) * IDS_PER_MS;
    }

    fn value(&self, text: &str, value: u128, repetition: u32) -> Option<String> {
        let rank = self.sorted.binary_search(&value).ok()?;
        let before = u128::from(repetition) * self.sorted.len() as u128;
        let zeros = text.bytes().take(text.len() - 1).take_while(|b| *b == b'0').count();
        Some(format!("{}{}", "0".repeat(zeros.min(ZEROS_MAX)), self.base + before + rank as u128))
    }
}

fn integer(text: &str) -> Option<u128> {
    let fits = text.len() <= DIGITS_MAX && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}
