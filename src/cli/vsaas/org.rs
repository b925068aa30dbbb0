//! `vsaas org`: organizations, which billing makes, changes and deletes in both systems at once. Where the settings
//! have no billing, Watcher does all of that by itself (`direct`), by its own ids, and presets are what billing calls
//! tariffs.

mod direct;

use clap::Subcommand;
use clap::error::ErrorKind;
use serde_json::{Value, json};

use super::super::{Ended, Failure, Global, wrong_usage};
use super::systems::Systems;
use super::{ids, print_table, told};
use crate::ids::vsaas::{OrganizationBillingId, OrganizationId, TariffId};
use crate::providers::billing::{NewOrganization, Organization};
use crate::providers::{Fault, watcher};

#[derive(Debug, Subcommand)]
pub(super) enum Org {
    /// All of them, with their id in either system
    List,
    /// Make one with these tariffs and the default one
    Create {
        /// Its title; no other may have it
        title: String,
        /// Who owns it; billing.owner of the settings where it is left out
        #[arg(long, value_name = "EMAIL")]
        owner: Option<String>,
        /// A tariff, by billing's id; without billing a preset, by Watcher's; may be given again
        #[arg(long = "tariff", value_name = "ID")]
        tariffs: Vec<TariffId>,
    },
    /// Replace its tariffs by these; the default one stays in any case
    Tariffs {
        /// The organization, by billing's id; without billing by Watcher's
        org: OrganizationBillingId,
        /// All tariffs that it is to have, by billing's ids; without billing presets, by Watcher's
        tariffs: Vec<TariffId>,
    },
    /// Delete one from both systems
    Delete {
        /// The organization, by billing's id; without billing by Watcher's
        org: OrganizationBillingId,
    },
}

pub(super) async fn run(global: &Global, systems: &Systems, command: Org) -> Ended {
    match command {
        Org::List => list(global, systems).await,
        Org::Create { title, owner, tariffs } if systems.any_billing().is_none() => {
            direct::create(systems, &title, owner.as_deref(), &direct::presets(&tariffs)).await
        }
        Org::Tariffs { org, tariffs } if systems.any_billing().is_none() => {
            direct::set_presets(systems, OrganizationId(org.0), &direct::presets(&tariffs)).await
        }
        Org::Delete { org } if systems.any_billing().is_none() => {
            direct::delete(systems, OrganizationId(org.0)).await
        }
        Org::Create { title, owner, tariffs } => create(systems, &title, owner.as_deref(), &tariffs).await,
        Org::Tariffs { org, tariffs } => set_tariffs(systems, org, &tariffs).await,
        Org::Delete { org } => delete(systems, org).await,
    }
}

/// Both systems' lists side by side: the default organization is not in billing's.
async fn list(global: &Global, systems: &Systems) -> Ended {
    let mut watched = systems.watcher.organizations(Systems::deadline()).await?;
    watched.sort_by_key(|of| of.id);
    let billed = match systems.any_billing() {
        Some(billing) => billing.organizations(Systems::deadline()).await?,
        None => Vec::new(),
    };
    let same = |of: &watcher::Organization| billed.iter().find(|billed| billed.watcher_id == Some(of.id));
    let mut rows: Vec<Value> = watched.iter().map(|of| row(same(of), Some(of))).collect();
    let is_watched = |of: &&Organization| watched.iter().any(|other| of.watcher_id == Some(other.id));
    rows.extend(billed.iter().filter(|of| !is_watched(of)).map(|of| row(Some(of), None)));
    let heading = ["billing_id", "watcher_id", "title", "owner", "default", "tariffs", "cameras", "users"];
    if !global.json {
        rows.iter_mut().for_each(with_limits);
    }
    print_table(global, "organizations", &heading, rows);
    if !global.json {
        watched.iter().flat_map(scarce).for_each(|line| super::super::print(&format!("{line}\n")));
    }
    Ok(())
}

fn row(billed: Option<&Organization>, watched: Option<&watcher::Organization>) -> Value {
    let title = watched.map(|of| of.title.as_str()).or(billed.and_then(|of| of.title.as_deref()));
    json!({
        "billing_id": billed.map(|of| of.id),
        "watcher_id": watched.map(|of| of.id).or(billed.and_then(|of| of.watcher_id)),
        "title": title,
        "owner": billed.and_then(|of| of.owner.as_ref()).and_then(|owner| owner.email.as_deref()),
        "default": watched.map(|of| of.is_default),
        "tariffs": billed.map(tariffs_of).unwrap_or_default(),
        "cameras": watched.and_then(|of| of.camera_count),
        "camera_limit": watched.and_then(|of| of.camera_limit),
        "users": watched.and_then(|of| of.user_count),
        "user_limit": watched.and_then(|of| of.user_limit),
        "dvr_limit": watched.and_then(|of| of.dvr_limit),
        "max_sessions": watched.and_then(|of| of.max_sessions),
    })
}

/// Has a row say of what is limited how many there may be, as a person reads it.
fn with_limits(row: &mut Value) {
    for (of, limit) in [("cameras", "camera_limit"), ("users", "user_limit")] {
        if let (Some(used), Some(limit @ 1..)) = (row[of].as_u64(), row[limit].as_u64()) {
            row[of] = json!(format!("{used} of {limit}"));
        }
    }
}

/// What of an organization is nearly used up, on a line of its own.
fn scarce(of: &watcher::Organization) -> impl Iterator<Item = String> {
    let (id, rooms) = (of.id, of.rooms().filter(watcher::Room::is_scarce).collect::<Vec<_>>());
    rooms.into_iter().map(move |room| {
        let word = if room.is_full() { "is full" } else { "is nearly full" };
        format!("! organization {id} {word}: {room}")
    })
}

fn tariffs_of(of: &Organization) -> Vec<TariffId> {
    of.tariff_plans.iter().map(|tariff| tariff.id).collect()
}

async fn create(systems: &Systems, title: &str, owner: Option<&str>, tariffs: &[TariffId]) -> Ended {
    let Some(owner) = owner.or(systems.owner()) else {
        wrong_usage(
            ErrorKind::MissingRequiredArgument,
            "--owner is needed: the settings name no billing.owner",
        );
    };
    let billing = systems.billing()?;
    ids::check_tariffs(systems, tariffs).await?;
    // Billing would make a second one of that title, which is what a repeat after a lost answer would do.
    let all = billing.organizations(Systems::deadline()).await?;
    if let Some(there) = all.iter().find(|of| of.title.as_deref() == Some(title)) {
        return Err(told(&format!("there is an organization of that title already: {}", both_ids(there))));
    }
    let new = NewOrganization { title, owner, tariffs };
    let made = billing.create_organization(new, Systems::deadline()).await.map_err(unsure)?;
    let tariffs = spaced(&tariffs_of(&made));
    super::super::say(format!("made organization {}, with the tariffs {tariffs}", both_ids(&made)));
    Ok(())
}

fn both_ids(of: &Organization) -> String {
    let watcher = of.watcher_id.map_or_else(|| "not known yet".to_owned(), |id| id.to_string());
    format!("{} (at Watcher {watcher})", of.id)
}

fn spaced(tariffs: &[TariffId]) -> String {
    tariffs.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

async fn set_tariffs(systems: &Systems, org: OrganizationBillingId, tariffs: &[TariffId]) -> Ended {
    let before = ids::billed(systems, org).await?;
    ids::check_tariffs(systems, tariffs).await?;
    let after = systems.billing()?.set_tariffs(org, tariffs, Systems::deadline()).await?;
    let (before, after) = (spaced(&tariffs_of(&before)), spaced(&tariffs_of(&after)));
    super::super::say(format!("organization {org} has the tariffs {after}; it had {before}"));
    Ok(())
}

async fn delete(systems: &Systems, org: OrganizationBillingId) -> Ended {
    let there = ids::billed(systems, org).await?;
    if let Some(name) = there.watcher_id.and_then(|id| named_by_settings(systems, id)) {
        let what = format!("organization {} is the settings' {name}: change that first", both_ids(&there));
        return Err(told(&what));
    }
    match systems.billing()?.delete_organization(org, Systems::deadline()).await.map_err(unsure) {
        Ok(()) => super::super::say(format!("deleted organization {}", both_ids(&there))),
        Err(failure) => return Err(failure),
    }
    Ok(())
}

/// Which of the settings names an organization, if one does.
fn named_by_settings(systems: &Systems, id: OrganizationId) -> Option<&'static str> {
    let settings = &systems.settings;
    let names = [
        ("organization_id", settings.organization_id),
        ("default_organization_id", settings.default_organization_id),
    ];
    names.into_iter().find_map(|(name, of)| (of == Some(id)).then_some(name))
}

/// Of what must not be done twice, or need not, an operator is told to look.
fn unsure(fault: Fault) -> Failure {
    match fault {
        Fault::Unsure(why) => told(&format!("{why}; it may have been done: see `vsaas org list`")),
        other => other.into(),
    }
}
