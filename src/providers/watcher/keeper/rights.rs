//! What a member may see: rights in a folder of the organization. They are looked up before they are granted,
//! so that what somebody set by hand stays.

use tokio::time::Instant;

use super::{Keeper, Made};
use crate::ids::vsaas::{FolderId, OrganizationId, UserId};
use crate::providers::watcher::Folder;
use crate::providers::{Fault, Why};

/// So many organizations' root folders are remembered.
const FOLDERS_MAX: usize = 200_000;

impl Keeper {
    /// Whether a user has rights in the folder of an organization where subscribers have them.
    ///
    /// # Errors
    /// As for all of these: [`Fault`].
    pub(super) async fn has_rights(
        &self,
        home: OrganizationId,
        user: UserId,
        deadline: Instant,
    ) -> Result<bool, Fault> {
        let folder = self.folder(home, deadline).await?;
        self.client.has_rights((home, folder), user, deadline).await
    }

    /// The folder of an organization where subscribers have rights.
    ///
    /// # Errors
    /// [`Fault`].
    pub(super) async fn folder(&self, home: OrganizationId, deadline: Instant) -> Result<FolderId, Fault> {
        if let Some(folder) = self.settings.folder_id {
            return Ok(folder);
        }
        if let Some(known) = self.folders.lock().await.get(&home) {
            return Ok(*known);
        }
        let all = self.client.folders(home, deadline).await?;
        let none = || Fault::Never(Why::of_one("the organization has no root folder: set folder_id"));
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
        (home, folder): (OrganizationId, FolderId),
        user: UserId,
        has_joined: bool,
        deadline: Instant,
    ) -> Result<Made, Fault> {
        let has_rights = || self.client.has_rights((home, folder), user, deadline);
        if !has_joined && has_rights().await? {
            return Ok(Made::Nothing);
        }
        match self.client.grant_folder((home, folder), user, deadline).await {
            Ok(()) => Ok(Made::Something),
            // Somebody granted them at the same moment, or an attempt whose answer was lost.
            Err(fault @ Fault::Never(_)) => {
                if has_rights().await? {
                    Ok(Made::Nothing)
                } else {
                    Err(fault)
                }
            }
            Err(fault @ Fault::NotThere(_)) => {
                self.folders.lock().await.remove(&home);
                Err(fault)
            }
            Err(fault) => Err(fault),
        }
    }
}
