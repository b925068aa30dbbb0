//! Users: subscribers who are served and cannot look, and, where an end disables users, those who are served no
//! more and can.

use std::collections::HashMap;

use super::{End, Mode, Reconcile, ReconcileError, Watcher, What, hash};
use crate::config::Suspend;
use crate::ids::vsaas::OrganizationId;
use crate::ids::{Msisdn, UserAccount};
use crate::ledger::read::OnCamera;
use crate::providers::watcher::{Page, User};
use crate::service::wanted::Owner;

/// Whose organization is which.
pub(super) enum Homes {
    /// Everybody's.
    Shared(OrganizationId),
    /// By its id, the hash of its title, which is its subscriber's key.
    Own(HashMap<OrganizationId, u64>),
}

/// Watcher's users by the hash of their key, or of their login; what is the matter with each, if anything is.
pub(super) type Users = HashMap<u64, Option<&'static str>>;

impl Homes {
    pub(super) fn is_home(&self, owner: &Owner, at: OrganizationId) -> bool {
        match self {
            Self::Shared(shared) => *shared == at,
            Self::Own(titles) => titles.get(&at) == Some(&hash(owner.in_full())),
        }
    }
}

impl<W: Watcher> Reconcile<'_, W> {
    /// The organizations of all subscribers.
    pub(super) async fn homes(&mut self) -> Result<Homes, ReconcileError> {
        if let Some(shared) = self.keeper.settings().organization_id {
            return Ok(Homes::Shared(shared));
        }
        let (mut titles, mut offset, keeper) = (HashMap::new(), 0, self.keeper);
        loop {
            self.go_on("organizations", u64::try_from(titles.len()).unwrap_or(u64::MAX)).await?;
            let page = self.page(|| Box::pin(keeper.organizations_page(offset, keeper.deadline()))).await?;
            let before = titles.len();
            titles.extend(page.rows.into_iter().map(|one| (one.id, hash(&one.title))));
            match page.next.filter(|_| titles.len() > before) {
                Some(next) => offset = next,
                None => return Ok(Homes::Own(titles)),
            }
        }
    }

    /// Walks through all users; what each subscriber's is like.
    pub(super) async fn users(&mut self, homes: &Homes) -> Result<Users, ReconcileError> {
        let (mut users, mut offset, keeper) = (Users::new(), 0, self.keeper);
        let default = self.page(|| Box::pin(keeper.default_organization(keeper.deadline()))).await?;
        loop {
            self.go_on("users", self.report.users).await?;
            let page = self.page(|| Box::pin(keeper.users_page(offset, keeper.deadline()))).await?;
            let Page { rows, next } = page;
            let before = users.len();
            for user in rows {
                self.report.users += 1;
                let Some(owner) = self.owner(&user) else { continue };
                let why = amiss(&user, &owner, homes, default);
                users.insert(hash(owner.in_full()), why);
                users.entry(hash(&user.login.to_lowercase())).or_insert(why);
                if keeper.settings().suspend == Suspend::User && user.enabled {
                    self.no_longer_served(&user, &owner).await?;
                }
            }
            match next.filter(|_| users.len() > before || offset == 0) {
                Some(next) => offset = next,
                None => return Ok(users),
            }
        }
    }

    /// Whose user it is, where it is one that we made: its key and its login belong together.
    fn owner(&self, user: &User) -> Option<Owner> {
        let key = user.external_id.as_deref()?;
        let number = Msisdn::parse(key).ok().filter(|number| number.in_full() == key);
        let owner = match number {
            Some(number) => Owner::Number(number),
            None => Owner::Account(UserAccount::parse(key).ok()?),
        };
        user.login.eq_ignore_ascii_case(&self.keeper.login(&owner)).then_some(owner)
    }

    async fn no_longer_served(&mut self, user: &User, owner: &Owner) -> Result<(), ReconcileError> {
        if self.ledger.is_served(owner, self.name, self.now()).await? {
            return Ok(());
        }
        let end = match self.mode {
            Mode::Tell => End::Told,
            Mode::Mend => {
                self.pace().await;
                let ended = self.keeper.enable_subscriber(owner, false, self.keeper.deadline()).await;
                self.ended(ended.map(drop))?
            }
        };
        self.tell(&user.login, What::Seeing, end);
        Ok(())
    }

    /// The user of a subscriber who is served.
    pub(super) async fn subscriber(
        &mut self,
        owner: &Owner,
        ours: &OnCamera,
        users: &Users,
    ) -> Result<(), ReconcileError> {
        let login = self.keeper.login(owner);
        let known = users.get(&hash(owner.in_full())).or_else(|| users.get(&hash(&login.to_lowercase())));
        let Some(why) = known.copied().unwrap_or(Some("there is no such user")) else { return Ok(()) };
        let end = match self.mode {
            Mode::Tell => End::Told,
            Mode::Mend if !self.ledger.is_served(owner, self.name, self.now()).await? => return Ok(()),
            Mode::Mend => {
                let preset = self.keeper.should(&ours.wanted, self.now()).unwrap_or_default().preset_id;
                self.pace().await;
                let mended = self.keeper.mend_subscriber(owner, preset, self.keeper.deadline()).await;
                self.ended(mended)?
            }
        };
        self.tell(&login, What::Unseeing(why), end);
        Ok(())
    }
}

fn amiss(user: &User, owner: &Owner, homes: &Homes, default: Option<OrganizationId>) -> Option<&'static str> {
    if !user.enabled {
        return Some("the user is disabled");
    }
    if !user.organizations.iter().any(|at| homes.is_home(owner, *at)) {
        return Some("the user is no member of the subscriber's organization");
    }
    let in_default = default
        .is_some_and(|default| user.organizations.contains(&default) && !homes.is_home(owner, default));
    in_default.then_some("the user is still in the default organization")
}
