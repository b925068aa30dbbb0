//! Folders of an organization: every camera is in one, and who has rights in it may look. Leaves the days that
//! may be looked at to us: Watcher's own limit is left open, since its unit is not certain.

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::client::{Client, or_default};
use crate::ids::vsaas::{FolderId, OrganizationId, UserId};
use crate::providers::Fault;
use crate::providers::rest::Call;

/// A folder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Folder {
    /// What Watcher calls it.
    pub id: FolderId,
    /// Its title.
    #[serde(default, deserialize_with = "or_default")]
    pub title: String,
    /// The folder it is in; `None` for the root.
    #[serde(default)]
    pub parent_id: Option<FolderId>,
    /// How many cameras are in it.
    #[serde(default)]
    pub camera_count: Option<u64>,
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
        self.0.read(Call::get("/organizations/{}/folders").at(of), deadline).await
    }

    /// Lets a member look at the cameras of a folder, recordings included, and use what they can do. Rights that
    /// the member has already may be written anew: look first.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is no such folder, or no such user; [`Fault::Never`] of one who is no
    /// member.
    pub async fn grant_folder(
        &self,
        of: OrganizationId,
        folder: FolderId,
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
        self.0.done(call.or_there(), deadline).await
    }
}
