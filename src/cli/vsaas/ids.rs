//! Ids that an operator gives: whether there is such a thing, and if not, whether it is the same thing's id in
//! the other system. Leaves what is done with it to the commands.

use super::super::Failure;
use super::systems::Systems;
use super::told;
use crate::ids::vsaas::{OrganizationBillingId, OrganizationId, TariffId};
use crate::providers::{billing, watcher};

/// The organization of that id in billing.
pub(super) async fn billed(
    systems: &Systems,
    id: OrganizationBillingId,
) -> Result<billing::Organization, Failure> {
    let all = systems.billing()?.organizations(Systems::deadline()).await?;
    let of_watcher = all.iter().find(|of| of.watcher_id == Some(OrganizationId(id.0))).map(|of| of.id);
    let wanted = |of: &billing::Organization| of.id == id;
    match (all.into_iter().find(wanted), of_watcher) {
        (Some(found), _) => Ok(found),
        (None, Some(right)) => {
            Err(told(&format!("{id} is Watcher's id of that organization: billing's is {right}, give that")))
        }
        (None, None) => Err(told(&format!("billing has no organization {id}"))),
    }
}

/// The organization of that id at Watcher, among all there are.
pub(super) async fn watched(
    systems: &Systems,
    all: &[watcher::Organization],
    id: OrganizationId,
) -> Result<watcher::Organization, Failure> {
    if let Some(found) = all.iter().find(|of| of.id == id) {
        return Ok(found.clone());
    }
    let billed = match systems.any_billing() {
        Some(billing) => billing.organizations(Systems::deadline()).await?,
        None => Vec::new(),
    };
    let same = billed.iter().find(|of| of.id == OrganizationBillingId(id.0)).and_then(|of| of.watcher_id);
    Err(match same {
        Some(right) => {
            told(&format!("{id} is billing's id of that organization: Watcher's is {right}, give that"))
        }
        None => told(&format!("Watcher has no organization {id}")),
    })
}

/// The organization that is given, or else the settings'; `None` where neither names one.
pub(super) async fn given(
    systems: &Systems,
    id: Option<OrganizationId>,
) -> Result<Option<watcher::Organization>, Failure> {
    let Some(id) = id.or(systems.settings.organization_id) else { return Ok(None) };
    let all = systems.watcher.organizations(Systems::deadline()).await?;
    watched(systems, &all, id).await.map(Some)
}

/// Refuses what is no tariff, and says which one is meant where a preset's id was given.
pub(super) async fn check_tariffs(systems: &Systems, ids: &[TariffId]) -> Result<(), Failure> {
    if ids.is_empty() {
        return Ok(());
    }
    let all = systems.billing()?.tariffs(Systems::deadline()).await?;
    let is_known = |id: &&TariffId| all.iter().any(|tariff| tariff.id == **id);
    let Some(id) = ids.iter().find(|id| !is_known(id)) else { return Ok(()) };
    let of_preset = all.iter().find(|tariff| tariff.preset_id.is_some_and(|preset| preset.0 == id.0));
    Err(match of_preset {
        Some(tariff) => {
            let right = tariff.id;
            told(&format!("{id} is Watcher's id of the preset of tariff {right}: give billing's, {right}"))
        }
        None => told(&format!("billing has no tariff {id}")),
    })
}
