//! Organizations of billing: made here, they appear at Watcher under an id of their own. Leaves their cameras
//! and users to Watcher.

use serde::{Deserialize, Deserializer};
use serde_json::json;
use tokio::time::Instant;

use super::{Client, Tariff};
use crate::ids::vsaas::{OrganizationBillingId, OrganizationId, TariffId};
use crate::providers::loose::{self, Rows};
use crate::providers::rest::Call;
use crate::providers::{Fault, Why};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Organization {
    /// What billing calls it.
    pub id: OrganizationBillingId,
    /// What Watcher calls it.
    #[serde(rename = "external_id", default, deserialize_with = "loose::maybe")]
    pub watcher_id: Option<OrganizationId>,
    /// Its title.
    #[serde(default, deserialize_with = "loose::text")]
    pub title: Option<String>,
    /// Who owns it.
    #[serde(default, deserialize_with = "loose::maybe")]
    pub owner: Option<Owner>,
    /// Its tariffs, the default one among them.
    #[serde(default, deserialize_with = "tariffs")]
    pub tariff_plans: Vec<Tariff>,
}

fn tariffs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Tariff>, D::Error> {
    Ok(loose::maybe::<D, Rows<Tariff>>(deserializer)?.unwrap_or_default().rows)
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
    /// [`Fault`]; [`Fault::Never`] where the answer shows that it was not done.
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
        if tariffs.iter().all(has) {
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
