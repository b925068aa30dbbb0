//! How the ledger spells a subscription's standing.

use super::StoreError;
use crate::subscription::Standing;

/// The word in the table.
#[must_use]
pub(super) fn as_str(standing: Standing) -> &'static str {
    match standing {
        Standing::Held => "held",
        Standing::Cancelled => "cancelled",
        Standing::Replaced => "replaced",
    }
}

/// The standing with this word.
///
/// # Errors
/// Where the table holds a word that no gateway wrote.
pub(super) fn parse(word: &str) -> Result<Standing, StoreError> {
    match word {
        "held" => Ok(Standing::Held),
        "cancelled" => Ok(Standing::Cancelled),
        "replaced" => Ok(Standing::Replaced),
        other => Err(StoreError::broken(format!("a subscription stands {other:?}"))),
    }
}
