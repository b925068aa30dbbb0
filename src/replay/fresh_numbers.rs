//! New subscriber numbers for a run: every spelling of a number becomes the same spelling of its new
//! one. Leaves ids to `fresh`. What is no number stays as it is.

use std::collections::HashMap;

use crate::clock::Timestamp;
use crate::ids::Msisdn;

/// First digits of a mobile number that no spelling of the old plan leads to.
const MOBILE_FIRST: [&str; 4] = ["3", "5", "7", "9"];
/// The prefixes that have an old-plan spelling, new and old.
const TWINS: [(&str, &str); 5] = [("81", "127"), ("82", "129"), ("83", "123"), ("84", "124"), ("85", "125")];
/// Numbers below one of `MOBILE_FIRST` and of `TWINS`.
const MOBILE_EACH: u64 = 100_000_000;
const TWINS_EACH: u64 = 10_000_000;
/// New numbers set aside per millisecond between two runs' starts.
const MOBILE_PER_MS: u64 = 10;
const NATIONAL_DIGITS: usize = 9;

/// The new numbers of one run.
#[derive(Debug)]
pub(super) struct Numbers {
    seed_ms: u64,
    known: HashMap<Msisdn, Known>,
}

#[derive(Debug)]
struct Known {
    index: u64,
    /// Spelled somewhere in the old plan, so its new number needs an old spelling too.
    twin: bool,
}

impl Numbers {
    pub(super) fn new(seed: Timestamp) -> Self {
        Self { seed_ms: seed.0.unsigned_abs(), known: HashMap::new() }
    }

    /// Remembers a number as it is spelled; what is none is not remembered.
    pub(super) fn note(&mut self, text: &str) {
        if let Ok(number) = Msisdn::parse(text) {
            let index = self.known.len() as u64;
            let twin = national(&number).and_then(|known| Spelling::of(text, known)).is_some_and(|s| s.old);
            let known = self.known.entry(number).or_insert(Known { index, twin });
            known.twin |= twin;
        }
    }

    /// The new spelling of `text` in `repetition`.
    pub(super) fn value(&self, text: &str, repetition: u32) -> Option<String> {
        let old = Msisdn::parse(text).ok()?;
        let known = self.known.get(&old)?;
        let place = u64::from(repetition) * self.known.len() as u64 + known.index;
        let (number, spelled) = match national(&old).and_then(|national| Spelling::of(text, national)) {
            Some(spelling) => {
                let national = self.national(place, known.twin);
                (format!("84{national}"), spelling.spell(&national))
            }
            None => {
                let number = other(old.in_full(), self.seed_ms + place);
                let spelled = in_places(text, &number);
                (number, spelled)
            }
        };
        // Whatever the spelling, it must read as the new number, or nothing would be consistent.
        let read = Msisdn::parse(&spelled).ok()?;
        (read.in_full() == number).then_some(spelled)
    }

    fn national(&self, place: u64, twin: bool) -> String {
        if twin {
            let at = self.seed_ms + place;
            let (new, _) = TWINS[(at / TWINS_EACH) as usize % TWINS.len()];
            format!("{new}{:07}", at % TWINS_EACH)
        } else {
            let at = self.seed_ms * MOBILE_PER_MS + place;
            let first = MOBILE_FIRST[(at / MOBILE_EACH) as usize % MOBILE_FIRST.len()];
            format!("{first}{:08}", at % MOBILE_EACH)
        }
    }
}

/// The national digits of a Vietnamese number.
fn national(number: &Msisdn) -> Option<&str> {
    let national = number.in_full().strip_prefix("84")?;
    (national.len() == NATIONAL_DIGITS && !national.starts_with('0')).then_some(national)
}

/// A number of another kind: its head stays, so it remains of that kind.
fn other(digits: &str, place: u64) -> String {
    let tail = (digits.len() / 2 + 1).min(NATIONAL_DIGITS);
    let (head, _) = digits.split_at(digits.len() - tail);
    let room = 10_u64.pow(tail as u32);
    format!("{head}{:0tail$}", place % room)
}

/// How a Vietnamese number is written.
struct Spelling<'a> {
    text: &'a str,
    /// The digits before its national ones.
    before: String,
    /// In the 11-digit plan that ended in 2018.
    old: bool,
}

impl<'a> Spelling<'a> {
    /// The spelling `text` of a number whose national digits are `national`.
    fn of(text: &'a str, national: &str) -> Option<Self> {
        let mut digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let old = !digits.ends_with(national);
        let before = digits.len().checked_sub(NATIONAL_DIGITS + usize::from(old))?;
        let is_known = !old || TWINS.iter().any(|(_, twin)| digits[before..].starts_with(twin));
        digits.truncate(before);
        is_known.then_some(Self { text, before: digits, old })
    }

    /// Another number in this spelling: its digits in the places of the old ones.
    fn spell(&self, national: &str) -> String {
        let twin = TWINS.iter().find(|(new, _)| self.old && national.starts_with(new));
        let digits = match twin {
            Some((_, old)) => format!("{}{old}{}", self.before, &national[2..]),
            None => format!("{}{national}", self.before),
        };
        in_places(self.text, &digits)
    }
}

/// `text` with these digits instead of its own, as many.
fn in_places(text: &str, digits: &str) -> String {
    let mut digits = digits.chars();
    text.chars().map(|c| if c.is_ascii_digit() { digits.next().unwrap_or(c) } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(known: &[&str]) -> Numbers {
        let mut numbers = Numbers::new(Timestamp(1_790_000_000_123));
        known.iter().for_each(|text| numbers.note(text));
        numbers
    }

    #[test]
    fn every_spelling_of_a_number_becomes_that_spelling_of_one_new_number() {
        let spellings = [
            "841241234567",
            "84841234567",
            "0841234567",
            "+84841234567",
            "841234567",
            "01241234567",
            "0084841234567",
            "840841234567",
            "+84 (0) 84-123.4567",
        ];
        let numbers = numbers(&spellings);
        let new: Vec<String> = spellings.iter().filter_map(|text| numbers.value(text, 0)).collect();
        assert_eq!(new.len(), spellings.len());
        let number = Msisdn::parse(&new[1]).unwrap();
        for (old, new) in spellings.iter().zip(&new) {
            assert_eq!(old.len(), new.len());
            assert_ne!(old, new);
            assert_eq!(Msisdn::parse(new).as_ref(), Ok(&number));
        }
    }

    #[test]
    fn numbers_and_repetitions_stay_apart() {
        let numbers = numbers(&["84945989325", "84945989326", "84848883", "+4915112345678", "841991234567"]);
        let mut new = std::collections::HashSet::new();
        for repetition in 0..100 {
            for text in ["84945989325", "84945989326", "84848883", "+4915112345678", "841991234567"] {
                let value = numbers.value(text, repetition).unwrap();
                assert_eq!(value.len(), text.len(), "{value}");
                assert!(new.insert(value));
            }
        }
        assert!(new.iter().filter(|number| number.len() == 11).all(|number| number.starts_with("84")));
    }

    #[test]
    fn what_is_no_number_stays() {
        let numbers = numbers(&["", "12", "84x45989325"]);
        for text in ["", "12", "84x45989325"] {
            assert_eq!(numbers.value(text, 0), None);
        }
    }
}
