//! The provider of kind `watcher`: brings about what should be on a camera by now, whatever a task asks for.
//! Each step looks before it acts, so any of them may fail, and be repeated by any worker, without a second
//! user or organization and without a recording deleted early.
//!
//! ```text
//! steps        a beginning and an end, step by step
//! home         the subscriber's organization, and the presets it may choose from
//! subscriber   the user: made, a member, with rights, no more in the default organization
//! rights       what a member may see
//! given        the presets that organizations were seen to have
//! turns        one task of a subscriber at a time
//! survey       one look through all there is, and what differs of it
//! camera       what the camera should be like: a rule
//! room         how full an organization is
//! ```
//!
//! A camera that is still in the default organization, nobody's, is moved to its subscriber's where the settings
//! say so, else served where it is, as far as Watcher lets it be; one in somebody else's is told of and left alone.
//!
//! Users and organizations are looked up by Watcher each time, so that the calls for one subscriber are as many with
//! sixty thousand others as with none. Remembered is what costs a list and does not change: whose billing says an
//! organization is, its root folder, the default one, the tariffs of presets; for a minute also which presets an
//! organization has.
//!
//! What a step does not wait for goes on beside it, up to three calls of a task at once: so a beginning takes as long as
//! its longest chain, which is to look for the user, to make it, and to grant it rights.

mod camera;
mod given;
mod home;
mod rights;
mod room;
mod steps;
mod subscriber;
mod survey;
mod turns;

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::client::Client;
use super::{Camera, CameraChange};
use crate::clock::Clock;
use crate::config::{self, BillingRemote, WatcherRemote};
use crate::ids::vsaas::{FolderId, OrganizationId, PresetId, TariffId};
use crate::providers::{
    Attempted, ClientError, Errand, Fault, Fulfilled, KeepsState, Provider, Sending, Why, billing,
};
use crate::service::wanted::Wanted;
use camera::Should;
use given::Given;
use home::Maker;
use turns::Turns;

/// Whether a step changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    Nothing,
    Something,
}

/// Keeps cameras and their subscribers as they should be.
pub struct Keeper {
    settings: WatcherRemote,
    client: Client,
    billing: Option<Maker>,
    clock: Clock,
    /// When it was looked up, and whether there is one.
    default_organization: Mutex<Option<(Instant, Option<OrganizationId>)>>,
    /// Billing's tariffs for presets.
    tariffs: Mutex<HashMap<PresetId, TariffId>>,
    /// When it was last looked how full the organization is that all share.
    room_looked_at: Mutex<Option<Instant>>,
    /// The root folders of organizations.
    folders: Mutex<HashMap<OrganizationId, FolderId>>,
    /// Titles of organizations that were made and did not show, and until when that is remembered.
    unseen: Mutex<HashMap<String, Instant>>,
    given: Given,
    turns: Turns,
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
            Ok::<_, ClientError>(Maker::new(client, remote.owner))
        };
        Ok(Self {
            client: Client::new(name, &settings)?,
            billing: billing.map(maker).transpose()?,
            settings,
            clock,
            default_organization: Mutex::default(),
            tariffs: Mutex::default(),
            room_looked_at: Mutex::default(),
            folders: Mutex::default(),
            unseen: Mutex::default(),
            given: Given::default(),
            turns: Turns::default(),
            tariffs_turn: Mutex::default(),
        })
    }

    /// When a call, or the steps of one task, that begin now have to be over.
    fn deadline(&self) -> Instant {
        Instant::now() + Duration::from_millis(u64::from(self.settings.timeout_ms))
    }

    async fn attempt(&self, task: &Errand) -> Attempted {
        let (Some(wanted), deadline) = (&task.wanted, self.deadline()) else {
            return Attempted::Never(Why::new("the task does not say what should be there"));
        };
        let camera = task.camera.as_deref().unwrap_or(task.device_id.as_str());
        match self.bring_about(camera, wanted, deadline).await {
            Ok(settled) => Attempted::Done(settled),
            Err(fault) => outcome(fault),
        }
    }

    /// Makes a camera and its subscriber as they should be.
    ///
    /// # Errors
    /// [`Fault`]: then some of it may be done.
    async fn bring_about(
        &self,
        camera: &str,
        wanted: &Wanted,
        deadline: Instant,
    ) -> Result<Fulfilled, Fault> {
        let should = self.should(wanted, self.clock.now()).map_err(never)?;
        match &wanted.owner {
            Some(owner) if !wanted.carried.is_nothing() => {
                let settled = self.begin(owner, camera, &should, deadline).await?;
                self.end_former(settled, wanted, deadline).await.map_err(in_doubt)
            }
            owner => {
                let settled = self.end(owner.as_ref(), camera, wanted, &should, deadline).await?;
                self.end_former(settled, wanted, deadline).await
            }
        }
    }

    /// Changes a camera, all in one call. `hint` says why Watcher may refuse it, where that is known.
    ///
    /// # Errors
    /// [`Fault`].
    async fn change(
        &self,
        camera: &Camera,
        change: CameraChange,
        hint: Option<String>,
        deadline: Instant,
    ) -> Result<(), Fault> {
        match (self.client.change_camera(&camera.name, change, deadline).await, hint) {
            // It was there a moment ago: the next attempt will see.
            (Err(Fault::NotThere(why)), _) => {
                Err(Fault::Again { why: Why { is_of_one: true, ..why }, after: None })
            }
            (Err(Fault::Never(why)), Some(hint)) => {
                Err(Fault::Never(Why { text: format!("{}; {hint}", why.text), ..why }))
            }
            (changed, _) => changed,
        }
    }
}

impl Provider for Keeper {
    fn send<'a>(&'a self, task: &'a Errand) -> Sending<'a> {
        Box::pin(self.attempt(task))
    }

    fn renew(&self, settings: &config::Provider) -> Result<(), ClientError> {
        self.client.renew(&settings.watcher().ok_or(ClientError::Incomplete)?)?;
        match (&self.billing, settings.billing()) {
            (Some(maker), Some(remote)) => maker.client.renew(&remote),
            _ => Ok(()),
        }
    }

    fn keeps_state(&self) -> Option<&dyn KeepsState> {
        Some(self)
    }
}

fn never(why: impl std::fmt::Display) -> Fault {
    Fault::Never(Why::of_one(why.to_string()))
}

/// Where something was made, or may have been, a failure leaves a beginning in doubt: if the service ends before
/// the next attempt, that end has to be carried out.
fn in_doubt(fault: Fault) -> Fault {
    match fault {
        Fault::Again { why, .. } => Fault::Unsure(why),
        Fault::NotThere(why) => Fault::Unsure(Why { is_of_one: true, ..why }),
        fault => fault,
    }
}

/// What is not there was there when the settings were written, or a moment ago: an operator can mend it, or the next
/// attempt finds another.
fn outcome(fault: Fault) -> Attempted {
    match fault {
        Fault::Again { why, after } => Attempted::Again { why, after },
        Fault::NotThere(why) => Attempted::Again { why: Why { is_of_one: true, ..why }, after: None },
        Fault::Denied(why) => Attempted::Denied(why),
        Fault::Never(why) => Attempted::Never(why),
        Fault::Unsure(why) => Attempted::Unknown(why),
    }
}
