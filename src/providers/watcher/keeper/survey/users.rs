//! Users: what keeps a subscriber from looking, and, where an end of service disables users, who can look.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::what::What;
use super::{List, Surveyor};
use crate::clock::Timestamp;
use crate::config::Suspend;
use crate::ids::vsaas::{OrganizationId, UserId};
use crate::providers::watcher::names::{self, Mark};
use crate::providers::watcher::{Page as Rows, User};
use crate::providers::{Fault, Page};
use crate::service::wanted::{Owner, Wanted};

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

impl Surveyor<'_> {
    pub(super) async fn read_users(&mut self) -> Result<Page, Fault> {
        let (keeper, offset) = (self.keeper, self.walk.offset);
        let ask = || keeper.client.users_page(offset, keeper.deadline());
        let Rows { rows, odd, next } = self.calls.ask(ask).await?;
        let (is_legible, mut page) = (!rows.is_empty(), Page { odd, ..Page::default() });
        for user in rows {
            if !self.met.insert(user.id) {
                continue;
            }
            page.users += 1;
            let Some((owner, mark)) = names::owner_of(&user, &keeper.settings.login_domain) else { continue };
            self.know(&user, &owner, mark);
            if keeper.settings.suspend == Suspend::User && user.enabled && mark == Mark::Key {
                page.admitted.push((owner, What::Seeing.of(&user.login)));
            }
        }
        self.walked(next, (is_legible, page.users > 0), Some(List::Cameras))?;
        Ok(page)
    }

    fn know(&mut self, user: &User, owner: &Owner, mark: Mark) {
        let why = match mark {
            Mark::Stranger => Some("its login is that of a user whose external_id is not ours"),
            Mark::Key | Mark::Login => self.amiss_with(user, owner),
        };
        let is_blind = self.seeing.as_ref().is_some_and(|seeing| !seeing.contains(&user.id));
        let why = why.or(is_blind.then_some(NO_RIGHTS));
        let seen = Known { id: user.id, why, own: self.own(owner, &user.organizations) };
        match self.users.entry(self.key_hash(owner)) {
            Entry::Occupied(mut known) if mark == Mark::Key => drop(known.insert(seen)),
            Entry::Occupied(_) => {}
            Entry::Vacant(free) => drop(free.insert(seen)),
        }
    }

    fn amiss_with(&self, user: &User, owner: &Owner) -> Option<&'static str> {
        if !user.enabled {
            return Some("the user is disabled");
        }
        if !user.organizations.iter().any(|at| self.is_home(owner, *at)) {
            return Some("the user is no member of the subscriber's organization");
        }
        let is_left = |default| user.organizations.contains(&default) && !self.is_home(owner, default);
        self.homes.default.is_some_and(is_left).then_some("the user is still in the default organization")
    }

    /// What keeps a subscriber from looking, if anything does. The members of organizations of their own are looked up
    /// here, one by one.
    pub(super) async fn unseeing(&self, owner: &Owner) -> Result<Option<&'static str>, Fault> {
        let Some(known) = self.users.get(&self.key_hash(owner)) else {
            return Ok(Some("there is no such user"));
        };
        let (None, Some(own), keeper) = (known.why, known.own, self.keeper) else { return Ok(known.why) };
        match self.calls.ask(|| keeper.has_rights(own, known.id, keeper.deadline())).await {
            Ok(has_rights) => Ok((!has_rights).then_some(NO_RIGHTS)),
            Err(fault) if fault.is_of_one() => Ok(Some("its rights in the folder cannot be looked at")),
            Err(fault) => Err(fault),
        }
    }

    pub(super) async fn mend_user(
        &self,
        owner: &Owner,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let preset = self.keeper.should(wanted, now).unwrap_or_default().preset_id;
        self.calls.wait(CALLS_OF_SUBSCRIBER).await;
        self.keeper.ready(owner, preset, self.keeper.deadline()).await.map(drop)
    }

    fn key_hash(&self, owner: &Owner) -> u64 {
        self.hash(&names::key(owner))
    }
}
