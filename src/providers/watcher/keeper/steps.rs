//! The steps of a beginning and of an end, in their order. Leaves what a camera should be like to the rule, and each
//! step's own look to where it is taken.

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::home::Home;
use super::{Keeper, Made, Should, in_doubt, never};
use crate::clock::Timestamp;
use crate::config::Suspend;
use crate::ids::vsaas::{OrganizationId, PresetId};
use crate::providers::watcher::{Camera, CameraChange};
use crate::providers::{Fault, Fulfilled, Why};
use crate::service::wanted::{Owner, Wanted};

/// After a user was disabled it is looked at once more: a beginning on another device may have crossed it.
const CROSSED_MS: i64 = 60_000;

const GONE: &str = "the camera is not in Watcher any more";
const ELSEWHERE: &str = "the camera is in another organization by now and was left alone";
const UNASSIGNED: &str =
    "the camera is in the default organization: its subscriber does not see it in Watcher until it is moved";

const UNASSIGNED_WITHOUT: &str = "the camera is in the default organization, which does not have its preset: it is \
    enabled as it is; move it to its subscriber's, then mend it with vsaas reconcile --fix";

/// Where a camera is, seen from its subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the subscriber's organization, as far as it is told.
    Home,
    /// In the default one, where cameras are that were given to nobody yet.
    Unassigned(OrganizationId),
    /// In somebody else's.
    Elsewhere,
}

impl Keeper {
    /// The subscriber before the camera: what nobody could look at need not be recorded. The camera is looked at
    /// meanwhile, and changed while its subscriber, a member by then, gets rights.
    pub(super) async fn begin(
        &self,
        owner: &Owner,
        name: &str,
        should: &Should,
        deadline: Instant,
    ) -> Result<Fulfilled, Fault> {
        let turn = self.turns.take(owner, deadline).await?;
        let (tell, told) = oneshot::channel();
        let tell = |home| {
            // Whoever waits for it does so to its end.
            let _ = tell.send(home);
        };
        let (made, note) = tokio::join!(
            self.ready((owner, turn), should.preset_id, tell, deadline),
            self.begin_camera(owner, name, should, told, deadline),
        );
        let made = made?;
        let unsure = |fault| if made == Made::Something { in_doubt(fault) } else { fault };
        Ok(Fulfilled { note: note.map_err(unsure)?, ..Fulfilled::default() })
    }

    /// The camera's part; `home` is told where its subscriber can have one, and dropped where the other part fails
    /// before, which says why. What is to be noted.
    async fn begin_camera(
        &self,
        owner: &Owner,
        name: &str,
        should: &Should,
        home: oneshot::Receiver<Home>,
        deadline: Instant,
    ) -> Result<Option<&'static str>, Fault> {
        let camera = self.client.camera(name, deadline).await;
        let Ok(home) = home.await else { return Ok(None) };
        let Some(camera) = camera? else {
            return Err(never("the camera is not in Watcher: add it there, then try again"));
        };
        let mut change = should.differs(&camera).unwrap_or_default();
        let place = self.place(&camera, Some(home.id), deadline).await?;
        let moves = matches!(place, Place::Unassigned(_)) && self.settings.move_cameras;
        if moves {
            change.organization_id = Some(home.id);
            change.folder_id = Some(self.folder(home.id, deadline).await?);
            // Where it goes it keeps only a preset that is asked for.
            change.preset_id = should.preset_id.or(camera.preset_id);
        }
        let (hint, note) = match place {
            Place::Elsewhere => {
                let text =
                    "the camera is in another organization than the subscriber: move it to organization";
                return Err(never(format!("{text} {} in Watcher, then try again", home.id)));
            }
            Place::Unassigned(at) if !moves => {
                let is_allowed = match change.preset_id {
                    Some(preset) => self.has_preset(at, preset, deadline).await?,
                    None => true,
                };
                change.preset_id = change.preset_id.filter(|_| is_allowed);
                (None, Some(if is_allowed { UNASSIGNED } else { UNASSIGNED_WITHOUT }))
            }
            Place::Home | Place::Unassigned(_) => {
                match change.preset_id.filter(|preset| !home.has(*preset)) {
                    Some(preset) => (self.ensure_preset(home.id, preset, deadline).await?, None),
                    None => (None, None),
                }
            }
        };
        if change != CameraChange::default() {
            let is_known = hint.is_some();
            if let Err(fault) = self.change(&camera, change, hint, deadline).await {
                let fault = match (fault, change.preset_id) {
                    (Fault::Never(why), Some(preset)) if !is_known => {
                        self.until_given(why, (home.id, preset), deadline).await
                    }
                    (fault, _) => fault,
                };
                let theirs = (owner, home.id);
                return Err(in_doubt(match moves {
                    true => self.for_want_of_room(fault, theirs, "cameras", deadline).await,
                    false => fault,
                }));
            }
        }
        Ok(note)
    }

    /// A refusal of a camera's change, with a preset that its organization was given: billing tells Watcher in its own
    /// time, and another process may have taken it away at the same moment. Where Watcher does not list the preset
    /// there, it is tried again.
    async fn until_given(
        &self,
        why: Why,
        (home, preset): (OrganizationId, PresetId),
        deadline: Instant,
    ) -> Fault {
        match self.has_preset(home, preset, deadline).await {
            Ok(false) => {
                let text = format!("{}; Watcher does not list the preset there yet", why.text);
                Fault::Unsure(Why { text, is_of_one: true, ..why })
            }
            Ok(true) | Err(_) => Fault::Never(why),
        }
    }

    pub(super) async fn end(
        &self,
        owner: Option<&Owner>,
        name: &str,
        wanted: &Wanted,
        should: &Should,
        deadline: Instant,
    ) -> Result<Fulfilled, Fault> {
        let camera = self.end_camera(owner, name, wanted, should, deadline);
        let Some(owner) = owner.filter(|_| self.settings.suspend == Suspend::User) else {
            return camera.await;
        };
        // Whatever the camera says, who has nothing any more cannot log in.
        let user = self.end_user(owner, wanted.is_owner_served, deadline);
        let (settled, crossed_at) = tokio::join!(camera, user);
        let (settled, crossed_at) = (settled?, crossed_at?);
        Ok(Fulfilled { follow_up_at: earlier(settled.follow_up_at, crossed_at), ..settled })
    }

    /// The account that had a number's device before is somebody of its own, and loses with it what it had.
    pub(super) async fn end_former(
        &self,
        mut settled: Fulfilled,
        wanted: &Wanted,
        deadline: Instant,
    ) -> Result<Fulfilled, Fault> {
        if let Some(former) = wanted.former.as_ref().filter(|_| self.settings.suspend == Suspend::User) {
            let crossed_at = self.end_user(former, wanted.is_former_served, deadline).await?;
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
    ) -> Result<Fulfilled, Fault> {
        let noted = |note| Fulfilled { note: Some(note), ..Fulfilled::default() };
        if *should == Should::default() && !wanted.is_anothers {
            return Ok(Fulfilled::default());
        }
        let Some(camera) = self.client.camera(name, deadline).await? else { return Ok(noted(GONE)) };
        let home = match owner {
            Some(owner) => self.home(owner, deadline).await?,
            None => self.settings.organization_id,
        };
        // Of a device that nobody has any more, the camera may still be in its last owner's organization.
        let has_place = owner.is_some() || home.is_some();
        let place = if has_place { self.place(&camera, home, deadline).await? } else { Place::Home };
        if place == Place::Elsewhere {
            return Ok(noted(ELSEWHERE));
        }
        let is_shared = self.settings.organization_id.is_some() || matches!(place, Place::Unassigned(_));
        if wanted.is_anothers && is_shared {
            // Where all share a place, it is the new owner's too.
            return Ok(Fulfilled::default());
        }
        let should = if wanted.is_anothers { self.should_of_former() } else { *should };
        if let Some(change) = should.differs(&camera) {
            self.change(&camera, change, None, deadline).await?;
        }
        let shrinks = camera.preset_id != Some(self.settings.default_preset_id);
        Ok(Fulfilled { follow_up_at: should.until.filter(|_| shrinks), ..Fulfilled::default() })
    }

    async fn place(
        &self,
        camera: &Camera,
        home: Option<OrganizationId>,
        deadline: Instant,
    ) -> Result<Place, Fault> {
        Ok(match camera.organization_id {
            None => Place::Home,
            at if at == home => Place::Home,
            Some(at) if self.default_organization(deadline).await? == Some(at) => Place::Unassigned(at),
            Some(_) => Place::Elsewhere,
        })
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
        is_served: bool,
        deadline: Instant,
    ) -> Result<Option<Timestamp>, Fault> {
        let has_changed = self.enable_subscriber(owner, is_served, deadline).await?;
        let look_at = self.clock.now().plus_ms(CROSSED_MS);
        Ok(Some(look_at).filter(|_| has_changed && !is_served))
    }
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    [one, other].into_iter().flatten().min()
}
