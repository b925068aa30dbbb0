//! A subscriber's user: made once, a member of the subscriber's organization with rights in its folder, and of
//! the default organization no more. Each step looks first; what is there already is left as it is.

use tokio::time::Instant;

use super::Keeper;
use super::directory::Named;
use crate::ids::vsaas::{FolderId, OrganizationId, PresetId, UserId};
use crate::providers::rest::Call;
use crate::providers::watcher::{Folder, Page, Role, User};
use crate::providers::{Fault, Why};
use crate::service::wanted::Owner;

/// Rights that this process granted are not granted again by it; so many are remembered.
const GRANTED_MAX: usize = 200_000;

impl Named for User {
    fn list() -> Call {
        Call::get("/users")
    }

    fn id(&self) -> i64 {
        self.id.0
    }

    fn names(&self) -> Vec<String> {
        let external_id = self.external_id.iter().map(|id| format!("={id}"));
        external_id.chain([self.login.to_lowercase()]).collect()
    }
}

impl Keeper {
    /// What a subscriber logs in with.
    #[must_use]
    pub fn login(&self, owner: &Owner) -> String {
        let key = owner.in_full();
        if key.contains('@') { key.to_owned() } else { format!("{key}@{}", self.settings.login_domain) }
    }

    /// A page of all users, from `offset` on.
    ///
    /// # Errors
    /// As for all of these: [`Fault`].
    pub async fn users_page(&self, offset: usize, deadline: Instant) -> Result<Page<User>, Fault> {
        self.client.page(User::list(), offset, deadline).await
    }

    /// Makes and mends all that a subscriber who is served needs: the organization, and the user there.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn mend_subscriber(
        &self,
        owner: &Owner,
        preset: Option<PresetId>,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let home = self.ensure_home(owner, preset, deadline).await?;
        self.ensure_subscriber(owner, home, deadline).await
    }

    /// The subscriber's user as Watcher has it now, if there is one.
    pub(super) async fn user(&self, owner: &Owner, deadline: Instant) -> Result<Option<User>, Fault> {
        let (login, key) = (self.login(owner).to_lowercase(), format!("={}", owner.in_full()));
        let found: Vec<User> = self.users.find(&self.client, &[&login, &key], deadline).await?;
        // The one that bears our key, whatever it logs in with, before one that only logs in alike.
        let ours = found.iter().position(|user| user.external_id.as_deref() == Some(owner.in_full()));
        Ok(found.into_iter().nth(ours.unwrap_or(0)))
    }

    /// Makes and mends all that a subscriber needs to look at the cameras of `home`.
    pub(super) async fn ensure_subscriber(
        &self,
        owner: &Owner,
        home: OrganizationId,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let user = match self.user(owner, deadline).await? {
            Some(user) => user,
            None => self.make_user(owner, deadline).await?,
        };
        if !user.enabled {
            self.client.enable_user(user.id, true, deadline).await?;
        }
        let is_member = user.organizations.contains(&home);
        if !is_member {
            self.client.add_member(home, user.id, Role::Reader, deadline).await?;
        }
        self.ensure_rights(home, user.id, is_member, deadline).await?;
        let default = self.default_organization(deadline).await?;
        match default.filter(|default| *default != home && user.organizations.contains(default)) {
            None => Ok(()),
            Some(default) => match self.client.remove_member(default, user.id, deadline).await {
                Ok(()) | Err(Fault::NotThere(_)) => Ok(()),
                Err(fault) => Err(fault),
            },
        }
    }

    /// Has a subscriber's user able to log in, or not; true where that had to be changed. A user that is not
    /// there cannot log in.
    ///
    /// # Errors
    /// [`Fault`].
    pub async fn enable_subscriber(
        &self,
        owner: &Owner,
        enabled: bool,
        deadline: Instant,
    ) -> Result<bool, Fault> {
        let user = self.user(owner, deadline).await?;
        let Some(user) = user.filter(|user| user.enabled != enabled) else { return Ok(false) };
        match self.client.enable_user(user.id, enabled, deadline).await {
            Ok(()) => Ok(true),
            Err(Fault::NotThere(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// A login that is taken is a user that was made meanwhile, or by an attempt whose answer was lost.
    async fn make_user(&self, owner: &Owner, deadline: Instant) -> Result<User, Fault> {
        let (login, key) = (self.login(owner), owner.in_full());
        match self.client.create_user(&login, Some(key), deadline).await {
            Ok(user) => {
                self.users.made(&user, deadline).await?;
                Ok(user)
            }
            Err(fault @ (Fault::Again { .. } | Fault::Never(_))) => {
                self.users.forget(deadline).await?;
                self.user(owner, deadline).await?.ok_or(fault)
            }
            Err(fault) => {
                self.users.forget(deadline).await?;
                Err(fault)
            }
        }
    }

    /// Rights in the folder. A member need not have them, and only the list of all members could tell: so
    /// they are granted once by each process, which changes nothing where they were there.
    async fn ensure_rights(
        &self,
        home: OrganizationId,
        user: UserId,
        was_member: bool,
        deadline: Instant,
    ) -> Result<(), Fault> {
        if was_member && self.granted.lock().await.contains(&(home, user)) {
            return Ok(());
        }
        let folder = match self.settings.folder_id {
            Some(folder) => folder,
            None => self.root_folder(home, deadline).await?,
        };
        self.client.grant_folder(home, folder, user, deadline).await?;
        let mut granted = self.granted.lock().await;
        if granted.len() >= GRANTED_MAX {
            granted.clear();
        }
        granted.insert((home, user));
        Ok(())
    }

    async fn root_folder(&self, home: OrganizationId, deadline: Instant) -> Result<FolderId, Fault> {
        let folders = self.client.folders(home, deadline).await?;
        let none = || Fault::Never(Why::new("the organization has no root folder: set folder_id"));
        Folder::root(&folders).map(|folder| folder.id).ok_or_else(none)
    }
}
