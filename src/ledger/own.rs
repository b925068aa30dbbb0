//! How operators' own rows of the journal are told from the carrier's: by their identities.

use crate::clock::Timestamp;
use crate::subscription::notice::Own;

/// Their identities begin with this, as no carrier's do: then come a random name, a number, and of a grant the end that
/// was known, in milliseconds.
const IDENTITIES: &str = "o:";

/// What an operator knew, where an identity is an operator's.
pub(super) fn own(identity: &str) -> Option<Own> {
    let known_end = identity.strip_prefix(IDENTITIES)?.splitn(3, ':').nth(2);
    Some(Own { known_end: known_end.and_then(|ms| ms.parse().ok()).map(Timestamp) })
}

/// The identity of one of an operator's rows.
pub(super) fn identity(name: &str, place: usize, own: Own) -> String {
    let known_end = own.known_end.map_or(String::new(), |at| format!(":{}", at.0));
    format!("{IDENTITIES}{name}:{place}{known_end}")
}
