//! Whether notices can be kept, found out by recording one and undoing it.

use super::commit::Deed;
use super::received::Received;
use super::record::record;
use super::specimen::specimen;
use super::store::{Lock, Store};
use super::{Ledger, NotKept, Rules, StoreError};

/// A message that is recorded and undone again, beside something small that is committed.
struct Probe(Received);

impl Deed for Probe {
    type Answer = ();

    fn locks(&self) -> Vec<Lock> {
        self.0.locks()
    }

    fn is_probe(&self) -> bool {
        true
    }

    fn folds(&self) -> bool {
        true
    }

    fn received(&self) -> Option<&Received> {
        Some(&self.0)
    }

    fn perform(&self, store: &mut impl Store, rules: &Rules) -> Result<(), StoreError> {
        store.probe(self.0.received_at)?;
        store.rehearse(|store| record(store, rules, &self.0)).map(drop)
    }
}

impl Ledger {
    /// Tells whether notices can be kept: does with one that nobody sent what is done with any notice, and undoes it,
    /// in a transaction whose commit must reach the disk; and where those of several numbers were refused lately and
    /// none was kept, the same with the last of them. So it tells of faults that spare the one or the other, and of
    /// their end although no notice comes.
    ///
    /// # Errors
    /// [`NotKept`] where they cannot.
    pub async fn probe(&self) -> Result<(), NotKept> {
        self.write(Probe(specimen(&self.0.rules.load(), self.0.clock.now()))).await?;
        let keeping = self.0.writer.keeping();
        if let Some(refused) = keeping.widely_refused() {
            self.write(Probe(refused)).await?;
            keeping.mended();
        }
        Ok(())
    }

    /// Notices of this process that could not be kept so far. One more makes an older answer of
    /// [`Self::probe`] doubtful.
    #[must_use]
    pub fn refusals(&self) -> u64 {
        self.0.writer.keeping().refusals()
    }
}
