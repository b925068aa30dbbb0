//! The organization that a subscriber's cameras are in: the one that all share, or one of their own, which is
//! made in billing with the tariff of the preset. A title proves nothing: only what billing says is our owner's
//! is used. Two workers that make one at the same time look again afterwards; both keep the older, and whoever
//! sees an empty younger one deletes it.

use std::collections::HashSet;

use tokio::time::{Instant, timeout_at};

use super::directory::Named;
use super::{Keeper, in_doubt};
use crate::ids::vsaas::{OrganizationId, PresetId, TariffId};
use crate::providers::billing::{self, NewOrganization};
use crate::providers::rest::Call;
use crate::providers::watcher::{Organization, Page, names};
use crate::providers::{Fault, Why};
use crate::service::wanted::Owner;

pub(super) fn organizations() -> Call {
    Call::get("/organizations")
}

impl Named for Organization {
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

impl Maker {
    /// Whether an organization is our owner's; `None` where billing does not tell.
    fn owns(&self, known: &billing::Organization) -> Option<bool> {
        let email = known.owner.as_ref()?.email.as_deref()?.trim();
        Some(self.owner.as_deref().is_some_and(|owner| owner.trim().eq_ignore_ascii_case(email)))
    }
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
        let title = self.title(owner);
        let mut ours = self.titled(&title, deadline).await?;
        if ours.as_ref().is_some_and(Vec::is_empty) {
            // One page was looked at, that of somebody else's: ours may be on another.
            self.organizations.forget(deadline).await?;
            ours = self.titled(&title, deadline).await?;
        }
        let ours = ours.unwrap_or_default();
        self.delete_empty(ours.get(1..).unwrap_or_default(), deadline).await?;
        Ok(ours.first().map(|organization| organization.id))
    }

    /// The title of a subscriber's own organization.
    #[must_use]
    pub fn title(&self, owner: &Owner) -> String {
        names::title(owner, &self.settings.login_domain)
    }

    /// Those of a title that are ours, the oldest first; `None` where there is none of that title at all.
    async fn titled(&self, title: &str, deadline: Instant) -> Result<Option<Vec<Organization>>, Fault> {
        let mut found: Vec<Organization> = self.organizations.find(&self.client, &[title], deadline).await?;
        if found.is_empty() {
            return Ok(None);
        }
        let late = |_| Fault::Again { why: Why::new("billing: its list was still being read"), after: None };
        let mut ours = timeout_at(deadline, self.ours.lock()).await.map_err(late)?;
        if found.iter().any(|organization| !ours.contains_key(&organization.id)) {
            // Added to what is known: one that was just made may not be listed yet.
            ours.extend(self.owned(deadline).await?);
        }
        found.retain(|organization| ours.get(&organization.id) == Some(&true));
        Ok(Some(found))
    }

    /// All organizations that billing says are those of our owner, or of which it names no owner.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn own_organizations(&self, deadline: Instant) -> Result<HashSet<OrganizationId>, Fault> {
        let all = self.owned(deadline).await?;
        Ok(all.into_iter().filter(|(_, is_ours)| *is_ours).map(|(id, _)| id).collect())
    }

    async fn owned(&self, deadline: Instant) -> Result<Vec<(OrganizationId, bool)>, Fault> {
        let maker = self.maker()?;
        let all = maker.client.organizations(deadline).await?;
        let row =
            |known: &billing::Organization| Some((known.watcher_id?, maker.owns(known).unwrap_or(true)));
        Ok(all.iter().filter_map(row).collect())
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
        let new = NewOrganization { title: &self.title(owner), owner: email, tariffs: tariff.as_slice() };
        let made = client.create_organization(new, deadline).await;
        self.organizations.forget(deadline).await.map_err(in_doubt)?;
        self.ours.lock().await.extend(made?.watcher_id.map(|id| (id, true)));
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
        self.client.page(organizations(), offset, deadline).await
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

    /// Organizations that were made twice, and of which nobody has made use; of these only what is certainly
    /// ours.
    async fn delete_empty(&self, younger: &[Organization], deadline: Instant) -> Result<(), Fault> {
        let is_empty = |twin: &&Organization| twin.camera_count == Some(0);
        let empty: Vec<OrganizationId> = younger.iter().filter(is_empty).map(|twin| twin.id).collect();
        if empty.is_empty() {
            return Ok(());
        }
        let maker = self.maker()?;
        for known in maker.client.organizations(deadline).await? {
            let is_twin = known.watcher_id.is_some_and(|id| empty.contains(&id));
            if !is_twin || maker.owns(&known) != Some(true) {
                continue;
            }
            match maker.client.delete_organization(known.id, deadline).await {
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
