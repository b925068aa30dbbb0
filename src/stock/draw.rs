//! Codes nobody can guess: every symbol drawn from the operating system's randomness, all symbols
//! equally likely. Leaves telling whether a code was drawn before to the ledger's unique look-up value.

use super::text::{ALPHABET, CodeText, SYMBOLS};

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct DrawError(#[source] getrandom::Error);

/// Bytes from here on would make the first symbols of the alphabet likelier, and are thrown away.
const FAIR: u8 = (u8::MAX / ALPHABET.len() as u8) * ALPHABET.len() as u8;

/// Bytes asked for at once: enough for nearly every code, since 31 of 32 are fair.
const BYTES: usize = 2 * SYMBOLS;

/// Draws a code.
///
/// # Errors
/// [`DrawError`].
pub fn draw() -> Result<CodeText, DrawError> {
    draw_with(|bytes| getrandom::fill(bytes).map_err(DrawError))
}

fn draw_with<E>(mut fill: impl FnMut(&mut [u8]) -> Result<(), E>) -> Result<CodeText, E> {
    let mut places = [0; SYMBOLS - 1];
    let mut drawn = 0;
    while drawn < places.len() {
        let mut bytes = [0; BYTES];
        fill(&mut bytes)?;
        for byte in bytes.into_iter().filter(|byte| *byte < FAIR).take(places.len() - drawn) {
            places[drawn] = byte % ALPHABET.len() as u8;
            drawn += 1;
        }
    }
    Ok(CodeText::of_symbols(places))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::convert::Infallible;

    use super::*;
    use crate::stock::text::tests::{Shape, shape};

    #[test]
    fn codes_differ_and_are_ours() {
        let codes: HashSet<String> =
            (0..2_000).map(|_| draw().expect("randomness").in_full().to_owned()).collect();
        assert_eq!(codes.len(), 2_000);
        for text in &codes {
            assert_eq!(CodeText::parse(text).map(|code| shape(&code)), Ok(Shape::Ours), "{text}");
        }
    }

    #[test]
    fn bytes_that_would_favour_a_symbol_are_thrown_away() {
        let mut next = [255, 254, 248, 247, 0].into_iter().chain(std::iter::repeat(30));
        let code = draw_with(|bytes| {
            bytes.fill_with(|| next.next().expect("endless"));
            Ok::<_, Infallible>(())
        });
        let code = code.expect("infallible");
        assert!(code.plain().starts_with("Z2ZZZ"), "{}", code.plain());
    }
}
