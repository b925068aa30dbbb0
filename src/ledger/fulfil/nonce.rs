//! Nonces: each partner uses each once for a call and a signature, within the time in which its request would not be
//! stale. So a request that was sent before is known, and one value may be the nonce of several requests.

use super::{Deed, Fact};
use crate::clock::Timestamp;
use crate::ledger::store::Store;
use crate::ledger::tables::Records;
use crate::ledger::tables::nonce::NonceRow;
use crate::ledger::{Ledger, NotKept, StoreError};

/// A nonce to use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonceUse {
    /// Whose.
    pub partner: String,
    /// A word for what was called.
    pub call: String,
    /// What the request was signed with, in its one spelling.
    pub signature: String,
    /// As sent.
    pub nonce: String,
    /// Until when it is remembered.
    pub until: Timestamp,
    /// The time.
    pub now: Timestamp,
}

/// Whether it had been used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It had not; now it has.
    Fresh,
    /// It had.
    Before,
}

impl NonceUse {
    pub(super) fn key(&self) -> String {
        let Self { partner, call, signature, nonce, .. } = self;
        format!("{partner}/{call}/{signature}/{nonce}")
    }
}

/// Remembers it.
///
/// # Errors
/// The engine's.
pub(super) fn remember(store: &mut impl Store, used: &NonceUse) -> Result<Seen, StoreError> {
    let key = used.key();
    let known: Option<NonceRow> = store.get(&key)?;
    if known.is_some_and(|known| known.until > used.now) {
        return Ok(Seen::Before);
    }
    store.save(&NonceRow { key, until: used.until })?;
    Ok(Seen::Fresh)
}

impl Ledger {
    /// Uses a partner's nonce for one request.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn use_nonce(&self, nonce: NonceUse) -> Result<Seen, NotKept> {
        match self.deed(Deed::Nonce(nonce)).await? {
            Fact::Nonce(seen) => Ok(seen),
            _ => Err(NotKept::Stopped),
        }
    }
}
