//! Keys and certificates as text: PEM, or the Base64 of one alone, as merchants' consoles show them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key_fault::KeyFault;

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";
const DASHES: &str = "-----";

/// What was in the text.
pub(super) struct Armour<'a> {
    /// As the PEM says, and not to be relied on; none: there was no PEM around it. Of a key that is locked in the old
    /// way the headers within are part of it.
    pub(super) label: Option<&'a str>,
    pub(super) der: Vec<u8>,
}

/// The first of the text, whatever stands before and after it. Blanks and line ends count nothing; where a shell or an
/// environment has no newlines, `\n` is one.
pub(super) fn unwrapped(text: &str) -> Result<Armour<'_>, KeyFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(KeyFault::Empty);
    }
    let Some((_, rest)) = text.split_once(BEGIN) else {
        return Ok(Armour { label: None, der: decoded(text)? });
    };
    let (label, rest) = rest.split_once(DASHES).ok_or(KeyFault::Text)?;
    let (body, _) = rest.split_once(END).ok_or(KeyFault::Text)?;
    if body.contains("ENCRYPTED") {
        return Err(KeyFault::Locked);
    }
    Ok(Armour { label: Some(label), der: decoded(body)? })
}

fn decoded(text: &str) -> Result<Vec<u8>, KeyFault> {
    let plain: String = text.replace("\\n", "").split_whitespace().collect();
    STANDARD.decode(plain).ok().filter(|der| !der.is_empty()).ok_or(KeyFault::Text)
}
