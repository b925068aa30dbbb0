//! Text of others with the subscribers' numbers in it masked, for whatever keeps or shows it.

use std::fmt::{self, Write as _};

use super::Msisdn;

/// Shows a text, each character by way of a function; digits that are a subscriber's number (eleven from 84, or
/// ten from 0) are masked.
pub struct Masked<'a> {
    text: &'a str,
    plain: fn(char) -> char,
}

impl<'a> Masked<'a> {
    /// Of a text; `plain` says what stands for a character.
    #[must_use]
    pub fn new(text: &'a str, plain: fn(char) -> char) -> Self {
        Self { text, plain }
    }
}

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.text;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let run = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(run);
            rest = after;
            match number(piece) {
                Some(number) => write!(f, "{number}")?,
                None => piece.chars().map(self.plain).try_for_each(|c| f.write_char(c))?,
            }
        }
        Ok(())
    }
}

fn number(piece: &str) -> Option<Msisdn> {
    let is_one = match piece.len() {
        10 => piece.starts_with('0'),
        11 => piece.starts_with("84"),
        12 => piece.starts_with("840"),
        13 => piece.starts_with("0084"),
        _ => false,
    };
    is_one.then(|| Msisdn::parse(piece).ok()).flatten()
}
