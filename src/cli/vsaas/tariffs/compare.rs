//! Tariffs, presets and offers side by side: pure, from what the three sides said. The joint is the preset's id,
//! which billing calls a tariff's `external_id`. Leaves what does not line up to `findings`.

use std::collections::BTreeMap;

use serde::Serialize;

use super::findings;
use crate::catalog::GrantKind;
use crate::ids::vsaas::{OrganizationId, PresetId, TariffId};
use crate::providers::billing::Tariff;
use crate::providers::watcher::Preset;

/// What the three sides said.
pub(super) struct Sides {
    /// `None` where the settings have no billing.
    pub(super) tariffs: Option<Vec<Tariff>>,
    pub(super) organizations: Vec<Has>,
    /// How many more there are.
    pub(super) unasked: usize,
    /// The organization that all subscribers share, if one is.
    pub(super) shared: Option<OrganizationId>,
    /// The preset that cameras fall back to by the settings.
    pub(super) default_preset: PresetId,
    pub(super) uses: Vec<Use>,
}

/// An organization's presets at Watcher, and those of its tariffs by billing.
pub(super) struct Has {
    pub(super) id: OrganizationId,
    pub(super) presets: Vec<Preset>,
    pub(super) owed: Vec<PresetId>,
}

/// A grant, and the preset it sets.
pub(super) struct Use {
    pub(super) offer: String,
    pub(super) kind: GrantKind,
    pub(super) preset: Option<PresetId>,
}

pub(super) struct Compared {
    pub(super) rows: Vec<Row>,
    pub(super) findings: Vec<String>,
}

/// A preset with its tariff and its offers.
#[derive(Debug, Default, Serialize)]
pub(super) struct Row {
    pub(super) tariff_id: Option<TariffId>,
    pub(super) tariff: Option<String>,
    pub(super) price: Option<String>,
    pub(super) status: Option<String>,
    pub(super) preset_id: Option<PresetId>,
    pub(super) preset: Option<String>,
    pub(super) days: Option<f64>,
    pub(super) default: bool,
    pub(super) offers: Vec<String>,
}

/// Puts the sides together.
pub(super) fn compare(sides: &Sides) -> Compared {
    let presets = presets(sides);
    let mut rows: Vec<Row> =
        sides.tariffs.iter().flatten().map(|tariff| of_tariff(tariff, &presets)).collect();
    let used = sides.uses.iter().filter_map(|used| used.preset);
    for id in presets.keys().copied().chain(used) {
        if !rows.iter().any(|row| row.preset_id == Some(id)) {
            rows.push(of_preset(Row::default(), id, &presets));
        }
    }
    for row in &mut rows {
        let same = |used: &&Use| used.preset.is_some() && used.preset == row.preset_id;
        row.offers = sides.uses.iter().filter(same).map(|used| used.offer.clone()).collect();
        row.offers.dedup();
    }
    rows.sort_by_key(|row| (row.preset_id, row.tariff_id));
    let findings = findings::findings(sides, &rows, &presets);
    Compared { rows, findings }
}

/// Presets by id.
pub(super) type Presets<'a> = BTreeMap<PresetId, &'a Preset>;

/// All presets that some organization has.
fn presets(sides: &Sides) -> Presets<'_> {
    let all = sides.organizations.iter().flat_map(|of| &of.presets);
    all.map(|preset| (preset.id, preset)).collect()
}

fn of_tariff(tariff: &Tariff, presets: &Presets<'_>) -> Row {
    let row = Row {
        tariff_id: Some(tariff.id),
        tariff: tariff.name.clone(),
        price: tariff.full_price.clone(),
        status: tariff.status.clone(),
        ..Row::default()
    };
    match tariff.preset_id {
        Some(id) => of_preset(row, id, presets),
        None => row,
    }
}

fn of_preset(row: Row, id: PresetId, presets: &Presets<'_>) -> Row {
    let preset = presets.get(&id);
    Row {
        preset_id: Some(id),
        preset: preset.map(|preset| preset.title.clone()),
        days: preset.map(|preset| preset.dvr_depth_days),
        default: preset.is_some_and(|preset| preset.is_default),
        ..row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preset(id: i64, is_default: bool) -> Preset {
        Preset {
            id: PresetId(id),
            title: format!("p{id}"),
            dvr_depth_days: 3.0,
            is_default,
            is_deleted: id == 395,
        }
    }

    fn tariff(id: i64, preset: Option<i64>) -> Tariff {
        Tariff {
            id: TariffId(id),
            preset_id: preset.map(PresetId),
            name: None,
            date_from: None,
            full_price: None,
            status: Some(if id == 551 { "Archived" } else { "Active" }.to_owned()),
        }
    }

    fn used(offer: &str, preset: Option<i64>) -> Use {
        Use { offer: offer.to_owned(), kind: GrantKind::Cloud, preset: preset.map(PresetId) }
    }

    fn sides(tariffs: Vec<Tariff>, has: &[i64], owed: &[i64], uses: Vec<Use>) -> Sides {
        let presets = has.iter().map(|id| preset(*id, *id == 391)).collect();
        let owed = owed.iter().map(|id| PresetId(*id)).collect();
        Sides {
            tariffs: Some(tariffs),
            organizations: vec![Has { id: OrganizationId(753), presets, owed }],
            unasked: 0,
            shared: Some(OrganizationId(753)),
            default_preset: PresetId(391),
            uses,
        }
    }

    #[track_caller]
    fn check(sides: &Sides, expected: &[&str]) {
        assert_eq!(compare(sides).findings, expected);
    }

    #[test]
    fn what_lines_up_has_no_findings() {
        let tariffs = vec![tariff(549, Some(392)), tariff(548, Some(391))];
        let sides = sides(tariffs, &[391, 392], &[391, 392], vec![used("day", Some(392))]);
        check(&sides, &[]);
        let rows = compare(&sides).rows;
        let seen: Vec<_> = rows.iter().map(|row| (row.tariff_id.map(|id| id.0), row.default)).collect();
        assert_eq!(seen, [(Some(548), true), (Some(549), false)]);
        assert_eq!(rows[1].offers, ["day"]);
    }

    #[test]
    fn every_way_not_to_line_up() {
        let tariffs = vec![
            tariff(548, Some(391)),
            tariff(549, Some(392)),
            tariff(550, None),
            tariff(551, Some(394)),
            tariff(552, Some(395)),
        ];
        let uses = vec![
            used("trap", Some(549)),
            used("gone", Some(393)),
            used("none", None),
            used("old", Some(394)),
            used("dead", Some(395)),
        ];
        check(
            &sides(tariffs, &[391, 394, 395, 396], &[391, 392], uses),
            &[
                "tariff 550 has no preset: billing gives it no external_id",
                "preset 392 is used by no offer",
                "preset 393 has no tariff, and offers use it: gone",
                "organization 753 does not have preset 393, and offers use it: gone",
                "preset 394: its tariff is Archived, and offers use it: old",
                "preset 395 is deleted at Watcher",
                "preset 396 has no tariff",
                "preset 396 is used by no offer",
                "preset 549, used by trap, is billing's id of a tariff: its preset is 392",
                "organization 753 does not have preset 549, and offers use it: trap",
                "billing gives organization 753 the preset 392, which it does not have at Watcher",
                "offer none: its cloud grant has no preset_id",
            ],
        );
    }

    #[test]
    fn another_default_than_the_settings() {
        let other = Sides { default_preset: PresetId(394), ..sides(Vec::new(), &[391], &[], Vec::new()) };
        check(
            &Sides { tariffs: None, ..other },
            &["the default preset is 391, and default_preset_id of the settings is 394"],
        );
        let none = Sides { tariffs: None, ..sides(Vec::new(), &[], &[], Vec::new()) };
        check(&none, &["no preset is said to be the default one"]);
    }
}
