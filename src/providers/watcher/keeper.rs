//! The provider of kind `watcher`: brings about what should be on a camera by now, whatever a task asks for.
//! Each step looks before it acts, so any of them may fail, and be repeated by any worker, without a second
//! user or organization and without a recording deleted early.
//!
//! ```text
//! home         the subscriber's organization, and the presets it may choose from
//! subscriber   the user: made, a member, with rights, no more in the default organization
//! camera       what the camera should be like: a rule
//! directory    where in Watcher's lists a row was last seen
//! ```
//!
//! Cameras are moved between organizations by hand, in Watcher: no call for it is documented. A camera that
//! is not in its subscriber's organization is told of and left alone.

mod camera;
mod directory;
mod home;
mod subscriber;

use std::collections::HashSet;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::client::Client;
use super::{Camera, CameraChange};
use crate::clock::{Clock, Timestamp};
use crate::config::{BillingRemote, Suspend, WatcherRemote};
use crate::ids::vsaas::{OrganizationId, UserId};
use crate::providers::{ClientError, Doubt, Fault, Outcome, Provider, Sending, Settled, Task, Why, billing};
use crate::service::wanted::{Owner, Wanted};
pub use camera::{BadPreset, Should};
use directory::Directory;
use home::Maker;

/// After a user was disabled it is looked at once more: a beginning on another device may have crossed it.
const CROSSED_MS: i64 = 60_000;

const GONE: &str = "the camera is not in Watcher any more";
const ELSEWHERE: &str = "the camera is in another organization by now and was left alone";

/// Keeps cameras and their subscribers as they should be.
pub struct Keeper {
    settings: WatcherRemote,
    client: Client,
    billing: Option<Maker>,
    clock: Clock,
    users: Directory,
    organizations: Directory,
    default_organization: Mutex<Option<OrganizationId>>,
    granted: Mutex<HashSet<(OrganizationId, UserId)>>,
    tariffs_turn: Mutex<()>,
}

impl Keeper {
    /// Builds the clients; nothing is called yet. `name` is for the log.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(
        name: &str,
        settings: WatcherRemote,
        billing: Option<BillingRemote>,
        clock: Clock,
    ) -> Result<Self, ClientError> {
        let maker = |remote: BillingRemote| {
            let client = billing::Client::new(name, &remote)?;
            Ok::<_, ClientError>(Maker { client, owner: remote.owner })
        };
        Ok(Self {
            client: Client::new(name, &settings)?,
            billing: billing.map(maker).transpose()?,
            settings,
            clock,
            users: Directory::default(),
            organizations: Directory::default(),
            default_organization: Mutex::default(),
            granted: Mutex::default(),
            tariffs_turn: Mutex::default(),
        })
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &WatcherRemote {
        &self.settings
    }

    /// Watcher itself, for whoever compares its lists.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// When a call, or the steps of one task, that begin now have to be over.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        Instant::now() + Duration::from_millis(u64::from(self.settings.timeout_ms))
    }

    async fn attempt(&self, task: &Task) -> Outcome {
        let (Some(wanted), deadline) = (&task.wanted, self.deadline()) else {
            return Outcome::Never(Why::new("the task does not say what should be there"));
        };
        let camera = task.camera.as_deref().unwrap_or(task.device_id.as_str());
        if task.doubt == Doubt::Possible
            && let Err(fault) = self.doubt(deadline).await
        {
            return outcome(fault);
        }
        match self.bring_about(camera, wanted, deadline).await {
            Ok(settled) => Outcome::Done(settled),
            Err(fault) => outcome(fault),
        }
    }

    /// What this process remembers may be older than what an attempt made whose answer was lost.
    async fn doubt(&self, deadline: Instant) -> Result<(), Fault> {
        self.users.forget(deadline).await?;
        self.organizations.forget(deadline).await
    }

    /// Makes a camera and its subscriber as they should be.
    ///
    /// # Errors
    /// [`Fault`]: then some of it may be done.
    pub async fn bring_about(
        &self,
        camera: &str,
        wanted: &Wanted,
        deadline: Instant,
    ) -> Result<Settled, Fault> {
        let should = self.should(wanted, self.clock.now()).map_err(never)?;
        match &wanted.owner {
            Some(owner) if !wanted.carried.is_nothing() => self.begin(owner, camera, &should, deadline).await,
            owner => self.end(owner.as_ref(), camera, wanted, &should, deadline).await,
        }
    }

    /// The subscriber before the camera: what nobody could look at need not be recorded.
    async fn begin(
        &self,
        owner: &Owner,
        name: &str,
        should: &Should,
        deadline: Instant,
    ) -> Result<Settled, Fault> {
        let home = self.ensure_home(owner, should.preset_id, deadline).await?;
        self.ensure_subscriber(owner, home, deadline).await?;
        let Some(camera) = self.client.camera(name, deadline).await? else {
            return Err(never("the camera is not in Watcher: add it there, then try again"));
        };
        if camera.organization_id.is_some_and(|other| other != home) {
            let text = "the camera is in another organization than the subscriber: move it to";
            return Err(never(format!("{text} organization {home} in Watcher, then try again")));
        }
        if let Some(change) = should.differs(&camera) {
            if let Some(preset) = change.preset_id {
                self.ensure_preset(home, preset, deadline).await?;
            }
            self.change(&camera, change, deadline).await?;
        }
        Ok(Settled::default())
    }

    async fn end(
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

    /// Changes a camera, all in one call.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn change(
        &self,
        camera: &Camera,
        change: CameraChange,
        deadline: Instant,
    ) -> Result<(), Fault> {
        match self.client.change_camera(&camera.name, change, deadline).await {
            // It was there a moment ago: the next attempt will see.
            Err(Fault::NotThere(why)) => Err(Fault::Again { why, after: None }),
            changed => changed,
        }
    }
}

impl Provider for Keeper {
    fn send<'a>(&'a self, task: &'a Task) -> Sending<'a> {
        Box::pin(self.attempt(task))
    }

    fn converges(&self) -> bool {
        true
    }

    fn keeper(&self) -> Option<&Keeper> {
        Some(self)
    }
}

fn never(why: impl std::fmt::Display) -> Fault {
    Fault::Never(Why::new(why.to_string()))
}

fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    [one, other].into_iter().flatten().min()
}

/// What is not there was looked up by what this process remembers, or is a setting's mistake that an
/// operator can mend.
fn outcome(fault: Fault) -> Outcome {
    match fault {
        Fault::Again { why, after } => Outcome::Again { why, after },
        Fault::NotThere(why) => Outcome::Again { why, after: None },
        Fault::Denied(why) => Outcome::Denied(why),
        Fault::Never(why) => Outcome::Never(why),
        Fault::Unsure(why) => Outcome::Unknown(why),
    }
}
