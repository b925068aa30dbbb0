//! What is there, page by page: cameras beside our devices, and subscribers who can look beside those who are served.

use std::collections::HashMap;

use super::{End, Mode, Observer, Reconcile, ReconcileError};
use crate::ledger::read::OnCamera;
use crate::providers::{Difference, Page};
use crate::service::wanted::Owner;

impl<O: Observer> Reconcile<'_, O> {
    pub(super) async fn page(&mut self, page: Page) -> Result<(), ReconcileError> {
        self.report.odd += page.odd;
        self.report.users += page.users;
        if let Some((found, why)) = page.refused {
            self.tell(found, End::Failed(why));
        }
        for (owner, found) in page.admitted {
            self.admitted(&owner, found).await?;
        }
        let ours = self.ledger.on_cameras(self.name, &page.cameras, self.now()).await?;
        let ours: HashMap<&str, &OnCamera> = ours.iter().map(|ours| (ours.camera.as_str(), ours)).collect();
        for camera in &page.cameras {
            self.report.cameras += 1;
            match ours.get(camera.as_str()) {
                Some(ours) => self.compare(ours).await?,
                None => self.report.unknown += 1,
            }
        }
        Ok(())
    }

    /// A camera that was read last, beside what should be there.
    pub(super) async fn compare(&mut self, ours: &OnCamera) -> Result<(), ReconcileError> {
        if ours.is_in_progress {
            self.report.in_progress += 1;
            return Ok(());
        }
        let camera = &ours.camera;
        match self.survey.differs(camera, &ours.wanted, self.now()) {
            Some(found) if found.is_mendable && self.mode == Mode::Mend => self.mend(camera).await?,
            Some(found) => self.tell(found, End::Told),
            None => {}
        }
        Ok(())
    }

    /// As is wanted just now; not at all where nothing differs any more, or a task is at it.
    async fn mend(&mut self, camera: &str) -> Result<(), ReconcileError> {
        let again = self.ledger.on_camera(self.name, camera, self.now()).await?;
        let Some(ours) = again.filter(|ours| !ours.is_in_progress) else { return Ok(()) };
        let now = self.now();
        let differs = self.survey.differs(camera, &ours.wanted, now);
        let Some(found) = differs.filter(|found| found.is_mendable) else { return Ok(()) };
        let mended = self.survey.mend(camera, &ours.wanted, now).await;
        self.ended(found, mended)
    }

    /// A subscriber who can look, and may be served no more.
    async fn admitted(&mut self, owner: &Owner, found: Difference) -> Result<(), ReconcileError> {
        if self.ledger.is_served(owner, self.name, self.now()).await? {
            return Ok(());
        }
        match self.mode {
            Mode::Tell => self.tell(found, End::Told),
            Mode::Mend => {
                let mended = self.survey.shut_out(owner).await;
                self.ended(found, mended)?;
            }
        }
        Ok(())
    }
}
