//! Organizations as Watcher has them, and the presets that each may choose from. Leaves making, changing and
//! deleting them to billing.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use tokio::time::Instant;

use super::client::{Client, or_default};
use crate::ids::vsaas::{OrganizationId, PresetId};
use crate::providers::Fault;
use crate::providers::rest::Call;

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Organization {
    /// What Watcher calls it.
    pub id: OrganizationId,
    /// Its title.
    #[serde(default, deserialize_with = "or_default")]
    pub title: String,
    /// Whether new users and cameras land in it.
    #[serde(default, deserialize_with = "or_default")]
    pub is_default: bool,
    /// How many cameras it has.
    #[serde(default)]
    pub camera_count: Option<u64>,
    /// How many users it has.
    #[serde(default)]
    pub user_count: Option<u64>,
}

/// A preset that an organization may choose.
#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    /// What Watcher calls it, and billing the `external_id` of a tariff.
    pub id: PresetId,
    /// Its title.
    pub title: String,
    /// How long recordings are kept, in days; 0: nothing is recorded.
    pub dvr_depth_days: f64,
    /// Whether every organization has it.
    pub is_default: bool,
    /// Whether it is on its way out.
    pub is_deleted: bool,
}

/// As Watcher writes it.
#[derive(Deserialize)]
struct Listed {
    preset_id: Option<PresetId>,
    /// A row of an organization's own has an id, and names the organization.
    #[serde(default, deserialize_with = "is_null")]
    id: IsNull,
    #[serde(default, deserialize_with = "is_null")]
    organization_id: IsNull,
    #[serde(default, deserialize_with = "or_default")]
    preset: Written,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    id: Option<PresetId>,
    title: Option<String>,
    dvr_depth: Option<f64>,
    is_default: Option<bool>,
    is_deleted: Option<bool>,
}

/// Whether a field is there and says nothing: one that is left out says nothing of its row either.
type IsNull = bool;

fn is_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<IsNull, D::Error> {
    Option::<IgnoredAny>::deserialize(deserializer).map(|value| value.is_none())
}

impl Listed {
    /// The default preset may not be called so: it is the one that no organization was given.
    fn is_default(&self) -> bool {
        self.preset.is_default.unwrap_or(self.id && self.organization_id)
    }

    /// `None` for one without any id, which nothing could be done with.
    fn preset(self) -> Option<Preset> {
        let is_default = self.is_default();
        Some(Preset {
            id: self.preset_id.or(self.preset.id)?,
            title: self.preset.title.unwrap_or_default(),
            dvr_depth_days: self.preset.dvr_depth.unwrap_or_default(),
            is_default,
            is_deleted: self.preset.is_deleted.unwrap_or_default(),
        })
    }
}

impl Client {
    /// All organizations of the domain.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn organizations(&self, deadline: Instant) -> Result<Vec<Organization>, Fault> {
        let organizations = || Call::get("/organizations");
        self.all(organizations, |organization: &Organization| organization.id, deadline).await
    }

    /// The presets that an organization's cameras may have.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is no such organization.
    pub async fn presets(&self, of: OrganizationId, deadline: Instant) -> Result<Vec<Preset>, Fault> {
        let call = Call::get("/organizations/{}/presets").at(of);
        let listed: Vec<Listed> = self.0.read(call, deadline).await?;
        Ok(listed.into_iter().filter_map(Listed::preset).collect())
    }
}
