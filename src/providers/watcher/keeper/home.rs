//! The organization that a subscriber's cameras are in: the one that all share, or one of their own, which is
//! made in billing with the tariff of the preset, or by Watcher itself where no billing manages it. A title proves
//! nothing where billing says whose an organization is: only what is our owner's is used. Without billing nobody
//! says so, and one of exactly a subscriber's title is the subscriber's. Two workers that make one at the same time
//! look again afterwards; both keep the older, and the younger is deleted while it is empty: by whoever sees it where
//! billing says that it is ours, else by whoever has just made it.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Keeper, in_doubt, never};
use crate::ids::vsaas::{OrganizationId, PresetId, TariffId};
use crate::providers::billing::{self, NewOrganization};
use crate::providers::watcher::{Organization, names};
use crate::providers::{Fault, Why};
use crate::service::wanted::Owner;

/// For so long it is remembered that there is no default organization.
const NO_DEFAULT: Duration = Duration::from_secs(600);

/// For so long an organization that was made and does not show is not made again.
const UNSEEN: Duration = Duration::from_secs(3600);

/// Of so many it is remembered.
const UNSEEN_MAX: usize = 10_000;

fn unseen() -> Fault {
    Fault::Unsure(Why::of_one("an organization was made and does not show yet"))
}

/// What makes organizations: billing, and who is to own them.
pub(super) struct Maker {
    pub(super) client: billing::Client,
    pub(super) owner: Option<String>,
    /// Organizations, and whether they are ours.
    known: Mutex<HashMap<OrganizationId, bool>>,
    /// Billing gives all of them at once: one look at a time.
    turn: tokio::sync::Mutex<()>,
}

/// A subscriber's organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Home {
    pub(super) id: OrganizationId,
    /// The preset that it was just given beside the default one.
    pub(super) preset: Option<PresetId>,
    /// Whether it was just made.
    pub(super) is_new: bool,
}

impl Home {
    /// Whether it is known to have a preset.
    pub(super) fn has(self, preset: PresetId) -> bool {
        self.preset == Some(preset)
    }

    fn found(id: OrganizationId) -> Self {
        Self { id, preset: None, is_new: false }
    }
}

impl Maker {
    pub(super) fn new(client: billing::Client, owner: Option<String>) -> Self {
        Self { client, owner, known: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Whether an organization is our owner's; `None` where billing does not tell.
    fn owns(&self, known: &billing::Organization) -> Option<bool> {
        let email = known.owner.as_ref()?.email.as_deref()?.trim();
        Some(self.owner.as_deref().is_some_and(|owner| owner.trim().eq_ignore_ascii_case(email)))
    }

    fn is_ours(&self, id: OrganizationId) -> Option<bool> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    /// Added to what is known: one that was just made may not be listed yet.
    fn learn(&self, rows: impl IntoIterator<Item = (OrganizationId, bool)>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).extend(rows);
    }

    /// All organizations of billing's, by Watcher's ids; those of which it names no owner are ours.
    async fn owned(&self, deadline: Instant) -> Result<Vec<(OrganizationId, bool)>, Fault> {
        let all = self.client.organizations(deadline).await?;
        let row = |known: &billing::Organization| Some((known.watcher_id?, self.owns(known).unwrap_or(true)));
        Ok(all.iter().filter_map(row).collect())
    }

    async fn keep_ours(&self, found: &mut Vec<Organization>, deadline: Instant) -> Result<(), Fault> {
        let is_unknown = |found: &[Organization]| found.iter().any(|one| self.is_ours(one.id).is_none());
        if is_unknown(found) {
            let late =
                |_| Fault::Again { why: Why::new("billing: its list was still being read"), after: None };
            let _turn = timeout_at(deadline, self.turn.lock()).await.map_err(late)?;
            if is_unknown(found) {
                self.learn(self.owned(deadline).await?);
            }
        }
        found.retain(|one| self.is_ours(one.id) == Some(true));
        Ok(())
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
        let ours = self.titled(owner, deadline).await?;
        self.delete_empty(ours.get(1..).unwrap_or_default(), deadline).await?;
        Ok(ours.first().map(|organization| organization.id))
    }

    /// The title of a subscriber's own organization.
    pub(super) fn title(&self, owner: &Owner) -> String {
        names::title(owner, &self.settings.login_domain)
    }

    /// Those of a subscriber's title that are ours, the oldest first.
    async fn titled(&self, owner: &Owner, deadline: Instant) -> Result<Vec<Organization>, Fault> {
        let is_known = |of: &Organization| match &self.billing {
            Some(maker) => maker.is_ours(of.id) == Some(true),
            None => !of.is_default,
        };
        let mut found = self.client.organizations_titled(&self.title(owner), is_known, deadline).await?;
        match &self.billing {
            Some(maker) => maker.keep_ours(&mut found, deadline).await?,
            None => found.retain(|of| !of.is_default),
        }
        found.sort_by_key(|of| of.id);
        Ok(found)
    }

    /// All organizations that billing says are those of our owner, or of which it names no owner; `None` without billing,
    /// where nobody says so.
    ///
    /// # Errors
    /// [`Fault`].
    pub(super) async fn own_organizations(
        &self,
        deadline: Instant,
    ) -> Result<Option<HashSet<OrganizationId>>, Fault> {
        let Some(maker) = &self.billing else { return Ok(None) };
        let all = maker.owned(deadline).await?;
        Ok(Some(all.into_iter().filter(|(_, is_ours)| *is_ours).map(|(id, _)| id).collect()))
    }

    /// What [`home`](Self::home) found, made where that is none, with `preset`.
    pub(super) async fn ensure_home(
        &self,
        owner: &Owner,
        found: Option<OrganizationId>,
        preset: Option<PresetId>,
        deadline: Instant,
    ) -> Result<Home, Fault> {
        let title = self.title(owner);
        if let Some(home) = found {
            self.unseen.lock().await.remove(&title);
            return Ok(Home::found(home));
        }
        if self.unseen.lock().await.get(&title).is_some_and(|until| *until > Instant::now()) {
            // Another would be made each time.
            return Err(unseen());
        }
        let preset = preset.filter(|preset| *preset != self.settings.default_preset_id);
        let made = match &self.billing {
            Some(maker) => self.make_in_billing(maker, owner, preset, deadline).await?,
            None => Some(self.make_at_watcher(owner, preset, deadline).await?),
        };
        let ours = self.titled(owner, deadline).await.map_err(in_doubt)?;
        let Some(oldest) = ours.first() else {
            self.remember_unseen(title).await;
            return Err(unseen());
        };
        match (&self.billing, made) {
            (_, Some(made)) if made == oldest.id => {
                self.delete_empty(&ours[1..], deadline).await.map_err(in_doubt)?;
                return Ok(Home { id: made, preset, is_new: true });
            }
            (None, Some(made)) => match self.client.delete_organization(made, deadline).await {
                Ok(()) | Err(Fault::NotThere(_) | Fault::Never(_)) => {}
                Err(fault) => return Err(in_doubt(fault)),
            },
            _ => self.delete_empty(&ours[1..], deadline).await.map_err(in_doubt)?,
        }
        Ok(Home::found(oldest.id))
    }

    async fn remember_unseen(&self, title: String) {
        let mut all = self.unseen.lock().await;
        all.retain(|_, until| *until > Instant::now());
        if all.len() < UNSEEN_MAX {
            all.insert(title, Instant::now() + UNSEEN);
        }
    }

    async fn make_in_billing(
        &self,
        maker: &Maker,
        owner: &Owner,
        preset: Option<PresetId>,
        deadline: Instant,
    ) -> Result<Option<OrganizationId>, Fault> {
        let Some(email) = maker.owner.as_deref() else {
            return Err(never("billing has no owner for organizations (billing.owner)"));
        };
        let tariff = match preset {
            Some(preset) => Some(self.tariff(maker, preset, deadline).await?),
            None => None,
        };
        let new = NewOrganization { title: &self.title(owner), owner: email, tariffs: tariff.as_slice() };
        let made = maker.client.create_organization(new, deadline).await;
        if made.is_err() {
            // One that billing has no more may be why.
            self.tariffs.lock().await.clear();
        }
        let made = made?.watcher_id;
        maker.learn(made.map(|id| (id, true)));
        Ok(made)
    }

    async fn make_at_watcher(
        &self,
        owner: &Owner,
        preset: Option<PresetId>,
        deadline: Instant,
    ) -> Result<OrganizationId, Fault> {
        let made = self.client.create_organization(&self.title(owner), deadline).await?.id;
        if let Some(preset) = preset {
            self.client.give_preset(made, preset, deadline).await.map_err(in_doubt)?;
        }
        Ok(made)
    }

    /// Lets an organization's cameras have a preset: in billing its tariff is added to those that it has; without
    /// billing Watcher is asked. Where that cannot be done, what Watcher itself says to the preset counts; then it is told
    /// why it may refuse it.
    ///
    /// # Errors
    /// [`Fault`].
    pub(super) async fn ensure_preset(
        &self,
        home: OrganizationId,
        preset: PresetId,
        deadline: Instant,
    ) -> Result<Option<String>, Fault> {
        if self.given.has(home, preset) || self.has_preset(home, preset, deadline).await? {
            return Ok(None);
        }
        let Some(maker) = &self.billing else {
            return match self.client.give_preset(home, preset, deadline).await {
                Ok(()) => Ok(None),
                Err(Fault::Never(why)) => {
                    let text =
                        "the organization does not list the offer's preset: give it the tariff in billing";
                    Ok(Some(format!("{text} ({})", why.text)))
                }
                Err(fault) => Err(fault),
            };
        };
        let tariff = match self.tariff(maker, preset, deadline).await {
            Err(Fault::Never(why)) => return Ok(Some(why.text)),
            tariff => tariff?,
        };
        // Each reads, adds and puts: two at once would undo one another.
        let late =
            |_| Fault::Again { why: Why::new("billing: other tariffs were still being added"), after: None };
        let _turn = timeout_at(deadline, self.tariffs_turn.lock()).await.map_err(late)?;
        let all = maker.client.organizations(deadline).await?;
        let Some(known) = all.into_iter().find(|known| known.watcher_id == Some(home)) else {
            return Ok(Some("billing knows no organization of that external_id".to_owned()));
        };
        let mut tariffs: Vec<TariffId> = known.tariff_plans.iter().map(|plan| plan.id).collect();
        if !tariffs.contains(&tariff) {
            if !known.are_tariffs_whole {
                // The list that is put replaces the one there is: what is not in it is taken from other cameras.
                let text =
                    "billing does not say readably which tariffs the organization has, so none was added";
                return Ok(Some(text.to_owned()));
            }
            tariffs.push(tariff);
            maker.client.set_tariffs(known.id, &tariffs, deadline).await?;
        }
        Ok(None)
    }

    /// Whether an organization's cameras may have a preset, by Watcher now.
    ///
    /// # Errors
    /// [`Fault`].
    pub(super) async fn has_preset(
        &self,
        home: OrganizationId,
        preset: PresetId,
        deadline: Instant,
    ) -> Result<bool, Fault> {
        let has = self.client.presets(home, deadline).await?.iter().any(|known| known.id == preset);
        self.given.seen(home, preset, has);
        Ok(has)
    }

    /// The organization that new users and cameras land in. It is one of the oldest, so that looking it up ends soon.
    ///
    /// # Errors
    /// [`Fault`].
    pub(super) async fn default_organization(
        &self,
        deadline: Instant,
    ) -> Result<Option<OrganizationId>, Fault> {
        if let Some(given) = self.settings.default_organization_id {
            return Ok(Some(given));
        }
        let mut known = self.default_organization.lock().await;
        match *known {
            Some((_, Some(id))) => return Ok(Some(id)),
            Some((at, None)) if at.elapsed() < NO_DEFAULT => return Ok(None),
            _ => {}
        }
        let found = self.client.find_organization(|one| one.is_default, deadline).await?.map(|one| one.id);
        *known = Some((Instant::now(), found));
        Ok(found)
    }

    /// Billing's tariff for one of Watcher's presets: they know it by different ids.
    async fn tariff(&self, maker: &Maker, preset: PresetId, deadline: Instant) -> Result<TariffId, Fault> {
        let mut known = self.tariffs.lock().await;
        if !known.contains_key(&preset) {
            let all = maker.client.tariffs(deadline).await?;
            *known = all.iter().filter_map(|tariff| Some((tariff.preset_id?, tariff.id))).collect();
        }
        let none = || never(format!("billing has no tariff whose external_id is preset {preset}"));
        known.get(&preset).copied().ok_or_else(none)
    }

    /// Organizations that were made twice, and of which nobody has made use; of these only what is certainly
    /// ours. One that billing keeps keeps nobody from being served: an operator sees it in `vsaas org list`.
    async fn delete_empty(&self, younger: &[Organization], deadline: Instant) -> Result<(), Fault> {
        let is_empty =
            |twin: &&Organization| twin.camera_count == Some(0) && twin.user_count.unwrap_or(0) == 0;
        let empty: Vec<OrganizationId> = younger.iter().filter(is_empty).map(|twin| twin.id).collect();
        let Some(maker) = self.billing.as_ref().filter(|_| !empty.is_empty()) else { return Ok(()) };
        for known in maker.client.organizations(deadline).await? {
            let is_twin = known.watcher_id.is_some_and(|id| empty.contains(&id));
            if !is_twin || maker.owns(&known) != Some(true) {
                continue;
            }
            match maker.client.delete_organization(known.id, deadline).await {
                Ok(()) | Err(Fault::NotThere(_)) => {}
                Err(Fault::Never(why)) => {
                    let (provider, organization) = (self.client.provider(), known.id.0);
                    tracing::warn!(provider, organization, %why, "an organization that was made twice stays");
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }
}
