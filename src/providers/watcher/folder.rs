//! Folders of an organization: every camera is in one, and who has rights in it may look. Leaves the days that
//! may be looked at to us: Watcher's own limit is left open, since its unit is not certain.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::client::{Client, PAGE_BYTES_MAX, Page};
use crate::ids::vsaas::{FolderId, OrganizationId, UserId};
use crate::providers::Fault;
use crate::providers::loose;
use crate::providers::rest::Call;

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Folder {
    /// What Watcher calls it.
    pub id: FolderId,
    /// Its title.
    #[serde(default, deserialize_with = "title")]
    pub title: String,
    /// The folder it is in; `None` for the root.
    #[serde(default, deserialize_with = "loose::maybe")]
    pub parent_id: Option<FolderId>,
    /// How many cameras are in it.
    #[serde(default, deserialize_with = "loose::maybe")]
    pub camera_count: Option<u64>,
}

fn title<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    loose::text(deserializer).map(Option::unwrap_or_default)
}

/// Who has rights in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FolderUser(pub UserId);

impl<'de> Deserialize<'de> for FolderUser {
    /// The id stands in `user_id`, in `id`, or alone.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut row = Value::deserialize(deserializer)?;
        let id = match row.as_object_mut() {
            Some(fields) => fields.remove("user_id").or(fields.remove("id")).unwrap_or_default(),
            None => row,
        };
        UserId::deserialize(id).map(Self).map_err(|_| Error::custom("no id of a user"))
    }
}

impl Folder {
    /// The root among the folders of an organization: the first that is in no other.
    #[must_use]
    pub fn root(folders: &[Self]) -> Option<&Self> {
        folders.iter().find(|folder| folder.parent_id.is_none())
    }
}

impl Client {
    /// The folders of an organization.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is no such organization.
    pub async fn folders(&self, of: OrganizationId, deadline: Instant) -> Result<Vec<Folder>, Fault> {
        let call = Call::get("/organizations/{}/folders").at(of).long(PAGE_BYTES_MAX);
        self.rest.rows(call, deadline).await.map(|list| list.rows)
    }

    /// A page of those who have rights in a folder, from `offset` on.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is no such folder.
    pub async fn folder_users_page(
        &self,
        (of, folder): (OrganizationId, FolderId),
        offset: usize,
        deadline: Instant,
    ) -> Result<Page<FolderUser>, Fault> {
        let call = Call::get("/organizations/{}/folders/{}/users").at(of).at(folder);
        self.page(call, offset, deadline).await
    }

    /// Whether a user has rights in a folder.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn has_rights(
        &self,
        (of, folder): (OrganizationId, FolderId),
        user: UserId,
        deadline: Instant,
    ) -> Result<bool, Fault> {
        let call = Call::get("/organizations/{}/folders/{}/users/{}").at(of).at(folder).at(user);
        match self.rest.done(call, deadline).await {
            Ok(Value::Object(fields)) => Ok(!fields.is_empty()),
            Ok(Value::Array(rows)) => {
                Ok(rows.into_iter().any(|row| FolderUser::deserialize(row).is_ok_and(|row| row.0 == user)))
            }
            Ok(_) => Ok(false),
            Err(Fault::NotThere(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// Lets a member look at the cameras of a folder, recordings included, and use what they can do. Rights that
    /// the member has already may be written anew: look first.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is no such folder, or no such user; [`Fault::Never`] of one who is no
    /// member, and perhaps of one who has rights there already (400 at Watcher).
    pub async fn grant_folder(
        &self,
        (of, folder): (OrganizationId, FolderId),
        user: UserId,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let body = json!({
            "user_id": user,
            "can_view_dvr": 1,
            "can_use_ptz": 1,
            "can_use_actions": 1,
            "dvr_depth_limit": null,
        });
        let call = Call::post("/organizations/{}/folders/{}/users", body).at(of).at(folder);
        self.rest.done(call.or_there(), deadline).await.map(drop)
    }
}
