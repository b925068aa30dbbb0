//! Cameras: Watcher's list beside our devices, and our devices beside Watcher's list.

use std::collections::{HashMap, HashSet};

use super::users::{Homes, Users};
use super::{End, Mode, Reconcile, ReconcileError, Watcher, What, hash};
use crate::ledger::read::OnCamera;
use crate::providers::watcher::{Camera, CameraChange, Walk, names};

/// Devices read from the ledger at a time.
const DEVICES_MAX: u32 = 200;

/// Calls that a beginning usually takes.
const CALLS_OF_BEGINNING: usize = 8;

impl<W: Watcher> Reconcile<'_, W> {
    /// Walks through the list; hashes of the names in it.
    pub(super) async fn cameras(&mut self, homes: &Homes) -> Result<HashSet<u64>, ReconcileError> {
        let (of, mut walk) = (self.keeper.settings().organization_id, Walk::default());
        let mut seen = HashSet::new();
        loop {
            self.go_on("cameras", self.report.cameras).await?;
            let keeper = self.keeper;
            let ask = || keeper.client().cameras_page(of, walk.offset, keeper.deadline());
            let page = self.page(|| Box::pin(ask())).await?;
            self.report.odd += page.odd;
            let names: Vec<String> = page.rows.iter().map(|camera| camera.name.clone()).collect();
            let ours = self.ledger.on_cameras(self.name, &names, self.now()).await?;
            let ours: HashMap<&str, &OnCamera> =
                ours.iter().map(|ours| (ours.camera.as_str(), ours)).collect();
            let (is_legible, mut is_new) = (!page.rows.is_empty(), false);
            for camera in &page.rows {
                if !seen.insert(hash(&camera.name)) {
                    continue;
                }
                is_new = true;
                self.report.cameras += 1;
                match ours.get(camera.name.as_str()) {
                    Some(ours) => self.compare(camera, ours, homes).await?,
                    None => self.report.unknown += 1,
                }
            }
            if !walk.goes_on(page.next, (is_legible, is_new))? {
                return Ok(seen);
            }
        }
    }

    async fn compare(
        &mut self,
        camera: &Camera,
        ours: &OnCamera,
        homes: &Homes,
    ) -> Result<(), ReconcileError> {
        if ours.is_in_progress {
            self.report.in_progress += 1;
            return Ok(());
        }
        let Ok(should) = self.keeper.should(&ours.wanted, self.now()) else {
            self.tell(&camera.name, What::BadPreset, End::Told);
            return Ok(());
        };
        if let (Some(owner), Some(at)) = (&ours.wanted.owner, camera.organization_id)
            && !ours.wanted.carried.is_nothing()
            && !homes.is_home(self.keeper, owner, at)
        {
            if self.keeper.settings().move_cameras && homes.default == Some(at) {
                return self.unassigned(camera).await;
            }
            self.tell(&camera.name, What::Elsewhere(at), End::Told);
            return Ok(());
        }
        let Some(change) = should.differs(camera) else { return Ok(()) };
        match self.mode {
            Mode::Tell => self.tell(&camera.name, What::Camera(change), End::Told),
            Mode::Mend => {
                if let Some((change, end)) = self.mend_camera(camera).await? {
                    self.tell(&camera.name, What::Camera(change), end);
                }
            }
        }
        Ok(())
    }

    /// A camera that was given to nobody yet, and is to be its subscriber's: all of its beginning is made up for.
    async fn unassigned(&mut self, camera: &Camera) -> Result<(), ReconcileError> {
        let end = match self.mode {
            Mode::Tell => End::Told,
            Mode::Mend => {
                let again = self.ledger.on_camera(self.name, &camera.name, self.now()).await?;
                let Some(ours) = again.filter(|ours| !ours.is_in_progress) else { return Ok(()) };
                for _ in 0..CALLS_OF_BEGINNING {
                    self.pace().await;
                }
                let deadline = self.keeper.deadline();
                let mended = self.keeper.bring_about(&camera.name, &ours.wanted, deadline).await;
                self.ended(mended.map(drop))?
            }
        };
        self.tell(&camera.name, What::Unassigned, end);
        Ok(())
    }

    /// One write, of what is wanted just now; none where nothing is wanted any more, or a task is at it.
    async fn mend_camera(&mut self, camera: &Camera) -> Result<Option<(CameraChange, End)>, ReconcileError> {
        let again = self.ledger.on_camera(self.name, &camera.name, self.now()).await?;
        let Some(ours) = again.filter(|ours| !ours.is_in_progress) else { return Ok(None) };
        let should = self.keeper.should(&ours.wanted, self.now()).unwrap_or_default();
        let Some(change) = should.differs(camera) else { return Ok(None) };
        let mut hint = None;
        if let (Some(home), Some(preset)) = (camera.organization_id, change.preset_id)
            && preset != self.keeper.settings().default_preset_id
            && !self.available.contains(&(home, preset))
        {
            self.pace().await;
            match self.keeper.ensure_preset(home, preset, self.keeper.deadline()).await {
                Ok(None) => drop(self.available.insert((home, preset))),
                Ok(refusable) => hint = refusable,
                Err(fault) => return Ok(Some((change, self.ended(Err(fault))?))),
            }
        }
        self.pace().await;
        let changed = self.keeper.change(camera, change, hint, self.keeper.deadline()).await;
        Ok(Some((change, self.ended(changed)?)))
    }

    /// Walks through the devices that are served: whose camera was not in the list, and whose user is not
    /// as it should be.
    pub(super) async fn served(
        &mut self,
        seen: &HashSet<u64>,
        users: &Users,
        homes: &Homes,
    ) -> Result<(), ReconcileError> {
        let (mut after, mut done, mut looked_at) = (String::new(), 0, HashSet::new());
        loop {
            self.go_on("devices", done).await?;
            let part = self.ledger.served(self.name, &after, DEVICES_MAX, self.now()).await?;
            for ours in &part.devices {
                done += 1;
                if ours.is_in_progress || ours.wanted.carried.is_nothing() {
                    continue;
                }
                if !seen.contains(&hash(&ours.camera)) {
                    self.not_listed(ours, homes).await?;
                }
                if let Some(owner) = &ours.wanted.owner
                    && looked_at.insert(hash(&names::key(owner)))
                {
                    self.subscriber(owner, ours, users).await?;
                }
            }
            match part.next {
                Some(next) => after = next,
                None => return Ok(()),
            }
        }
    }

    /// The list may be that of one organization, or have left one out: the camera itself says where it is.
    async fn not_listed(&mut self, ours: &OnCamera, homes: &Homes) -> Result<(), ReconcileError> {
        let keeper = self.keeper;
        let ask = || keeper.client().camera(&ours.camera, keeper.deadline());
        match self.one(|| Box::pin(ask())).await? {
            Ok(Some(camera)) => self.compare(&camera, ours, homes).await?,
            Ok(None) => self.tell(&ours.camera, What::Missing, End::Told),
            Err(why) => self.tell(&ours.camera, What::Refused, End::Failed(why)),
        }
        Ok(())
    }
}
