//! What does not line up between tariffs, presets and offers, a sentence each. Watcher lists presets only by
//! organization, so that of one which no organization has nothing is said: it is not known to be there or not.

use super::compare::{Has, Presets, Row, Sides};
use crate::ids::vsaas::PresetId;

/// Everything that somebody should look at; of the settings first, then by preset, then by organization.
pub(super) fn findings(sides: &Sides, rows: &[Row], presets: &Presets<'_>) -> Vec<String> {
    let mut all = Vec::from_iter(of_default(sides, presets));
    for row in rows {
        match row.preset_id {
            Some(id) => all.extend(of_preset(sides, row, id, presets)),
            None => {
                all.push(format!("tariff {} has no preset: billing gives it no external_id", tariff(row)))
            }
        }
    }
    all.extend(sides.organizations.iter().flat_map(of_organization));
    for used in sides.uses.iter().filter(|used| used.preset.is_none()) {
        all.push(format!("offer {}: its {} grant has no preset_id", used.offer, used.kind.word()));
    }
    if sides.unasked > 0 {
        all.push(format!("{} more organizations were not asked for their presets", sides.unasked));
    }
    all
}

fn tariff(row: &Row) -> String {
    row.tariff_id.map(|id| id.to_string()).unwrap_or_default()
}

fn of_default(sides: &Sides, presets: &Presets<'_>) -> Option<String> {
    let settings = sides.default_preset;
    match presets.values().find(|preset| preset.is_default) {
        Some(preset) if preset.id != settings => Some(format!(
            "the default preset is {}, and default_preset_id of the settings is {settings}",
            preset.id
        )),
        Some(_) => None,
        None => Some("no preset is said to be the default one".to_owned()),
    }
}

fn of_preset(sides: &Sides, row: &Row, id: PresetId, presets: &Presets<'_>) -> Vec<String> {
    let mut all = Vec::new();
    if presets.get(&id).is_some_and(|preset| preset.is_deleted) {
        all.push(format!("preset {id} is deleted at Watcher"));
    }
    all.extend(of_tariff(sides, row, id));
    if row.offers.is_empty() {
        if !row.default && id != sides.default_preset {
            all.push(format!("preset {id} is used by no offer"));
        }
    } else if let Some(shared) = sides.shared {
        let has = |of: &Has| of.id == shared && of.presets.iter().any(|preset| preset.id == id);
        if !sides.organizations.iter().any(has) {
            let offers = row.offers.join(", ");
            all.push(format!("organization {shared} does not have preset {id}, and offers use it: {offers}"));
        }
    }
    all
}

/// Of the tariff that a preset has, or should have.
fn of_tariff(sides: &Sides, row: &Row, id: PresetId) -> Option<String> {
    let (offers, used) = (row.offers.join(", "), !row.offers.is_empty());
    let tariffs = sides.tariffs.as_ref()?;
    if row.tariff_id.is_some() {
        let status = row.status.as_deref().filter(|status| !status.eq_ignore_ascii_case("active"))?;
        return used.then(|| format!("preset {id}: its tariff is {status}, and offers use it: {offers}"));
    }
    let meant = tariffs.iter().find(|tariff| tariff.id.0 == id.0).and_then(|tariff| tariff.preset_id);
    Some(match meant {
        Some(right) if used => {
            format!("preset {id}, used by {offers}, is billing's id of a tariff: its preset is {right}")
        }
        _ if used => format!("preset {id} has no tariff, and offers use it: {offers}"),
        _ => format!("preset {id} has no tariff"),
    })
}

fn of_organization(of: &Has) -> Vec<String> {
    let has = |id: &PresetId| of.presets.iter().any(|preset| preset.id == *id);
    let owed = of.owed.iter().filter(|id| !has(id));
    let what = |id: &PresetId| {
        format!("billing gives organization {} the preset {id}, which it does not have at Watcher", of.id)
    };
    owed.map(what).collect()
}
