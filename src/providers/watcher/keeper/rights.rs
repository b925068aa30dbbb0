//! What a member may see: rights in a folder of the organization. They are looked up before they are granted,
//! so that what somebody set by hand stays; only the list of members tells of them.

use tokio::time::Instant;

use super::directory::{Directory, Named};
use super::{Keeper, Made};
use crate::ids::vsaas::{FolderId, OrganizationId, UserId};
use crate::providers::rest::Call;
use crate::providers::watcher::{Folder, Member, Page};
use crate::providers::{Fault, Why};

/// So many organizations' root folders are remembered.
const FOLDERS_MAX: usize = 200_000;

impl Named for Member {
    fn id(&self) -> i64 {
        self.user_id.0
    }

    fn names(&self) -> Vec<String> {
        vec![self.user_id.to_string()]
    }
}

/// The members of the organization that all share.
pub(super) fn directory(shared: Option<OrganizationId>) -> Option<Directory> {
    let list = move |of| Directory::new(move || members(of));
    shared.map(list)
}

fn members(of: OrganizationId) -> Call {
    Call::get("/organizations/{}/users").at(of)
}

impl Keeper {
    /// A page of an organization's members, from `offset` on.
    ///
    /// # Errors
    /// As for all of these: [`Fault`].
    pub async fn members_page(
        &self,
        of: OrganizationId,
        offset: usize,
        deadline: Instant,
    ) -> Result<Page<Member>, Fault> {
        self.client.page(members(of), offset, deadline).await
    }

    /// Whether a member of an organization has rights in the folder where subscribers have them. One whom the list
    /// does not show yet is not known to have any.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn has_rights(
        &self,
        home: OrganizationId,
        user: UserId,
        deadline: Instant,
    ) -> Result<bool, Fault> {
        let folder = self.folder(home, deadline).await?;
        let has = |member: &Member| member.user_id == user && member.has_rights_in(folder);
        let (Some(shared), name) = (&self.members, user.to_string()) else {
            return Ok(self.client.members(home, deadline).await?.iter().any(has));
        };
        let mut found: Vec<Member> = shared.find(&self.client, &[&name], deadline).await?;
        if found.is_empty() {
            // Joined since the list was last walked through.
            shared.doubt(deadline).await?;
            found = shared.find(&self.client, &[&name], deadline).await?;
        }
        Ok(found.iter().any(has))
    }

    /// The folder of an organization where subscribers have rights.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn folder(&self, home: OrganizationId, deadline: Instant) -> Result<FolderId, Fault> {
        if let Some(folder) = self.settings.folder_id {
            return Ok(folder);
        }
        if let Some(known) = self.folders.lock().await.get(&home) {
            return Ok(*known);
        }
        let all = self.client.folders(home, deadline).await?;
        let none = || Fault::Never(Why::new("the organization has no root folder: set folder_id"));
        let root = Folder::root(&all).ok_or_else(none)?.id;
        let mut folders = self.folders.lock().await;
        if folders.len() >= FOLDERS_MAX {
            folders.clear();
        }
        folders.insert(home, root);
        Ok(root)
    }

    /// Grants rights where they are missing; of a member who has just joined they are.
    pub(super) async fn ensure_rights(
        &self,
        home: OrganizationId,
        user: UserId,
        has_joined: bool,
        deadline: Instant,
    ) -> Result<Made, Fault> {
        if !has_joined && self.has_rights(home, user, deadline).await? {
            return Ok(Made::Nothing);
        }
        let folder = self.folder(home, deadline).await?;
        match self.client.grant_folder(home, folder, user, deadline).await {
            Ok(()) => Ok(Made::Something),
            // A list that does not show rights has them granted again, which may be refused as such.
            Err(fault @ Fault::Never(_)) => {
                let is_there = !has_joined || self.has_rights(home, user, deadline).await?;
                if is_there { Ok(Made::Nothing) } else { Err(fault) }
            }
            Err(fault @ Fault::NotThere(_)) => {
                self.folders.lock().await.remove(&home);
                Err(fault)
            }
            Err(fault) => Err(fault),
        }
    }
}
