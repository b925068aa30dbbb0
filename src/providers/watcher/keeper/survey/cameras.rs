//! Cameras: what one is, beside what it should be, and how it is mended.

use super::Surveyor;
use super::what::What;
use crate::clock::Timestamp;
use crate::providers::watcher::{Camera, CameraChange};
use crate::providers::{Fault, Look, Page};
use crate::service::wanted::Wanted;

/// Calls that a beginning usually takes.
const CALLS_OF_BEGINNING: usize = 8;

impl Surveyor<'_> {
    pub(super) async fn read_cameras(&mut self) -> Result<Page, Fault> {
        let (keeper, of, offset) = (self.keeper, self.keeper.settings.organization_id, self.walk.offset);
        let page = self.calls.ask(|| keeper.client.cameras_page(of, offset, keeper.deadline())).await?;
        let (is_legible, mut cameras) = (!page.rows.is_empty(), Vec::new());
        self.read.clear();
        for camera in page.rows {
            if self.seen.insert(self.hash(&camera.name)) {
                cameras.push(camera.name.clone());
                self.read.insert(camera.name.clone(), camera);
            }
        }
        self.walked(page.next, (is_legible, !cameras.is_empty()), None)?;
        Ok(Page { cameras, odd: page.odd, ..Page::default() })
    }

    pub(super) async fn look_at(&mut self, name: &str) -> Result<Look, Fault> {
        let keeper = self.keeper;
        match self.calls.ask(|| keeper.client.camera(name, keeper.deadline())).await {
            Ok(Some(camera)) => {
                self.read.clear();
                self.read.insert(name.to_owned(), camera);
                Ok(Look::Found)
            }
            Ok(None) => Ok(Look::Missing(What::Missing.of(name))),
            Err(fault) if fault.is_of_one() => Ok(Look::Refused(What::Refused.of(name), fault.to_string())),
            Err(fault) => Err(fault),
        }
    }

    pub(super) fn matter(&self, camera: &Camera, wanted: &Wanted, now: Timestamp) -> Option<What> {
        let Ok(should) = self.keeper.should(wanted, now) else { return Some(What::BadPreset) };
        if let (Some(owner), Some(at)) = (&wanted.owner, camera.organization_id)
            && !wanted.carried.is_nothing()
            && !self.is_home(owner, at)
        {
            let moves = self.keeper.settings.move_cameras && self.homes.default == Some(at);
            return Some(if moves { What::Unassigned } else { What::Elsewhere(at) });
        }
        should.differs(camera).map(What::Camera)
    }

    /// One write; of a camera that was given to nobody yet and is to be its subscriber's, all of its beginning is made
    /// up for.
    pub(super) async fn mend_camera(
        &mut self,
        name: &str,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let Some(camera) = self.read.remove(name) else { return Ok(()) };
        match self.matter(&camera, wanted, now) {
            Some(What::Camera(change)) => self.change(&camera, change).await,
            Some(What::Unassigned) => {
                self.calls.wait(CALLS_OF_BEGINNING).await;
                self.keeper.bring_about(name, wanted, self.keeper.deadline()).await.map(drop)
            }
            _ => Ok(()),
        }
    }

    async fn change(&mut self, camera: &Camera, change: CameraChange) -> Result<(), Fault> {
        let (keeper, mut hint) = (self.keeper, None);
        if let (Some(home), Some(preset)) = (camera.organization_id, change.preset_id)
            && preset != keeper.settings.default_preset_id
            && !self.available.contains(&(home, preset))
        {
            self.calls.wait(1).await;
            match keeper.ensure_preset(home, preset, keeper.deadline()).await? {
                None => drop(self.available.insert((home, preset))),
                refusable => hint = refusable,
            }
        }
        self.calls.wait(1).await;
        keeper.change(camera, change, hint, keeper.deadline()).await
    }
}
