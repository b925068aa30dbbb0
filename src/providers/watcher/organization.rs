//! Organizations as Watcher has them, how full they are, and the presets that each may choose from. Where VSAAS.IO
//! billing manages a Watcher, it makes and deletes them and gives them presets; where none does, Watcher itself.

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};
use serde_json::json;
use tokio::time::Instant;

use super::client::{Client, Page};
use crate::ids::vsaas::{OrganizationId, PresetId};
use crate::providers::Fault;
use crate::providers::loose;
use crate::providers::rest::Call;

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Organization {
    /// What Watcher calls it.
    pub id: OrganizationId,
    /// Its title.
    #[serde(default, deserialize_with = "title")]
    pub title: String,
    /// Whether new users and cameras land in it.
    #[serde(default, deserialize_with = "is_set")]
    pub is_default: bool,
    /// How many cameras it has.
    #[serde(default, deserialize_with = "loose::maybe")]
    pub camera_count: Option<u64>,
    /// How many it may have; 0 as much as none is no limit.
    #[serde(default, deserialize_with = "loose::maybe")]
    pub camera_limit: Option<u64>,
    /// How many users it has.
    #[serde(default, deserialize_with = "loose::maybe")]
    pub user_count: Option<u64>,
    /// How many it may have; 0 as much as none is no limit.
    #[serde(default, deserialize_with = "loose::maybe")]
    pub user_limit: Option<u64>,
    /// What its recordings may take, in a unit that Watcher's papers do not name.
    #[serde(default, deserialize_with = "loose::maybe")]
    pub dvr_limit: Option<u64>,
    /// How many sessions each of its users may have at once.
    #[serde(default, deserialize_with = "loose::maybe")]
    pub max_sessions: Option<u64>,
}

/// What an organization has of something that it may not have any number of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// `users` or `cameras`.
    pub of: &'static str,
    /// How many it has.
    pub used: u64,
    /// How many it may have, 1 or more.
    pub limit: u64,
}

impl Room {
    /// Whether a tenth or less is left.
    #[must_use]
    pub fn is_scarce(&self) -> bool {
        self.used.saturating_mul(10) >= self.limit.saturating_mul(9)
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.used >= self.limit
    }
}

impl std::fmt::Display for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} of {}", self.of, self.used, self.limit)
    }
}

impl Organization {
    /// What it has of all that is limited.
    pub fn rooms(&self) -> impl Iterator<Item = Room> {
        let room = |of, used: Option<u64>, limit: Option<u64>| {
            Some(Room { of, used: used?, limit: limit.filter(|limit| *limit > 0)? })
        };
        let users = room("users", self.user_count, self.user_limit);
        let cameras = room("cameras", self.camera_count, self.camera_limit);
        users.into_iter().chain(cameras)
    }
}

fn title<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    loose::text(deserializer).map(Option::unwrap_or_default)
}

fn is_set<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    loose::flag(deserializer).map(Option::unwrap_or_default)
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
    #[serde(default, deserialize_with = "loose::maybe")]
    preset_id: Option<PresetId>,
    /// A row of an organization's own has an id, and names the organization.
    #[serde(default, deserialize_with = "is_null")]
    id: IsNull,
    #[serde(default, deserialize_with = "is_null")]
    organization_id: IsNull,
    #[serde(default, deserialize_with = "written")]
    preset: Written,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    #[serde(deserialize_with = "loose::maybe")]
    id: Option<PresetId>,
    #[serde(deserialize_with = "loose::text")]
    title: Option<String>,
    #[serde(deserialize_with = "loose::maybe")]
    dvr_depth: Option<f64>,
    #[serde(deserialize_with = "loose::flag")]
    is_default: Option<bool>,
    #[serde(deserialize_with = "loose::flag")]
    is_deleted: Option<bool>,
}

fn written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Written, D::Error> {
    loose::maybe(deserializer).map(Option::unwrap_or_default)
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

fn organizations() -> Call {
    Call::get("/organizations")
}

impl Client {
    /// All organizations of the domain.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn organizations(&self, deadline: Instant) -> Result<Vec<Organization>, Fault> {
        self.all(organizations, |organization: &Organization| organization.id, deadline).await
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
        self.page(organizations(), offset, deadline).await
    }

    /// The organizations of exactly this title, the oldest first; one that is `enough` ends the search.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn organizations_titled(
        &self,
        title: &str,
        is_enough: impl Fn(&Organization) -> bool,
        deadline: Instant,
    ) -> Result<Vec<Organization>, Fault> {
        let key = |of: &Organization| of.id;
        self.search((organizations, title), key, |of| of.title == title, is_enough, deadline).await
    }

    /// The first organization that suits, the oldest first, in as many pages as it takes to find it.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn find_organization(
        &self,
        suits: impl Fn(&Organization) -> bool,
        deadline: Instant,
    ) -> Result<Option<Organization>, Fault> {
        let key = |of: &Organization| of.id;
        let all = self.search((organizations, ""), key, &suits, |_| true, deadline).await?;
        Ok(all.into_iter().next())
    }

    /// Makes an organization at a Watcher that no billing manages. Two may have one title: look first.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::Never`] where billing manages it.
    pub async fn create_organization(&self, title: &str, deadline: Instant) -> Result<Organization, Fault> {
        self.rest.read(Call::post("/organizations", json!({ "title": title })), deadline).await
    }

    /// Deletes an organization there; one that is not empty is refused.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where it was deleted before.
    pub async fn delete_organization(&self, id: OrganizationId, deadline: Instant) -> Result<(), Fault> {
        self.rest.done(Call::delete("/organizations/{}").at(id), deadline).await.map(drop)
    }

    /// Lets an organization's cameras have a preset, at a Watcher that no billing manages.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::Never`] where billing manages it.
    pub async fn give_preset(
        &self,
        of: OrganizationId,
        preset: PresetId,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let call = Call::post("/organizations/{}/presets", json!({ "preset_id": preset })).at(of).or_there();
        self.rest.done(call, deadline).await.map(drop)
    }

    /// Takes a preset from an organization, there; its cameras may not have it any more.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where it did not have it.
    pub async fn take_preset(
        &self,
        of: OrganizationId,
        preset: PresetId,
        deadline: Instant,
    ) -> Result<(), Fault> {
        self.rest
            .done(Call::delete("/organizations/{}/presets/{}").at(of).at(preset), deadline)
            .await
            .map(drop)
    }

    /// The presets that an organization's cameras may have.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is no such organization.
    pub async fn presets(&self, of: OrganizationId, deadline: Instant) -> Result<Vec<Preset>, Fault> {
        let call = Call::get("/organizations/{}/presets").at(of);
        let listed = self.rest.rows::<Listed>(call, deadline).await?;
        Ok(listed.rows.into_iter().filter_map(Listed::preset).collect())
    }
}
