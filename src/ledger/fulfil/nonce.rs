//! Nonces: each partner uses each once for a call and a signature, within the time in which its request would not be
//! stale. So a request that was sent before is known, and one value may be the nonce of several requests.

use crate::clock::Timestamp;
use crate::ledger::commit::Deed;
use crate::ledger::records::{Records, Writes};
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::nonce::NonceRow;
use crate::ledger::{Rules, StoreError};

/// A partner's nonce to use for one request.
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
    fn key(&self) -> String {
        let Self { partner, call, signature, nonce, .. } = self;
        format!("{partner}/{call}/{signature}/{nonce}")
    }
}

impl Deed for NonceUse {
    type Answer = Seen;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::text(&self.key())]
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<Seen, StoreError> {
        remember(store, self)
    }
}

fn remember(store: &mut impl Writes<NonceRow>, used: &NonceUse) -> Result<Seen, StoreError> {
    let key = used.key();
    let known: Option<NonceRow> = store.get(&key)?;
    if known.is_some_and(|known| known.until > used.now) {
        return Ok(Seen::Before);
    }
    store.save(&NonceRow { key, until: used.until })?;
    Ok(Seen::Fresh)
}
