//! Members of an organization: users with what they may do in it. Leaves what they may see to folders.

use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::client::{Client, or_default};
use crate::ids::vsaas::{FolderId, OrganizationId, UserId};
use crate::providers::Fault;
use crate::providers::rest::Call;

/// A user in an organization.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// What they log in with.
    #[serde(default, deserialize_with = "or_default")]
    pub login: String,
    /// Whether they may add and edit cameras.
    #[serde(rename = "can_edit_organization_cameras", default, deserialize_with = "or_default")]
    pub is_editor: bool,
    #[serde(default, deserialize_with = "or_default")]
    folders_permissions: Vec<FolderPermission>,
}

/// Logins are numbers of subscribers.
impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Member {{ user_id: {}, is_editor: {} }}", self.user_id, self.is_editor)
    }
}

/// No sample shows one; where it names its folder otherwise, the member is not known to have rights.
#[derive(Clone, PartialEq, Eq, Deserialize)]
struct FolderPermission {
    folder_id: Option<FolderId>,
    id: Option<FolderId>,
}

impl Member {
    /// Whether they are known to have rights in a folder.
    #[must_use]
    pub fn has_rights_in(&self, folder: FolderId) -> bool {
        self.folders_permissions
            .iter()
            .any(|permission| permission.folder_id.or(permission.id) == Some(folder))
    }
}

/// As what a user joins an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// May look, where a folder lets them.
    Reader,
    /// May add and edit cameras too.
    Editor,
}

impl Client {
    /// All members of an organization.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is no such organization.
    pub async fn members(&self, of: OrganizationId, deadline: Instant) -> Result<Vec<Member>, Fault> {
        let members = || Call::get("/organizations/{}/users").at(of);
        self.all(members, |member: &Member| member.user_id, deadline).await
    }

    /// Has a user join an organization, where they have no right to see anything yet.
    ///
    /// # Errors
    /// [`Fault`]; of one who is a member already [`Fault::Again`].
    pub async fn add_member(
        &self,
        of: OrganizationId,
        user: UserId,
        role: Role,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let body = match role {
            Role::Reader => json!({ "user_id": user }),
            Role::Editor => json!({ "user_id": user, "can_edit_organization_cameras": true }),
        };
        self.0.done(Call::post("/organizations/{}/users", body).at(of), deadline).await
    }

    /// Has a user leave an organization.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] of one who is no member.
    pub async fn remove_member(
        &self,
        of: OrganizationId,
        user: UserId,
        deadline: Instant,
    ) -> Result<(), Fault> {
        self.0.done(Call::delete("/organizations/{}/users/{}").at(of).at(user), deadline).await
    }
}
