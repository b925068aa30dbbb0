//! Users: subscribers who are served and cannot look, and, where an end disables users, those who are served no
//! more and can.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::{End, Mode, Reconcile, ReconcileError, Watcher, What, hash};
use crate::config::Suspend;
use crate::ids::vsaas::OrganizationId;
use crate::ledger::read::OnCamera;
use crate::providers::watcher::names::{self, Mark};
use crate::providers::watcher::{Keeper, Page, User};
use crate::service::wanted::Owner;

/// Whose organization is which.
pub(super) enum Homes {
    /// Everybody's.
    Shared(OrganizationId),
    /// By its id, the hash of its title, which tells its subscriber; only what is ours.
    Own(HashMap<OrganizationId, u64>),
}

/// Calls that mending a subscriber usually takes.
const CALLS_OF_SUBSCRIBER: usize = 5;

/// Watcher's users by the hash of their subscriber's key; what is the matter with each, if anything is.
pub(super) type Users = HashMap<u64, Option<&'static str>>;

impl Homes {
    pub(super) fn is_home(&self, keeper: &Keeper, owner: &Owner, at: OrganizationId) -> bool {
        match self {
            Self::Shared(shared) => *shared == at,
            Self::Own(titles) => titles.get(&at) == Some(&hash(&keeper.title(owner))),
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
        let ours = self.page(|| Box::pin(keeper.own_organizations(keeper.deadline()))).await?;
        loop {
            self.go_on("organizations", u64::try_from(titles.len()).unwrap_or(u64::MAX)).await?;
            let page = self.page(|| Box::pin(keeper.organizations_page(offset, keeper.deadline()))).await?;
            let before = titles.len();
            titles.extend(page.rows.into_iter().map(|one| (one.id, hash(&one.title))));
            match page.next.filter(|_| titles.len() > before) {
                Some(next) => offset = next,
                None => break,
            }
        }
        titles.retain(|id, _| ours.contains(id));
        Ok(Homes::Own(titles))
    }

    /// Walks through all users; what each subscriber's is like.
    pub(super) async fn users(&mut self, homes: &Homes) -> Result<Users, ReconcileError> {
        let (mut users, mut offset, mut begins, keeper) = (Users::new(), 0, None, self.keeper);
        let default = self.page(|| Box::pin(keeper.default_organization(keeper.deadline()))).await?;
        loop {
            self.go_on("users", self.report.users).await?;
            let page = self.page(|| Box::pin(keeper.users_page(offset, keeper.deadline()))).await?;
            let Page { rows, next } = page;
            let first = rows.first().map(|user| user.id);
            if first == begins {
                // A system that knows no pages gives the first one for ever.
                return Ok(users);
            }
            begins = first;
            for user in rows {
                self.report.users += 1;
                let domain = &keeper.settings().login_domain;
                let Some((owner, mark)) = names::owner_of(&user, domain) else { continue };
                let why = match mark {
                    Mark::Stranger => Some("its login is that of a user whose external_id is not ours"),
                    Mark::Key | Mark::Login => self.amiss(&user, &owner, homes, default),
                };
                match users.entry(hash(&names::key(&owner))) {
                    Entry::Occupied(mut known) if mark == Mark::Key => drop(known.insert(why)),
                    Entry::Occupied(_) => {}
                    Entry::Vacant(free) => drop(free.insert(why)),
                }
                if keeper.settings().suspend == Suspend::User && user.enabled && mark == Mark::Key {
                    self.no_longer_served(&user, &owner).await?;
                }
            }
            match next {
                Some(next) => offset = next,
                None => return Ok(users),
            }
        }
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
        let known = users.get(&hash(&names::key(owner))).copied();
        let Some(why) = known.unwrap_or(Some("there is no such user")) else { return Ok(()) };
        let end = match self.mode {
            Mode::Tell => End::Told,
            Mode::Mend if !self.ledger.is_served(owner, self.name, self.now()).await? => return Ok(()),
            Mode::Mend => {
                let preset = self.keeper.should(&ours.wanted, self.now()).unwrap_or_default().preset_id;
                for _ in 0..CALLS_OF_SUBSCRIBER {
                    self.pace().await;
                }
                let mended = self.keeper.mend_subscriber(owner, preset, self.keeper.deadline()).await;
                self.ended(mended)?
            }
        };
        self.tell(&login, What::Unseeing(why), end);
        Ok(())
    }

    fn amiss(
        &self,
        user: &User,
        owner: &Owner,
        homes: &Homes,
        default: Option<OrganizationId>,
    ) -> Option<&'static str> {
        if !user.enabled {
            return Some("the user is disabled");
        }
        let is_home = |at: OrganizationId| homes.is_home(self.keeper, owner, at);
        if !user.organizations.iter().any(|at| is_home(*at)) {
            return Some("the user is no member of the subscriber's organization");
        }
        let in_default =
            default.is_some_and(|default| user.organizations.contains(&default) && !is_home(default));
        in_default.then_some("the user is still in the default organization")
    }
}
