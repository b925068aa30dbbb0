//! What a caller sent as a name or an id, for the log: short, of harmless characters, numbers masked.

use std::fmt::{self, Write as _};

use crate::ids::Msisdn;

/// Characters shown, at most.
const SHOWN_MAX: usize = 64;

/// Shows letters, digits, `-`, `_` and `.`, and `?` for anything else. Digits that are a subscriber's number
/// (eleven from 84, or ten from 0) are masked.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.char_indices().nth(SHOWN_MAX).map_or(self.0.len(), |(end, _)| end);
        let mut rest = &self.0[..end];
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let run = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
            let (piece, after) = rest.split_at(run);
            rest = after;
            match number(piece) {
                Some(number) => write!(f, "{number}")?,
                None => piece.chars().map(plain).try_for_each(|c| f.write_char(c))?,
            }
        }
        if end < self.0.len() { f.write_str("...") } else { Ok(()) }
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

fn plain(c: char) -> char {
    if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '?' }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_short_and_tells_no_number() {
        let long = "x".repeat(400_000);
        for (sent, shown) in [
            ("5196664", "5196664"),
            ("a-b_c.d", "a-b_c.d"),
            ("1000006;msisdn=84910000007;regType=1", "1000006?msisdn?84910***007?regType?1"),
            ("ZALO0945989325", "ZALO84945***325"),
            ("849459893251", "849459893251"),
            ("0084945989325 840945989325", "84945***325?84945***325"),
            ("\u{1b}[31mDK\nL1 ộ", "??31mDK?L1??"),
            ("", ""),
            (&long, &format!("{}...", "x".repeat(64))),
        ] {
            assert_eq!(Shown(sent).to_string(), shown);
        }
    }
}
