//! How the ledger spells a copy of an offer: JSON, equal content spelled alike.

use super::StoreError;
use crate::subscription::terms::Terms;

/// The spelling.
///
/// # Errors
/// None that a gateway's own terms could give.
pub(super) fn write(terms: &Terms) -> Result<String, StoreError> {
    serde_json::to_string(terms).map_err(|error| StoreError::broken(error.to_string()))
}

/// The copy with this number and spelling.
///
/// # Errors
/// Where the table holds what no gateway wrote.
pub(super) fn read(id: i64, body: &str) -> Result<Terms, StoreError> {
    let terms: Terms = serde_json::from_str(body)
        .map_err(|e| StoreError::broken(format!("terms {id} cannot be read: {e}")))?;
    Ok(Terms { id, ..terms })
}
