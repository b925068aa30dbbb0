//! Users: subscribers who are served and cannot look, and, where an end disables users, those who are served no
//! more and can.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use super::{End, Mode, Reconcile, ReconcileError, Watcher, What, hash, is_of_one};
use crate::config::Suspend;
use crate::ids::vsaas::{OrganizationId, UserId};
use crate::ledger::read::OnCamera;
use crate::providers::Fault;
use crate::providers::watcher::names::{self, Mark};
use crate::providers::watcher::{FolderUser, Keeper, Page, User, Walk};
use crate::service::wanted::Owner;

/// Whose organization is which.
pub(super) struct Homes {
    whose: Whose,
    /// Where users and cameras land that are nobody's yet.
    pub(super) default: Option<OrganizationId>,
}

enum Whose {
    /// Everybody's.
    Shared(OrganizationId),
    /// By its id, the hash of its title, which tells its subscriber; only what is ours.
    Own(HashMap<OrganizationId, u64>),
}

/// Calls that mending a subscriber usually takes.
const CALLS_OF_SUBSCRIBER: usize = 6;

/// Watcher's users by the hash of their subscriber's key.
pub(super) type Users = HashMap<u64, Known>;

/// A user of a subscriber's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    id: UserId,
    /// What is the matter, if anything is.
    why: Option<&'static str>,
    /// The organization of its own where it is a member.
    own: Option<OrganizationId>,
}

/// What a member cannot look without.
const NO_RIGHTS: &str = "the user has no rights in the folder";

impl Homes {
    pub(super) fn is_home(&self, keeper: &Keeper, owner: &Owner, at: OrganizationId) -> bool {
        match &self.whose {
            Whose::Shared(shared) => *shared == at,
            Whose::Own(titles) => titles.get(&at) == Some(&hash(&keeper.title(owner))),
        }
    }

    /// The subscriber's own organization among some.
    fn own(&self, keeper: &Keeper, owner: &Owner, among: &[OrganizationId]) -> Option<OrganizationId> {
        match self.whose {
            Whose::Shared(_) => None,
            Whose::Own(_) => among.iter().copied().find(|at| self.is_home(keeper, owner, *at)),
        }
    }
}

impl<W: Watcher> Reconcile<'_, W> {
    /// The organizations of all subscribers.
    pub(super) async fn homes(&mut self) -> Result<Homes, ReconcileError> {
        let (mut titles, mut walk, keeper) = (HashMap::new(), Walk::default(), self.keeper);
        let default = self.page(|| Box::pin(keeper.default_organization(keeper.deadline()))).await?;
        let shared = keeper.settings().organization_id;
        let ours = match shared {
            Some(_) => None,
            None => self.page(|| Box::pin(keeper.own_organizations(keeper.deadline()))).await?,
        };
        loop {
            self.go_on("organizations", u64::try_from(titles.len()).unwrap_or(u64::MAX)).await?;
            let ask = || keeper.client().organizations_page(walk.offset, keeper.deadline());
            let page = self.page(|| Box::pin(ask())).await?;
            self.report.odd += page.odd;
            let (is_legible, mut is_new) = (!page.rows.is_empty(), false);
            for one in page.rows {
                is_new |= titles.insert(one.id, hash(&one.title)).is_none();
                if shared == Some(one.id) {
                    keeper.tell_room(&one);
                }
            }
            // All else of them is of no concern where one is everybody's.
            let is_all = shared.is_some_and(|shared| titles.contains_key(&shared));
            if is_all || !walk.goes_on(page.next, (is_legible, is_new))? {
                break;
            }
        }
        let whose = match shared {
            Some(shared) => Whose::Shared(shared),
            None => {
                let is_ours = |id: &OrganizationId| ours.as_ref().is_none_or(|ours| ours.contains(id));
                titles.retain(|id, _| is_ours(id) && Some(*id) != default);
                Whose::Own(titles)
            }
        };
        Ok(Homes { whose, default })
    }

    /// Walks through all users; what each subscriber's is like.
    pub(super) async fn users(&mut self, homes: &Homes) -> Result<Users, ReconcileError> {
        let (mut users, mut walk, mut met) = (Users::new(), Walk::default(), HashSet::new());
        let keeper = self.keeper;
        let seeing = self.seeing(homes).await?;
        loop {
            self.go_on("users", self.report.users).await?;
            let ask = || keeper.client().users_page(walk.offset, keeper.deadline());
            let Page { rows, odd, next } = self.page(|| Box::pin(ask())).await?;
            self.report.odd += odd;
            let (is_legible, mut is_new) = (!rows.is_empty(), false);
            for user in rows {
                if !met.insert(user.id) {
                    continue;
                }
                is_new = true;
                self.report.users += 1;
                let domain = &keeper.settings().login_domain;
                let Some((owner, mark)) = names::owner_of(&user, domain) else { continue };
                let why = match mark {
                    Mark::Stranger => Some("its login is that of a user whose external_id is not ours"),
                    Mark::Key | Mark::Login => self.amiss(&user, &owner, homes),
                };
                let is_blind = seeing.as_ref().is_some_and(|seeing| !seeing.contains(&user.id));
                let why = why.or(is_blind.then_some(NO_RIGHTS));
                let own = homes.own(keeper, &owner, &user.organizations);
                let seen = Known { id: user.id, why, own };
                match users.entry(hash(&names::key(&owner))) {
                    Entry::Occupied(mut known) if mark == Mark::Key => drop(known.insert(seen)),
                    Entry::Occupied(_) => {}
                    Entry::Vacant(free) => drop(free.insert(seen)),
                }
                if keeper.settings().suspend == Suspend::User && user.enabled && mark == Mark::Key {
                    self.no_longer_served(&user, &owner).await?;
                }
            }
            if !walk.goes_on(next, (is_legible, is_new))? {
                return Ok(users);
            }
        }
    }

    /// Who has rights in the folder of the organization that all share; `None` where there is none such, or nobody may
    /// look: that is told of, and cameras are compared all the same.
    async fn seeing(&mut self, homes: &Homes) -> Result<Option<HashSet<UserId>>, ReconcileError> {
        match self.all_seeing(homes).await {
            Err(ReconcileError::Fault(fault)) if is_of_one(&fault) || matches!(fault, Fault::NotThere(_)) => {
                let on = match self.keeper.settings().folder_id {
                    Some(folder) => format!("folder {folder}"),
                    None => "the root folder".to_owned(),
                };
                self.tell(&on, What::Refused, End::Failed(fault.to_string()));
                Ok(None)
            }
            seeing => seeing,
        }
    }

    async fn all_seeing(&mut self, homes: &Homes) -> Result<Option<HashSet<UserId>>, ReconcileError> {
        let (mut seeing, mut walk, keeper) = (HashSet::new(), Walk::default(), self.keeper);
        let Whose::Shared(shared) = homes.whose else { return Ok(None) };
        let folder = self.page(|| Box::pin(keeper.folder(shared, keeper.deadline()))).await?;
        loop {
            self.go_on("rights", u64::try_from(walk.offset).unwrap_or(u64::MAX)).await?;
            let ask = || keeper.client().folder_users_page((shared, folder), walk.offset, keeper.deadline());
            let page = self.page(|| Box::pin(ask())).await?;
            self.report.odd += page.odd;
            let before = seeing.len();
            let is_legible = !page.rows.is_empty();
            seeing.extend(page.rows.into_iter().map(|FolderUser(user)| user));
            if !walk.goes_on(page.next, (is_legible, seeing.len() > before))? {
                return Ok(Some(seeing));
            }
        }
    }

    /// What is the matter with a subscriber's user, if anything is. The members of organizations of their own
    /// are looked up here, one by one.
    async fn matter(&self, known: Option<&Known>) -> Result<Option<&'static str>, ReconcileError> {
        let Some(known) = known else { return Ok(Some("there is no such user")) };
        let (None, Some(own), keeper) = (known.why, known.own, self.keeper) else { return Ok(known.why) };
        let ask = || keeper.has_rights(own, known.id, keeper.deadline());
        Ok(match self.one(|| Box::pin(ask())).await? {
            Ok(true) => None,
            Ok(false) => Some(NO_RIGHTS),
            Err(_) => Some("its rights in the folder cannot be looked at"),
        })
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
        let known = users.get(&hash(&names::key(owner)));
        let Some(why) = self.matter(known).await? else { return Ok(()) };
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

    fn amiss(&self, user: &User, owner: &Owner, homes: &Homes) -> Option<&'static str> {
        if !user.enabled {
            return Some("the user is disabled");
        }
        let is_home = |at: OrganizationId| homes.is_home(self.keeper, owner, at);
        if !user.organizations.iter().any(|at| is_home(*at)) {
            return Some("the user is no member of the subscriber's organization");
        }
        let in_default =
            homes.default.is_some_and(|default| user.organizations.contains(&default) && !is_home(default));
        in_default.then_some("the user is still in the default organization")
    }
}
