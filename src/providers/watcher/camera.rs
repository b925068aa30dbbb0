//! Cameras of Watcher: which preset they have, whether they are enabled, where they are played from. Leaves
//! what either should be to the provider.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::Instant;

use super::client::{Client, Page, or_default};
use super::playback::{Port, Ports};
use crate::ids::vsaas::{FolderId, OrganizationId, PresetId};
use crate::providers::Fault;
use crate::providers::rest::Call;

/// A camera.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Written")]
pub struct Camera {
    /// What it is called in paths and streams.
    pub name: String,
    /// What it is called by people.
    pub title: String,
    /// Whether it is recorded.
    pub enabled: bool,
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
}

/// As Watcher writes it, with the fields that come and go.
#[derive(Deserialize)]
struct Written {
    name: String,
    #[serde(default, deserialize_with = "or_default")]
    title: String,
    enabled: bool,
    organization_id: Option<OrganizationId>,
    folder_id: Option<FolderId>,
    preset_id: Option<PresetId>,
    preset: Option<WrittenPreset>,
    streamer_hostname: Option<String>,
    stream_status: Option<WrittenStatus>,
    playback_config: Option<WrittenPlayback>,
}

#[derive(Deserialize)]
struct WrittenPreset {
    id: Option<PresetId>,
}

#[derive(Deserialize)]
struct WrittenStatus {
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
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        let status = written.stream_status;
        let (server, ports) = status.map_or_else(Default::default, |status| {
            (status.server, Ports { http: status.http_port, https: status.https_port })
        });
        Self {
            name: written.name,
            title: written.title,
            enabled: written.enabled,
            organization_id: written.organization_id,
            folder_id: written.folder_id,
            preset_id: written.preset_id.or(written.preset.and_then(|preset| preset.id)),
            // The status may name a host that players do not reach.
            streamer: filled(written.streamer_hostname).or_else(|| filled(server)),
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
        match self.0.read(Call::get("/cameras/{}").at(name), deadline).await {
            Ok(camera) => Ok(Some(camera)),
            Err(Fault::NotThere(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Changes what `change` names of a camera, in one call.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is none of that name.
    pub async fn change_camera(
        &self,
        name: &str,
        change: CameraChange,
        deadline: Instant,
    ) -> Result<(), Fault> {
        self.0.done(Call::put("/cameras/{}", json!(change)).at(name), deadline).await
    }
}
