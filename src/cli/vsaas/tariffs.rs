//! `vsaas tariffs`: billing's tariffs, Watcher's presets and our offers side by side, with what does not line
//! up between them. Reads all three; leaves the comparing to `compare` and `findings`.

mod compare;
mod findings;

use serde_json::{Value, json};

use super::super::{Ended, Failure, Global};
use super::systems::Systems;
use super::{ids, short};
use crate::catalog::Catalog;
use crate::cli::table::columns;
use crate::config::Config;
use crate::ids::visible;
use crate::ids::vsaas::{OrganizationId, PresetId};
use crate::providers::billing::Organization;
use compare::{Compared, Has, Sides, Use};

/// Without an organization that all subscribers share, so many are asked for their presets.
const ORGANIZATIONS_MAX: usize = 50;

pub(super) async fn run(global: &Global, config: &Config, systems: &Systems) -> Ended {
    let catalog = Catalog::load(&config.catalog, &config.providers, config.carrier.renewal_grace_days)?;
    let sides = sides(systems, &catalog).await?;
    let compared = compare::compare(&sides);
    if global.json {
        let rows: Vec<Value> = compared.rows.iter().map(|row| json!(row)).collect();
        super::super::print(&format!("{:#}\n", json!({ "tariffs": rows, "findings": compared.findings })));
        return Ok(());
    }
    super::super::print(&text(&compared));
    Ok(())
}

fn text(compared: &Compared) -> String {
    let heading =
        ["tariff_id", "tariff", "price", "status", "preset_id", "preset", "days", "default", "offers"];
    let row = |row: &compare::Row| {
        let row = json!(row);
        heading.iter().map(|key| short(&row[*key])).collect()
    };
    let mut text = columns(&heading, &compared.rows.iter().map(row).collect::<Vec<_>>());
    for finding in &compared.findings {
        text += &format!("! {}\n", visible::one_line(finding));
    }
    if compared.findings.is_empty() {
        text += "all of them line up\n";
    }
    text
}

async fn sides(systems: &Systems, catalog: &Catalog) -> Result<Sides, Failure> {
    let (tariffs, billed) = match systems.any_billing() {
        Some(billing) => (
            Some(billing.tariffs(Systems::deadline()).await?),
            billing.organizations(Systems::deadline()).await?,
        ),
        None => (None, Vec::new()),
    };
    let (organizations, unasked) = organizations(systems, &billed).await?;
    Ok(Sides {
        tariffs,
        organizations,
        unasked,
        shared: systems.settings.organization_id,
        default_preset: systems.settings.default_preset_id,
        uses: uses(catalog, &systems.name),
    })
}

/// What presets the shared organization has, and the default one; without a shared one, those of as many as are
/// asked, and how many are not.
async fn organizations(systems: &Systems, billed: &[Organization]) -> Result<(Vec<Has>, usize), Failure> {
    let all = systems.watcher.organizations(Systems::deadline()).await?;
    let shared = match systems.settings.organization_id {
        Some(id) => Some(ids::watched(systems, &all, id).await?.id),
        None => None,
    };
    let wanted: Vec<_> =
        all.iter().filter(|of| of.is_default || shared.is_none_or(|id| id == of.id)).collect();
    let mut organizations = Vec::new();
    for of in wanted.iter().take(ORGANIZATIONS_MAX) {
        let presets = systems.watcher.presets(of.id, Systems::deadline()).await?;
        organizations.push(Has { id: of.id, presets, owed: owed(billed, of.id) });
    }
    Ok((organizations, wanted.len().saturating_sub(ORGANIZATIONS_MAX)))
}

/// The presets of the tariffs that billing says an organization has.
fn owed(billed: &[Organization], id: OrganizationId) -> Vec<PresetId> {
    let of = billed.iter().filter(|of| of.watcher_id == Some(id));
    of.flat_map(|of| &of.tariff_plans).filter_map(|tariff| tariff.preset_id).collect()
}

/// Which presets the offers' grants of this provider set.
fn uses(catalog: &Catalog, provider: &str) -> Vec<Use> {
    let mut uses = Vec::new();
    for offer in catalog.offers() {
        for grant in offer.grants.iter().filter(|grant| grant.provider == provider) {
            let preset = grant.settings.get("preset_id").and_then(Value::as_i64).map(PresetId);
            uses.push(Use { offer: offer.id.clone(), kind: grant.kind, preset });
        }
    }
    uses
}
