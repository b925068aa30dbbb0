//! What should be there: devices that are served whose camera was on no page, and their subscribers.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};

use super::{End, Mode, Observer, Reconcile, ReconcileError};
use crate::ledger::read::OnCamera;
use crate::providers::Look;
use crate::service::wanted::Owner;

/// Devices read from the ledger at a time.
const DEVICES_MAX: u32 = 200;

impl<O: Observer> Reconcile<'_, O> {
    pub(super) async fn devices(&mut self) -> Result<(), ReconcileError> {
        let (mut after, mut done) = (String::new(), 0);
        let (mut looked_at, hasher) = (HashSet::new(), RandomState::new());
        loop {
            self.go_on("devices", done).await?;
            let part = self.ledger.served(self.name, &after, DEVICES_MAX, self.now()).await?;
            for ours in &part.devices {
                done += 1;
                if ours.is_in_progress || ours.wanted.carried.is_nothing() {
                    continue;
                }
                if !self.survey.has(&ours.camera) {
                    self.not_listed(ours).await?;
                }
                if let Some(owner) = &ours.wanted.owner
                    && looked_at.insert(hasher.hash_one(owner))
                {
                    self.subscriber(owner, ours).await?;
                }
            }
            match part.next {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
    }

    /// Lists may be those of a part, or have left one out: the camera itself says where it is.
    async fn not_listed(&mut self, ours: &OnCamera) -> Result<(), ReconcileError> {
        match self.survey.look(&ours.camera).await? {
            Look::Found => self.compare(ours).await?,
            Look::Missing(found) => self.tell(found, End::Told),
            Look::Refused(found, why) => self.tell(found, End::Failed(why)),
        }
        Ok(())
    }

    /// A subscriber who is served, on this device among others.
    async fn subscriber(&mut self, owner: &Owner, ours: &OnCamera) -> Result<(), ReconcileError> {
        let Some(found) = self.survey.amiss(owner).await? else { return Ok(()) };
        match self.mode {
            Mode::Tell => self.tell(found, End::Told),
            Mode::Mend if !self.ledger.is_served(owner, self.name, self.now()).await? => {}
            Mode::Mend => {
                let mended = self.survey.admit(owner, &ours.wanted, self.now()).await;
                self.ended(found, mended)?;
            }
        }
        Ok(())
    }
}
