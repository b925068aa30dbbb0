//! Members of an organization: users with what they may do in it. Leaves what they may see to folders.

use serde::{Deserialize, Deserializer};
use serde_json::json;
use tokio::time::Instant;

use super::client::Client;
use crate::ids::vsaas::{OrganizationId, UserId};
use crate::providers::Fault;
use crate::providers::loose;
use crate::providers::rest::Call;

/// A user in an organization.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Member {
    /// Who.
    pub user_id: UserId,
    /// What they log in with.
    #[serde(default, deserialize_with = "loose::text")]
    pub login: Option<String>,
    /// Whether they may add and edit cameras; where Watcher does not say, they may not.
    #[serde(rename = "can_edit_organization_cameras", default, deserialize_with = "is_editor")]
    pub is_editor: bool,
}

fn is_editor<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    loose::flag(deserializer).map(Option::unwrap_or_default)
}

/// Logins are numbers of subscribers.
impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Member {{ user_id: {}, is_editor: {} }}", self.user_id, self.is_editor)
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

    /// One member, by what they log in with; `None` of one who is none.
    ///
    /// # Errors
    /// [`Fault`]; [`Fault::NotThere`] where there is no such organization.
    pub async fn member(
        &self,
        of: OrganizationId,
        (user, login): (UserId, &str),
        deadline: Instant,
    ) -> Result<Option<Member>, Fault> {
        let members = || Call::get("/organizations/{}/users").at(of).query("search", login);
        let theirs = |member: Member| (member.user_id == user).then_some(member);
        self.walk(members, |member: &Member| member.user_id, theirs, deadline).await
    }

    /// Has a user join an organization, where they have no right to see anything yet.
    ///
    /// # Errors
    /// [`Fault`]; of one who is a member already, or where the organization is full, [`Fault::Never`] (400 at Watcher).
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
        self.rest.done(Call::post("/organizations/{}/users", body).at(of), deadline).await.map(drop)
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
        let call = Call::delete("/organizations/{}/users/{}").at(of).at(user);
        self.rest.done(call, deadline).await.map(drop)
    }
}
