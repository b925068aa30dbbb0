//! What a caller sent as a name or an id, for the log: short, of harmless characters, numbers masked.

use std::fmt;

use crate::ids::masked::Masked;

/// Characters shown, at most.
const SHOWN_MAX: usize = 64;

/// Shows letters, digits, `-`, `_` and `.`, and `?` for anything else; subscribers' numbers are masked.
pub(super) struct Shown<'a>(pub(super) &'a str);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = self.0.char_indices().nth(SHOWN_MAX).map_or(self.0.len(), |(end, _)| end);
        write!(f, "{}", Masked::new(&self.0[..end], plain))?;
        if end < self.0.len() { f.write_str("...") } else { Ok(()) }
    }
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
