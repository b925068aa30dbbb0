//! The text of a code: the alphabet of ours with its check character, and what a person may type for
//! any. A code masks itself wherever it is displayed; only `in_full` shows it.

use std::fmt;

/// Symbols of our codes: no 0 1 I L O, which are taken for one another. 31 is a prime, so that the
/// check character finds every single wrong symbol and every two swapped ones: the sum behind it gives each place a
/// weight of its own, none of them 0. (Luhn's way over an odd alphabet would let some pass.)
pub(super) const ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// Symbols of one of our codes, the check character among them. 15 at random are 74 bits.
pub(super) const SYMBOLS: usize = 16;

/// Symbols between two dashes.
const GROUP: usize = 4;

/// No code, of whichever origin, is longer.
pub const CHARS_MAX: usize = 64;

/// The text cannot be a code: empty, longer than [`CHARS_MAX`], or with a character that no keyboard
/// of ours has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a code of 1 to {CHARS_MAX} visible ASCII characters")]
pub struct BadCode;

/// A code as it was issued or typed. Two are equal when a person would call them the same.
#[derive(Clone)]
pub struct CodeText {
    /// As issued: a provider's code must reach it letter by letter.
    text: String,
    /// In capitals, without dashes and blanks.
    plain: String,
}

impl CodeText {
    /// Reads a code as issued or typed: blanks around it are dropped; case, blanks and dashes of any
    /// kind within it do not matter to what it equals.
    ///
    /// # Errors
    /// [`BadCode`].
    pub fn parse(text: &str) -> Result<Self, BadCode> {
        let text = text.trim();
        let plain: String = text.chars().filter(|c| !is_filler(*c)).collect();
        let fits = (1..=CHARS_MAX).contains(&plain.len()) && text.chars().count() <= 2 * CHARS_MAX;
        if !fits || !plain.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(BadCode);
        }
        Ok(Self { text: text.to_owned(), plain: plain.to_ascii_uppercase() })
    }

    /// Our own code of these places in the alphabet, with its check character and dashes.
    pub(super) fn of_symbols(places: [u8; SYMBOLS - 1]) -> Self {
        let all = places.into_iter().chain([check(&places)]);
        let plain: String = all.map(|place| char::from(ALPHABET[usize::from(place)])).collect();
        let groups: Vec<&str> = (0..SYMBOLS).step_by(GROUP).map(|at| &plain[at..at + GROUP]).collect();
        Self { text: groups.join("-"), plain }
    }

    /// The code as issued. For the subscriber, its provider and the seal; never for a log line.
    #[must_use]
    pub fn in_full(&self) -> &str {
        &self.text
    }

    /// What codes are looked up and compared by.
    #[must_use]
    pub fn plain(&self) -> &str {
        &self.plain
    }
}

/// What people put between groups, and what a word processor makes of it.
fn is_filler(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The sum of the places, each weighted by where it stands, modulo 31. A weight is never 0 there.
fn check(places: &[u8]) -> u8 {
    let sum: usize = (1..).zip(places).map(|(weight, place)| weight * usize::from(*place)).sum();
    // What is left of a division by 31 is a place.
    (sum % ALPHABET.len()) as u8
}

impl PartialEq for CodeText {
    fn eq(&self, other: &Self) -> bool {
        self.plain == other.plain
    }
}

impl Eq for CodeText {}

impl fmt::Display for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for CodeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CodeText(***)")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// What a code's form says of its origin. It refuses nothing: imported codes look as they like.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(in crate::stock) enum Shape {
        /// As we draw them.
        Ours,
        /// As we draw them, but for the check character: a slip of the pen, most likely.
        Mistyped,
        /// Another form.
        Foreign,
    }

    pub(in crate::stock) fn shape(code: &CodeText) -> Shape {
        let places: Option<Vec<u8>> = code.plain.bytes().map(place).collect();
        match places.as_deref() {
            Some([head @ .., last]) if head.len() == SYMBOLS - 1 => {
                if check(head) == *last {
                    Shape::Ours
                } else {
                    Shape::Mistyped
                }
            }
            _ => Shape::Foreign,
        }
    }

    fn place(symbol: u8) -> Option<u8> {
        let at = ALPHABET.iter().position(|own| *own == symbol)?;
        u8::try_from(at).ok()
    }

    fn code(text: &str) -> CodeText {
        CodeText::parse(text).expect("a code")
    }

    #[test]
    fn what_a_person_types_is_the_same_code() {
        let issued = code("ABCD-2345-WXYZ");
        for typed in [" abcd2345wxyz ", "ABCD 2345 WXYZ", "abcd–2345—wxyz", "A-B-C-D-2-3-4-5-W-X-Y-Z"] {
            assert_eq!(code(typed), issued, "{typed}");
        }
        assert_ne!(code("ABCD-2345-WXYY"), issued);
        assert_eq!(code(" a+b/c= ").in_full(), "a+b/c=");
        assert_eq!(code("aB-1").plain(), "AB1");
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for text in ["", " - ", "mã", "a\u{7}b", &"A".repeat(CHARS_MAX + 1), &"A-".repeat(CHARS_MAX + 1)] {
            assert_eq!(CodeText::parse(text), Err(BadCode), "{text}");
        }
        assert!(CodeText::parse(&"A".repeat(CHARS_MAX)).is_ok());
    }

    /// All there are: each place with each right and each wrong symbol, and each two places, neighbours or not, with
    /// each two symbols; beside others that are all of one symbol, which is each once.
    #[test]
    fn the_check_character_finds_every_slip_and_every_swap() {
        let symbols = 0..u8::try_from(ALPHABET.len()).expect("few");
        let places = || (0..SYMBOLS).flat_map(|at| (0..31).map(move |symbol| (at, symbol)));
        for beside in symbols.clone() {
            for (at, right) in places() {
                let Some(issued) = ours(beside, &[(at, right)]) else { continue };
                for wrong in symbols.clone().filter(|wrong| *wrong != right) {
                    let mut typed = issued;
                    typed[at] = wrong;
                    assert!(!is_ours(&typed), "{wrong} for {right} at {at}");
                }
                for (next, second) in places().filter(|(next, second)| *next > at && *second != right) {
                    let Some(mut typed) = ours(beside, &[(at, right), (next, second)]) else { continue };
                    typed.swap(at, next);
                    assert!(!is_ours(&typed), "{right} at {at} and {second} at {next}");
                }
            }
        }
    }

    /// One of ours with these symbols there; none where its check character is another than is asked for.
    fn ours(beside: u8, at: &[(usize, u8)]) -> Option<[u8; SYMBOLS]> {
        let mut places = [beside; SYMBOLS];
        at.iter().for_each(|(at, symbol)| places[*at] = *symbol);
        if at.iter().all(|(at, _)| *at < SYMBOLS - 1) {
            places[SYMBOLS - 1] = check(&places[..SYMBOLS - 1]);
        }
        is_ours(&places).then_some(places)
    }

    fn is_ours(places: &[u8; SYMBOLS]) -> bool {
        check(&places[..SYMBOLS - 1]) == places[SYMBOLS - 1]
    }

    #[test]
    fn a_code_of_ours_is_told_from_others_by_its_form() {
        let issued = CodeText::of_symbols([0, 30, 7, 7, 12, 5, 1, 29, 16, 3, 3, 22, 9, 18, 27]);
        assert_eq!(shape(&issued), Shape::Ours);
        assert_eq!(issued.in_full().split('-').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4]);
        for foreign in ["ABCD-1234", "23456789ABCDEFGO", "2345"] {
            assert_eq!(shape(&code(foreign)), Shape::Foreign, "{foreign}");
        }
    }

    #[test]
    fn a_code_masks_itself() {
        assert_eq!(format!("{0} {0:?}", code("ABCD-1234")), "*** CodeText(***)");
    }
}
