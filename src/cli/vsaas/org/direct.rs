//! Organizations of a Watcher that no billing manages: made, given presets and deleted there.

use super::super::super::{Ended, Failure, say};
use super::super::systems::Systems;
use super::super::{ids, told};
use super::{named_by_settings, unsure};
use crate::ids::vsaas::{OrganizationId, PresetId, TariffId};
use crate::providers::Fault;
use crate::providers::watcher::{Organization, Preset};

/// Ids given as tariffs are presets' where there are no tariffs.
pub(super) fn presets(ids: &[TariffId]) -> Vec<PresetId> {
    ids.iter().map(|id| PresetId(id.0)).collect()
}

pub(super) async fn create(
    systems: &Systems,
    title: &str,
    owner: Option<&str>,
    presets: &[PresetId],
) -> Ended {
    if owner.is_some() {
        return Err(told("--owner is billing's word, and the settings have no billing: leave it out"));
    }
    // Watcher would make a second one of that title, which is what a repeat after a lost answer would do.
    let is_there = |_: &Organization| true;
    let all = systems.watcher.organizations_titled(title, is_there, Systems::deadline()).await?;
    if let Some(there) = all.first() {
        return Err(told(&format!("there is an organization of that title already: {}", there.id)));
    }
    let made = systems.watcher.create_organization(title, Systems::deadline()).await.map_err(unsure)?;
    for preset in presets {
        let given = systems.watcher.give_preset(made.id, *preset, Systems::deadline()).await;
        given.map_err(|fault| half_made(made.id, fault))?;
    }
    say(format!("made organization {}, with the presets {}", made.id, of(systems, made.id).await?));
    Ok(())
}

pub(super) async fn set_presets(systems: &Systems, id: OrganizationId, wanted: &[PresetId]) -> Ended {
    let id = there(systems, id).await?.id;
    let before = systems.watcher.presets(id, Systems::deadline()).await?;
    let text = spaced(&before);
    let has = |preset: &PresetId| before.iter().any(|known| known.id == *preset);
    // First what is to come: a camera may be waiting for it.
    for preset in wanted.iter().filter(|preset| !has(preset)) {
        systems.watcher.give_preset(id, *preset, Systems::deadline()).await?;
    }
    let is_to_go = |known: &&Preset| !known.is_default && !wanted.contains(&known.id);
    for preset in before.iter().filter(is_to_go) {
        match systems.watcher.take_preset(id, preset.id, Systems::deadline()).await {
            Ok(()) | Err(Fault::NotThere(_)) => {}
            Err(fault) => return Err(fault.into()),
        }
    }
    say(format!("organization {id} has the presets {}; it had {text}", of(systems, id).await?));
    Ok(())
}

pub(super) async fn delete(systems: &Systems, id: OrganizationId) -> Ended {
    let there = there(systems, id).await?;
    if let Some(name) = named_by_settings(systems, there.id) {
        return Err(told(&format!("organization {id} is the settings' {name}: change that first")));
    }
    if there.is_default {
        return Err(told(&format!("{id} is the default organization, which stays")));
    }
    systems.watcher.delete_organization(id, Systems::deadline()).await.map_err(unsure)?;
    say(format!("deleted organization {id}"));
    Ok(())
}

async fn there(systems: &Systems, id: OrganizationId) -> Result<Organization, Failure> {
    let all = systems.watcher.organizations(Systems::deadline()).await?;
    ids::watched(systems, &all, id).await
}

async fn of(systems: &Systems, id: OrganizationId) -> Result<String, Failure> {
    Ok(spaced(&systems.watcher.presets(id, Systems::deadline()).await?))
}

fn spaced(presets: &[Preset]) -> String {
    let mut ids: Vec<PresetId> = presets.iter().map(|preset| preset.id).collect();
    ids.sort_unstable();
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn half_made(id: OrganizationId, fault: Fault) -> Failure {
    told(&format!("{}; organization {id} is made: give it its presets with `vsaas org tariffs`", fault.why()))
}
