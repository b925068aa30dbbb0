//! A subscriber's user: made once, a member of the subscriber's organization with rights in its folder, and of
//! the default organization no more. Each step looks first; what is there already is left as it is. A user that an
//! account only shares its login with is somebody else's, and never touched. None is made before that look, though a
//! login that is taken would be refused: one of ours that somebody renamed has another login and the same key.

use tokio::time::Instant;

use super::home::Home;
use super::turns::Turn;
use super::{Keeper, Made, in_doubt};
use crate::ids::vsaas::{OrganizationId, PresetId, UserId};
use crate::providers::watcher::{Role, User, names};
use crate::providers::{Fault, Why};
use crate::service::wanted::Owner;

/// What goes by a subscriber's login or key.
enum Found {
    /// The subscriber's user.
    Theirs(User),
    /// Somebody else's.
    Stranger(UserId),
    /// Nothing.
    Nobody,
}

impl Keeper {
    /// What a subscriber logs in with.
    pub(super) fn login(&self, owner: &Owner) -> String {
        names::login(owner, &self.settings.login_domain)
    }

    /// Makes and mends all that a subscriber who is served needs, whose turn it is until this ends: the organization,
    /// and the user there. `tell` learns of the organization as soon as the user is a member and the folder is known;
    /// what comes after that concerns the user alone. Whether anything had to be made.
    ///
    /// # Errors
    /// As for all of these: [`Fault`].
    pub(super) async fn ready(
        &self,
        (owner, _turn): (&Owner, Turn),
        preset: Option<PresetId>,
        tell: impl FnOnce(Home),
        deadline: Instant,
    ) -> Result<Made, Fault> {
        let (user, home) = tokio::join!(self.user(owner, deadline), self.home(owner, deadline));
        let (user, home) = (user?, self.ensure_home(owner, home?, preset, deadline).await?);
        let made = self.ensure_subscriber(owner, user, home, tell, deadline).await.map_err(in_doubt)?;
        Ok(if home.is_new { Made::Something } else { made })
    }

    /// The subscriber's user as Watcher has it now, if there is one.
    ///
    /// # Errors
    /// [`Fault::Never`] where an account's login is somebody else's.
    async fn user(&self, owner: &Owner, deadline: Instant) -> Result<Option<User>, Fault> {
        match self.look(owner, deadline).await? {
            Found::Theirs(user) => Ok(Some(user)),
            Found::Nobody => Ok(None),
            Found::Stranger(id) => Err(Fault::Never(Why::new(format!(
                "the account's login at Watcher is that of user {id}, which we did not make: its external_id is not \
                 the account's; it was left alone"
            )))),
        }
    }

    async fn look(&self, owner: &Owner, deadline: Instant) -> Result<Found, Fault> {
        let (login, key) = (self.login(owner), names::key(owner));
        let is_number = matches!(owner, Owner::Number(_));
        // The one that bears our key, whatever a number's logs in with, before one that only logs in alike.
        let ours = |user: &User| names::bears_key(user, owner, &self.settings.login_domain);
        let suits = |user: &User| ours(user) || user.login.eq_ignore_ascii_case(&login);
        // A number is part of its login, and finds a user that logs in otherwise by its key, where that is searched.
        let text = if is_number { &key } else { &login };
        let mut found = self.client.find_users(text, suits, ours, deadline).await?;
        match found.iter().position(ours) {
            Some(at) => Ok(Found::Theirs(found.swap_remove(at))),
            None if found.is_empty() => Ok(Found::Nobody),
            None if is_number => Ok(Found::Theirs(found.swap_remove(0))),
            None => Ok(Found::Stranger(found[0].id)),
        }
    }

    /// Makes and mends all that a subscriber, whose user is `known`, needs to look at the cameras of `home`.
    async fn ensure_subscriber(
        &self,
        owner: &Owner,
        known: Option<User>,
        home: Home,
        tell: impl FnOnce(Home),
        deadline: Instant,
    ) -> Result<Made, Fault> {
        let is_new = known.is_none();
        let (user, folder) =
            tokio::join!(self.ensure_member(owner, known, home.id, deadline), self.folder(home.id, deadline));
        let (user, folder) = (user?, folder?);
        tell(home);
        let has_joined = is_new || !user.organizations.contains(&home.id);
        let (rights, left) = tokio::join!(
            self.ensure_rights((home.id, folder), user.id, has_joined, deadline),
            self.leave_default(&user, home.id, deadline),
        );
        let rights = rights?;
        left?;
        let made = has_joined || !user.enabled || rights == Made::Something;
        Ok(if made { Made::Something } else { Made::Nothing })
    }

    /// The user, made where there is none, enabled and a member of `home`: as it was before that, where it was there.
    async fn ensure_member(
        &self,
        owner: &Owner,
        known: Option<User>,
        home: OrganizationId,
        deadline: Instant,
    ) -> Result<User, Fault> {
        let user = match known {
            Some(user) => user,
            None => self.make_user(owner, home, deadline).await?,
        };
        if !user.enabled {
            self.client.enable_user(user.id, true, deadline).await?;
        }
        if !user.organizations.contains(&home) {
            self.join(owner, &user, home, deadline).await?;
        }
        Ok(user)
    }

    /// Has a user, who is a member of `home`, leave the default organization.
    async fn leave_default(&self, user: &User, home: OrganizationId, deadline: Instant) -> Result<(), Fault> {
        let is_elsewhere = user.organizations.iter().any(|own| *own != home);
        let default = if is_elsewhere { self.default_organization(deadline).await? } else { None };
        let Some(default) = default.filter(|own| *own != home && user.organizations.contains(own)) else {
            return Ok(());
        };
        match self.client.remove_member(default, user.id, deadline).await {
            Ok(()) | Err(Fault::NotThere(_)) => Ok(()),
            Err(fault) => Err(fault),
        }
    }

    /// Has a subscriber's user able to log in, or not; true where that had to be changed. A user that is not
    /// there cannot log in.
    ///
    /// # Errors
    /// [`Fault`].
    pub(super) async fn enable_subscriber(
        &self,
        owner: &Owner,
        enabled: bool,
        deadline: Instant,
    ) -> Result<bool, Fault> {
        let Found::Theirs(user) = self.look(owner, deadline).await? else { return Ok(false) };
        if user.enabled == enabled {
            return Ok(false);
        }
        match self.client.enable_user(user.id, enabled, deadline).await {
            Ok(()) => Ok(true),
            Err(Fault::NotThere(_)) => Ok(false),
            Err(fault) => Err(fault),
        }
    }

    /// A login that is taken is a user that was made meanwhile, or by an attempt whose answer was lost.
    async fn make_user(&self, owner: &Owner, home: OrganizationId, deadline: Instant) -> Result<User, Fault> {
        let (login, key) = (self.login(owner), names::key(owner));
        match self.client.create_user(&login, Some(&key), Some(home), deadline).await {
            Ok(user) => {
                self.watch_room(home, deadline).await;
                Ok(user)
            }
            Err(fault @ (Fault::Again { .. } | Fault::Never(_))) => match self.user(owner, deadline).await? {
                Some(user) => Ok(user),
                None => Err(self.for_want_of_room(fault, (owner, home), "users", deadline).await),
            },
            Err(fault) => Err(fault),
        }
    }

    /// Who is a member already is refused, in one of several ways: what the user says of itself decides.
    async fn join(
        &self,
        owner: &Owner,
        user: &User,
        home: OrganizationId,
        deadline: Instant,
    ) -> Result<(), Fault> {
        match self.client.add_member(home, user.id, Role::Reader, deadline).await {
            Err(fault @ (Fault::Again { .. } | Fault::Never(_))) => {
                let again = self.user(owner, deadline).await?;
                if again.is_some_and(|user| user.organizations.contains(&home)) {
                    return Ok(());
                }
                Err(self.for_want_of_room(fault, (owner, home), "users", deadline).await)
            }
            joined => joined,
        }
    }
}
