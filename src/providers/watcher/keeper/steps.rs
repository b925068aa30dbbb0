//! The steps of a beginning and of an end, in their order. Leaves what a camera should be like to the rule, and each
//! step's own look to where it is taken.

use tokio::time::Instant;

use super::{Keeper, Made, Should, in_doubt, never};
use crate::clock::Timestamp;
use crate::config::Suspend;
use crate::providers::{Fault, Settled};
use crate::service::wanted::{Owner, Wanted};

/// After a user was disabled it is looked at once more: a beginning on another device may have crossed it.
const CROSSED_MS: i64 = 60_000;

const GONE: &str = "the camera is not in Watcher any more";
const ELSEWHERE: &str = "the camera is in another organization by now and was left alone";

impl Keeper {
    /// The subscriber before the camera: what nobody could look at need not be recorded.
    pub(super) async fn begin(
        &self,
        owner: &Owner,
        name: &str,
        should: &Should,
        deadline: Instant,
    ) -> Result<Settled, Fault> {
        let home = self.ensure_home(owner, should.preset_id, deadline).await?;
        let user = self.user(owner, deadline).await?;
        let made = self.ensure_subscriber(owner, user, home, deadline).await.map_err(in_doubt)?;
        let unsure = |fault| if made == Made::Something { in_doubt(fault) } else { fault };
        let Some(camera) = self.client.camera(name, deadline).await.map_err(unsure)? else {
            return Err(never("the camera is not in Watcher: add it there, then try again"));
        };
        if camera.organization_id.is_some_and(|other| other != home) {
            let text = "the camera is in another organization than the subscriber: move it to";
            return Err(never(format!("{text} organization {home} in Watcher, then try again")));
        }
        if let Some(change) = should.differs(&camera) {
            if let Some(preset) = change.preset_id {
                self.ensure_preset(home, preset, deadline).await.map_err(unsure)?;
            }
            self.change(&camera, change, deadline).await.map_err(in_doubt)?;
        }
        Ok(Settled::default())
    }

    pub(super) async fn end(
        &self,
        owner: Option<&Owner>,
        name: &str,
        wanted: &Wanted,
        should: &Should,
        deadline: Instant,
    ) -> Result<Settled, Fault> {
        let mut settled = self.end_camera(owner, name, wanted, should, deadline).await?;
        if let Some(owner) = owner.filter(|_| self.settings.suspend == Suspend::User) {
            let crossed_at = self.end_user(owner, wanted, deadline).await?;
            settled.follow_up_at = earlier(settled.follow_up_at, crossed_at);
        }
        Ok(settled)
    }

    async fn end_camera(
        &self,
        owner: Option<&Owner>,
        name: &str,
        wanted: &Wanted,
        should: &Should,
        deadline: Instant,
    ) -> Result<Settled, Fault> {
        let noted = |note| Settled { note: Some(note), ..Settled::default() };
        if *should == Should::default() && !wanted.is_anothers {
            return Ok(Settled::default());
        }
        let Some(camera) = self.client.camera(name, deadline).await? else { return Ok(noted(GONE)) };
        let home = match owner {
            Some(owner) => self.home(owner, deadline).await?,
            None => self.settings.organization_id,
        };
        // Of a device that nobody has any more, the camera may still be in its last owner's organization.
        let is_elsewhere = owner.is_some() || home.is_some();
        if is_elsewhere && camera.organization_id.is_some() && camera.organization_id != home {
            return Ok(noted(ELSEWHERE));
        }
        if wanted.is_anothers && self.settings.organization_id.is_some() {
            // Shared by all, the camera is in its new owner's organization too.
            return Ok(Settled::default());
        }
        let should = if wanted.is_anothers { self.should_of_former() } else { *should };
        if let Some(change) = should.differs(&camera) {
            self.change(&camera, change, deadline).await?;
        }
        let shrinks = camera.preset_id != Some(self.settings.default_preset_id);
        Ok(Settled { follow_up_at: should.until.filter(|_| shrinks), ..Settled::default() })
    }

    /// In the organization of a former owner, a camera is not the new one's yet: it must not go on there.
    fn should_of_former(&self) -> Should {
        let enabled = (self.settings.suspend == Suspend::Camera).then_some(false);
        Should { enabled, ..Should::default() }
    }

    /// Who has nothing any more cannot log in; who has something again can. When to look once more.
    async fn end_user(
        &self,
        owner: &Owner,
        wanted: &Wanted,
        deadline: Instant,
    ) -> Result<Option<Timestamp>, Fault> {
        let has_changed = self.enable_subscriber(owner, wanted.is_owner_served, deadline).await?;
        let look_at = self.clock.now().plus_ms(CROSSED_MS);
        Ok(Some(look_at).filter(|_| has_changed && !wanted.is_owner_served))
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    [one, other].into_iter().flatten().min()
}
