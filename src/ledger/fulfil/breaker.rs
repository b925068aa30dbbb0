//! What a worker knows of a provider's health, written down for all others.

use crate::ledger::commit::Deed;
use crate::ledger::records::Records;
use crate::ledger::store::{Lock, Store};
pub use crate::ledger::tables::breaker::Breaker;
use crate::ledger::{Rules, StoreError};

impl Deed for Breaker {
    type Answer = ();

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::text(&self.provider)]
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<(), StoreError> {
        store.save(self)
    }
}
