//! Cameras of Watcher: which preset they have, whether they are enabled, where they are played from. Leaves
//! what either should be to the provider.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::client::{Client, Page};
use super::playback::{Port, Ports};
use crate::ids::vsaas::{FolderId, OrganizationId, PresetId};
use crate::providers::loose;
use crate::providers::rest::Call;
use crate::providers::{Fault, Why};

/// A camera.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Written")]
pub struct Camera {
    /// What it is called in paths and streams.
    pub name: String,
    /// What it is called by people.
    pub title: String,
    /// Whether it is recorded; none where Watcher does not say.
    pub enabled: Option<bool>,
    /// Whose it is.
    pub organization_id: Option<OrganizationId>,
    /// Where it is.
    pub folder_id: Option<FolderId>,
    /// What is recorded of it, and for how long.
    pub preset_id: Option<PresetId>,
    /// The host that plays it. The list of a whole domain leaves it out, and so does a camera that was only
    /// just enabled: ask for the camera itself.
    pub streamer: Option<String>,
    /// Where that host listens for players.
    pub ports: Ports,
    /// What playing it asks for; fresh in every answer, and left out of the list of a whole domain.
    pub playback_token: Option<SecretString>,
}

/// What is to be changed of a camera; what is `None` stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CameraChange {
    /// Whether it is recorded. What was recorded stays until its days are over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Its preset. One that keeps fewer days deletes recordings at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset_id: Option<PresetId>,
    /// Whose it is to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Where it is to be, there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder_id: Option<FolderId>,
}

impl CameraChange {
    /// What of it a camera shows otherwise, in words; `None` where it shows nothing against it.
    fn contradicted_by(&self, camera: &Written) -> Option<&'static str> {
        fn differs<T: PartialEq>(wanted: Option<T>, shown: Option<T>) -> bool {
            wanted.is_some() && shown.is_some() && wanted != shown
        }
        [
            (differs(self.enabled, camera.enabled), "is enabled or not as it was"),
            (differs(self.preset_id, camera.preset_id()), "has another preset"),
            (differs(self.organization_id, camera.organization_id), "is in another organization"),
            (differs(self.folder_id, camera.folder_id), "is in another folder"),
        ]
        .into_iter()
        .find_map(|(differs, words)| differs.then_some(words))
    }
}

/// As Watcher writes it, with the fields that come and go.
#[derive(Deserialize)]
struct Written {
    name: String,
    #[serde(default, deserialize_with = "loose::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "loose::flag")]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "loose::maybe")]
    organization_id: Option<OrganizationId>,
    #[serde(default, deserialize_with = "loose::maybe")]
    folder_id: Option<FolderId>,
    #[serde(default, deserialize_with = "loose::maybe")]
    preset_id: Option<PresetId>,
    #[serde(default, deserialize_with = "loose::maybe")]
    preset: Option<WrittenPreset>,
    #[serde(default, deserialize_with = "loose::text")]
    streamer_hostname: Option<String>,
    #[serde(default, deserialize_with = "loose::maybe")]
    stream_status: Option<WrittenStatus>,
    #[serde(default, deserialize_with = "loose::maybe")]
    playback_config: Option<WrittenPlayback>,
}

impl Written {
    fn preset_id(&self) -> Option<PresetId> {
        self.preset_id.or(self.preset.as_ref().and_then(|preset| preset.id))
    }
}

#[derive(Deserialize)]
struct WrittenPreset {
    #[serde(default, deserialize_with = "loose::maybe")]
    id: Option<PresetId>,
}

#[derive(Deserialize)]
struct WrittenStatus {
    #[serde(default, deserialize_with = "loose::text")]
    server: Option<String>,
    #[serde(default)]
    http_port: Port,
    #[serde(default)]
    https_port: Port,
}

#[derive(Deserialize)]
struct WrittenPlayback {
    token: Option<SecretString>,
}

impl From<Written> for Camera {
    fn from(written: Written) -> Self {
        let preset_id = written.preset_id();
        let (server, ports) = written.stream_status.map_or_else(Default::default, |status| {
            (status.server, Ports { http: status.http_port, https: status.https_port })
        });
        Self {
            name: written.name,
            title: written.title.unwrap_or_default(),
            enabled: written.enabled,
            organization_id: written.organization_id,
            folder_id: written.folder_id,
            preset_id,
            // The status may name a host that players do not reach.
            streamer: written.streamer_hostname.or(server),
            ports,
            playback_token: written.playback_config.and_then(|config| config.token),
        }
    }
}

fn cameras(of: Option<OrganizationId>) -> Call {
    let call = Call::get("/cameras");
    match of {
        Some(organization) => call.query("organization_id", organization),
        None => call,
    }
}

impl Client {
    /// A page of the cameras of an organization, or of the domain, from `offset` on.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn cameras_page(
        &self,
        of: Option<OrganizationId>,
        offset: usize,
        deadline: Instant,
    ) -> Result<Page<Camera>, Fault> {
        self.page(cameras(of), offset, deadline).await
    }

    /// All cameras of an organization, or of the domain, at once in memory.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn cameras(&self, of: Option<OrganizationId>, deadline: Instant) -> Result<Vec<Camera>, Fault> {
        self.all(|| cameras(of), |camera: &Camera| camera.name.clone(), deadline).await
    }

    /// One camera; `None` where there is none of that name.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn camera(&self, name: &str, deadline: Instant) -> Result<Option<Camera>, Fault> {
        match self.rest.read(Call::get("/cameras/{}").at(name), deadline).await {
            Ok(camera) => Ok(Some(camera)),
            Err(Fault::NotThere(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Changes what `change` names of a camera, in one call.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is none of that name, [`Fault::Never`] where it was refused, or was done by
    /// the answer and is not.
    pub async fn change_camera(
        &self,
        name: &str,
        change: CameraChange,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let answer = self.rest.done(Call::put("/cameras/{}", json!(change)).at(name), deadline).await?;
        let contradicts = |camera: &Written| change.contradicted_by(camera);
        if Written::deserialize(answer).ok().as_ref().and_then(contradicts).is_none() {
            return Ok(());
        }
        // The answer may be older than the change.
        let now: Written = self.rest.read(Call::get("/cameras/{}").at(name), deadline).await?;
        match contradicts(&now) {
            None => Ok(()),
            Some(words) => {
                let text =
                    format!("Watcher, PUT /cameras/{{}}: it was done, by its answer, and the camera {words}");
                Err(Fault::Never(Why::of_one(text)))
            }
        }
    }
}
