//! The organization that a subscriber's cameras are in: the one that all share, or one of their own, which is
//! made in billing with the tariff of the preset. Two workers that make one at the same time look again
//! afterwards; both keep the older, and whoever sees an empty younger one deletes it.

use tokio::time::Instant;

use super::directory::Named;
use super::{Keeper, in_doubt};
use crate::ids::vsaas::{OrganizationId, PresetId, TariffId};
use crate::providers::billing::{self, NewOrganization};
use crate::providers::rest::Call;
use crate::providers::watcher::{Organization, Page};
use crate::providers::{Fault, Why};
use crate::service::wanted::Owner;

impl Named for Organization {
    fn list() -> Call {
        Call::get("/organizations")
    }

    fn id(&self) -> i64 {
        self.id.0
    }

    fn names(&self) -> Vec<String> {
        vec![self.title.clone()]
    }
}

/// What makes organizations: billing, and who is to own them.
pub(super) struct Maker {
    pub(super) client: billing::Client,
    pub(super) owner: Option<String>,
}

impl Keeper {
    /// The organization that a subscriber has, if any.
    ///
    /// # Errors
    /// As for all of these: [`Fault`].
    pub(super) async fn home(
        &self,
        owner: &Owner,
        deadline: Instant,
    ) -> Result<Option<OrganizationId>, Fault> {
        if let Some(shared) = self.settings.organization_id {
            return Ok(Some(shared));
        }
        let found = self.organizations.find(&self.client, &[owner.in_full()], deadline).await?;
        self.delete_empty(found.get(1..).unwrap_or_default(), deadline).await?;
        Ok(found.first().map(|organization: &Organization| organization.id))
    }

    /// The same, made where there is none, with the tariff of `preset`.
    pub(super) async fn ensure_home(
        &self,
        owner: &Owner,
        preset: Option<PresetId>,
        deadline: Instant,
    ) -> Result<OrganizationId, Fault> {
        if let Some(home) = self.home(owner, deadline).await? {
            return Ok(home);
        }
        let Maker { client, owner: Some(email) } = self.maker()? else {
            return Err(Fault::Never(Why::new("billing has no owner for organizations (billing.owner)")));
        };
        let tariff = match preset.filter(|preset| *preset != self.settings.default_preset_id) {
            Some(preset) => Some(self.tariff(preset, deadline).await?),
            None => None,
        };
        let new = NewOrganization { title: owner.in_full(), owner: email, tariffs: tariff.as_slice() };
        let made = client.create_organization(new, deadline).await;
        self.organizations.forget(deadline).await.map_err(in_doubt)?;
        made?;
        let home = self.home(owner, deadline).await.map_err(in_doubt)?;
        home.ok_or_else(|| Fault::Unsure(Why::new("an organization was made and does not show yet")))
    }

    /// Lets an organization's cameras have a preset: its tariff is added to those that it has. Where that
    /// cannot be done, what Watcher itself says to the preset counts; then it is told why it may refuse it.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn ensure_preset(
        &self,
        home: OrganizationId,
        preset: PresetId,
        deadline: Instant,
    ) -> Result<Option<String>, Fault> {
        // Each reads, adds and puts: two at once would undo one another.
        let _turn = self.tariffs_turn.lock().await;
        if self.client.presets(home, deadline).await?.iter().any(|known| known.id == preset) {
            return Ok(None);
        }
        let Some(Maker { client, .. }) = &self.billing else {
            let text = "the organization does not list the offer's preset: give it the tariff in billing";
            return Ok(Some(text.to_owned()));
        };
        let tariff = match self.tariff(preset, deadline).await {
            Err(Fault::Never(why)) => return Ok(Some(why.text)),
            tariff => tariff?,
        };
        let all = client.organizations(deadline).await?;
        let Some(known) = all.into_iter().find(|known| known.watcher_id == Some(home)) else {
            return Ok(Some("billing knows no organization of that external_id".to_owned()));
        };
        let mut tariffs: Vec<TariffId> = known.tariff_plans.iter().map(|plan| plan.id).collect();
        if !tariffs.contains(&tariff) {
            tariffs.push(tariff);
            client.set_tariffs(known.id, &tariffs, deadline).await?;
        }
        Ok(None)
    }

    /// A page of all organizations, from `offset` on.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn organizations_page(
        &self,
        offset: usize,
        deadline: Instant,
    ) -> Result<Page<Organization>, Fault> {
        self.client.page(Organization::list(), offset, deadline).await
    }

    /// The organization that new users land in.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn default_organization(&self, deadline: Instant) -> Result<Option<OrganizationId>, Fault> {
        if let Some(given) = self.settings.default_organization_id {
            return Ok(Some(given));
        }
        let mut known = self.default_organization.lock().await;
        if known.is_none() {
            let all = self.client.organizations(deadline).await?;
            *known = all.into_iter().find(|one| one.is_default).map(|one| one.id);
        }
        Ok(*known)
    }

    /// Billing's tariff for one of Watcher's presets: they know it by different ids.
    async fn tariff(&self, preset: PresetId, deadline: Instant) -> Result<TariffId, Fault> {
        let tariffs = self.maker()?.client.tariffs(deadline).await?;
        let found = tariffs.into_iter().find(|tariff| tariff.preset_id == Some(preset));
        found.map(|tariff| tariff.id).ok_or_else(|| {
            Fault::Never(Why::new(format!("billing has no tariff whose external_id is preset {preset}")))
        })
    }

    /// Organizations that were made twice, and of which nobody has made use.
    async fn delete_empty(&self, younger: &[Organization], deadline: Instant) -> Result<(), Fault> {
        let mut empty: Vec<OrganizationId> = Vec::new();
        for twin in younger.iter().filter(|twin| twin.camera_count == Some(0)) {
            empty.push(twin.id);
        }
        if empty.is_empty() || self.billing.is_none() {
            return Ok(());
        }
        let client = &self.maker()?.client;
        let all = client.organizations(deadline).await?;
        for twin in empty {
            let Some(known) = all.iter().find(|known| known.watcher_id == Some(twin)) else { continue };
            match client.delete_organization(known.id, deadline).await {
                Ok(()) | Err(Fault::NotThere(_)) => {}
                Err(fault) => return Err(fault),
            }
        }
        self.organizations.forget(deadline).await
    }

    fn maker(&self) -> Result<&Maker, Fault> {
        let missing =
            || Fault::Never(Why::new("organizations are made in billing, and there is no [...billing]"));
        self.billing.as_ref().ok_or_else(missing)
    }
}
