//! Organizations of billing: made here, they appear at Watcher under an id of their own. Leaves their cameras
//! and users to Watcher.

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::{Client, Tariff};
use crate::ids::vsaas::{OrganizationBillingId, OrganizationId, TariffId};
use crate::providers::loose::{self, Rows};
use crate::providers::rest::Call;
use crate::providers::{Fault, Why};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Organization {
    /// What billing calls it.
    pub id: OrganizationBillingId,
    /// What Watcher calls it.
    pub watcher_id: Option<OrganizationId>,
    /// Its title.
    pub title: Option<String>,
    /// Who owns it.
    pub owner: Option<Owner>,
    /// Its tariffs, the default one among them.
    pub tariff_plans: Vec<Tariff>,
    /// Whether these are certainly all: billing named them, and each could be read. A list that replaces them may
    /// only be made of such.
    pub are_tariffs_whole: bool,
}

/// As billing writes it.
#[derive(Deserialize)]
struct Written {
    id: OrganizationBillingId,
    #[serde(rename = "external_id", default, deserialize_with = "loose::maybe")]
    watcher_id: Option<OrganizationId>,
    #[serde(default, deserialize_with = "loose::text")]
    title: Option<String>,
    #[serde(default, deserialize_with = "loose::maybe")]
    owner: Option<Owner>,
    #[serde(default, deserialize_with = "loose::maybe")]
    tariff_plans: Option<Rows<Planned>>,
}

/// A tariff in an organization: a row, or its id alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum Planned {
    Row(Tariff),
    Id(TariffId),
}

impl From<Planned> for Tariff {
    fn from(planned: Planned) -> Self {
        match planned {
            Planned::Row(tariff) => tariff,
            Planned::Id(id) => {
                Self { id, preset_id: None, name: None, date_from: None, full_price: None, status: None }
            }
        }
    }
}

impl From<Written> for Organization {
    fn from(Written { id, watcher_id, title, owner, tariff_plans }: Written) -> Self {
        let are_tariffs_whole = tariff_plans.as_ref().is_some_and(|plans| plans.odd == 0);
        let tariff_plans = tariff_plans.unwrap_or_default().rows.into_iter().map(Tariff::from).collect();
        Self { id, watcher_id, title, owner, tariff_plans, are_tariffs_whole }
    }
}

/// Who owns an organization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Owner {
    /// Their address.
    #[serde(default, deserialize_with = "loose::text")]
    pub email: Option<String>,
}

/// An organization to be made.
#[derive(Clone, Copy)]
pub struct NewOrganization<'a> {
    /// Its title.
    pub title: &'a str,
    /// The address of its owner; for one that is unknown billing makes a user, and writes to it.
    pub owner: &'a str,
    /// Its tariffs beside the default one.
    pub tariffs: &'a [TariffId],
}

#[derive(Deserialize)]
struct Wrapped {
    organization: Organization,
}

impl Client {
    /// All organizations of the domain.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn organizations(&self, deadline: Instant) -> Result<Vec<Organization>, Fault> {
        self.list(Call::get("/organizations"), deadline).await
    }

    /// Makes an organization, here and at Watcher. Two may have one title: look first.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn create_organization(
        &self,
        new: NewOrganization<'_>,
        deadline: Instant,
    ) -> Result<Organization, Fault> {
        let mut body = json!({ "title": new.title, "owner": new.owner });
        if !new.tariffs.is_empty() {
            body["tariff_plans"] = json!(new.tariffs);
        }
        let call = Call::post("/organizations", json!({ "organization": body }));
        self.0.read(call, deadline).await.map(|wrapped: Wrapped| wrapped.organization)
    }

    /// Gives an organization these tariffs in the place of those it has; the default one stays in any case.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::Never`] where the answer shows that it was not done; one that does not name all tariffs shows
    /// nothing.
    pub async fn set_tariffs(
        &self,
        id: OrganizationBillingId,
        tariffs: &[TariffId],
        deadline: Instant,
    ) -> Result<Organization, Fault> {
        let body = json!({ "organization": { "tariff_plans": tariffs } });
        let call = Call::put("/organizations/{}", body).at(id);
        let Wrapped { organization } = self.0.read(call, deadline).await?;
        let has = |id: &TariffId| organization.tariff_plans.iter().any(|plan| plan.id == *id);
        if !organization.are_tariffs_whole || tariffs.iter().all(has) {
            Ok(organization)
        } else {
            let text = "billing, PUT /organizations/{}: it was done, by its answer, and the organization has not all \
                        the tariffs that it was given";
            Err(Fault::Never(Why::of_one(text)))
        }
    }

    /// Deletes an organization, here and at Watcher.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where it was deleted before.
    pub async fn delete_organization(
        &self,
        id: OrganizationBillingId,
        deadline: Instant,
    ) -> Result<(), Fault> {
        self.0.done(Call::delete("/organizations/{}").at(id), deadline).await.map(drop)
    }
}
