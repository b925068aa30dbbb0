//! What one write is: what it needs for itself, what it does in a transaction, and what it answers. Who adds a
//! kind of write adds a file with its request, its answer and this for it; nothing else knows the kinds.

use crate::ledger::received::Received;
use crate::ledger::store::{Lock, Store};
use crate::ledger::{Rules, StoreError};

/// One write. It may be done several times before its transaction is committed, so what it does depends on nothing
/// but itself, the rules and the rows.
pub trait Deed: Send + 'static {
    /// What came of it.
    type Answer: Send + 'static;

    /// What it will certainly need for itself; more may turn out as it goes.
    fn locks(&self) -> Vec<Lock> {
        Vec::new()
    }

    /// Whether it takes rows that others may hold, and so goes alone on a server: a transaction that has some and
    /// waits for more could wait for one that waits for it.
    fn goes_alone(&self) -> bool {
        self.is_probe()
    }

    /// Whether it only tells whether others could be kept: what it meets is no other write's trouble.
    fn is_probe(&self) -> bool {
        false
    }

    /// Whether it may change what a number holds.
    fn folds(&self) -> bool {
        false
    }

    /// The message that is recorded, for good or to be undone: what it will ask for is known before.
    fn received(&self) -> Option<&Received> {
        None
    }

    /// Whether a task may be due for it that was not before. What comes of a worker's own tasks it knows itself.
    fn may_owe(&self, _: &Self::Answer) -> bool {
        false
    }

    /// Does it in a transaction of the engine.
    ///
    /// # Errors
    /// The engine's; nothing has changed then.
    fn perform(&self, store: &mut impl Store, rules: &Rules) -> Result<Self::Answer, StoreError>;
}
