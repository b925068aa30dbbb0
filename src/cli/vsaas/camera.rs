//! `vsaas camera`: cameras as Watcher has them, and what an operator changes of one by hand.

use clap::Subcommand;
use serde_json::{Value, json};

use super::super::{Ended, Failure, Global};
use super::systems::Systems;
use super::{Where, ids, play, print_table, told};
use crate::config::Config;
use crate::ids::vsaas::PresetId;
use crate::providers::watcher::{self, CameraChange, Preset};

#[derive(Debug, Subcommand)]
pub(super) enum Camera {
    /// All of them, or an organization's
    List(Where),
    /// One with all that is known of it
    Show {
        /// Its name
        name: String,
        /// Print a URL of its live picture instead; whoever has it can look
        #[arg(long)]
        play: bool,
    },
    /// Give it another preset; one that keeps fewer days deletes recordings
    Preset {
        /// Its name
        name: String,
        /// The preset, by Watcher's id (billing's external_id)
        preset: PresetId,
    },
    /// Record it
    Enable {
        /// Its name
        name: String,
    },
    /// Stop recording it; what was recorded stays until its days are over
    Disable {
        /// Its name
        name: String,
    },
}

impl Camera {
    /// Whether it prints a URL to look at.
    pub(super) fn plays(&self) -> bool {
        matches!(self, Self::Show { play: true, .. })
    }
}

pub(super) async fn run(global: &Global, config: &Config, systems: &Systems, command: Camera) -> Ended {
    match command {
        Camera::List(of) => list(global, systems, of).await,
        Camera::Show { name, play } => {
            let camera = there(systems, &name).await?;
            let shown = if play {
                play::live(config, systems, &camera).await?
            } else {
                format!("{:#}", row(&camera))
            };
            super::super::print(&format!("{shown}\n"));
            Ok(())
        }
        Camera::Preset { name, preset } => set_preset(systems, &name, preset).await,
        Camera::Enable { name } => set_enabled(systems, &name, true).await,
        Camera::Disable { name } => set_enabled(systems, &name, false).await,
    }
}

async fn list(global: &Global, systems: &Systems, of: Where) -> Ended {
    let of = match of.org {
        Some(id) => ids::given(systems, Some(id)).await?.map(|of| of.id),
        None => None,
    };
    let cameras = systems.watcher.cameras(of, Systems::deadline()).await?;
    let rows: Vec<Value> = cameras.iter().map(row).collect();
    let heading = ["name", "title", "enabled", "organization_id", "folder_id", "preset_id", "streamer"];
    print_table(global, "cameras", &heading, rows);
    Ok(())
}

/// Without its playback token, which lets whoever has it look.
fn row(camera: &watcher::Camera) -> Value {
    json!({
        "name": camera.name,
        "title": camera.title,
        "enabled": camera.enabled,
        "organization_id": camera.organization_id,
        "folder_id": camera.folder_id,
        "preset_id": camera.preset_id,
        "streamer": camera.streamer,
    })
}

async fn there(systems: &Systems, name: &str) -> Result<watcher::Camera, Failure> {
    let camera = systems.watcher.camera(name, Systems::deadline()).await?;
    camera.ok_or_else(|| told(&format!("Watcher has no camera {name}")))
}

async fn set_enabled(systems: &Systems, name: &str, enabled: bool) -> Ended {
    let camera = there(systems, name).await?;
    let word = if enabled { "enabled" } else { "disabled" };
    if camera.enabled == Some(enabled) {
        super::super::say(format!("{name} is {word} already"));
        return Ok(());
    }
    let change = CameraChange { enabled: Some(enabled), ..CameraChange::default() };
    systems.watcher.change_camera(name, change, Systems::deadline()).await?;
    super::super::say(format!("{name} is {word}"));
    Ok(())
}

async fn set_preset(systems: &Systems, name: &str, preset: PresetId) -> Ended {
    let camera = there(systems, name).await?;
    let presets = match camera.organization_id {
        Some(of) => systems.watcher.presets(of, Systems::deadline()).await?,
        None => Vec::new(),
    };
    let of = |id: PresetId| presets.iter().find(move |preset| preset.id == id);
    let Some(new) = of(preset) else { return Err(not_to_be_had(systems, preset, &presets).await) };
    if camera.preset_id == Some(preset) {
        super::super::say(format!("{name} has the preset {preset} already"));
        return Ok(());
    }
    let change = CameraChange { preset_id: Some(preset), ..CameraChange::default() };
    systems.watcher.change_camera(name, change, Systems::deadline()).await?;
    let days = new.dvr_depth_days;
    let before =
        camera.preset_id.and_then(of).map(|old| format!("; it had {}, {} days", old.id, old.dvr_depth_days));
    let before = before.unwrap_or_default();
    super::super::say(format!("{name} has the preset {preset}, {days} days{before}"));
    Ok(())
}

/// Says which presets there are, and which is meant where a tariff's id was given.
async fn not_to_be_had(systems: &Systems, id: PresetId, presets: &[Preset]) -> Failure {
    let tariffs = match systems.any_billing() {
        Some(billing) => match billing.tariffs(Systems::deadline()).await {
            Ok(tariffs) => tariffs,
            Err(fault) => return fault.into(),
        },
        None => Vec::new(),
    };
    let same = tariffs.iter().find(|tariff| tariff.id.0 == id.0).and_then(|tariff| tariff.preset_id);
    if let Some(right) = same {
        return told(&format!(
            "{id} is billing's id of a tariff: Watcher's of its preset is {right}, give that"
        ));
    }
    let all: Vec<_> = presets.iter().map(|preset| format!("{} ({})", preset.id, preset.title)).collect();
    told(&format!("the camera's organization has no preset {id}: it has {}", all.join(", ")))
}
