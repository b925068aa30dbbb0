//! Users: what keeps a subscriber from looking, and, where an end of service disables users, who can look.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

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

/// Watcher's users by the hash of their subscriber's key. There may be very many, so that of each no more is held than
/// is asked for once the lists are read.
#[derive(Default)]
pub(super) struct Users {
    /// What keeps each from looking, as far as the lists tell.
    blind: HashMap<u64, Option<Blind>>,
    /// Those that are members of an organization of their own, whose rights there are looked up one by one.
    own: HashMap<u64, (UserId, OrganizationId)>,
}

/// What keeps a user from looking.
#[derive(Clone, Copy)]
enum Blind {
    Stranger,
    Disabled,
    NoMember,
    InDefault,
    NoRights,
}

impl Blind {
    fn words(self) -> &'static str {
        match self {
            Self::Stranger => "its login is that of a user whose external_id is not ours",
            Self::Disabled => "the user is disabled",
            Self::NoMember => "the user is no member of the subscriber's organization",
            Self::InDefault => "the user is still in the default organization",
            Self::NoRights => "the user has no rights in the folder",
        }
    }
}

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
        if self.list != Some(List::Users) {
            // What they were read with.
            (self.met, self.seeing) = (HashSet::new(), None);
        }
        Ok(page)
    }

    fn know(&mut self, user: &User, owner: &Owner, mark: Mark) {
        let blind = match mark {
            Mark::Stranger => Some(Blind::Stranger),
            Mark::Key | Mark::Login => self.amiss_with(user, owner),
        };
        let is_unseeing = self.seeing.as_ref().is_some_and(|seeing| !seeing.contains(&user.id));
        let blind = blind.or(is_unseeing.then_some(Blind::NoRights));
        let (key, own) = (self.key_hash(owner), self.own(owner, &user.organizations));
        match self.users.blind.entry(key) {
            Entry::Occupied(mut known) if mark == Mark::Key => drop(known.insert(blind)),
            Entry::Occupied(_) => return,
            Entry::Vacant(free) => drop(free.insert(blind)),
        }
        match own {
            Some(own) => drop(self.users.own.insert(key, (user.id, own))),
            None => drop(self.users.own.remove(&key)),
        }
    }

    fn amiss_with(&self, user: &User, owner: &Owner) -> Option<Blind> {
        if !user.enabled {
            return Some(Blind::Disabled);
        }
        if !user.organizations.iter().any(|at| self.is_home(owner, *at)) {
            return Some(Blind::NoMember);
        }
        let is_left = |default| user.organizations.contains(&default) && !self.is_home(owner, default);
        self.homes.default.is_some_and(is_left).then_some(Blind::InDefault)
    }

    /// What keeps a subscriber from looking, if anything does. The members of organizations of their own are looked up
    /// here, one by one.
    pub(super) async fn unseeing(&self, owner: &Owner) -> Result<Option<&'static str>, Fault> {
        let (key, keeper) = (self.key_hash(owner), self.keeper);
        let (own, user) = match (self.users.blind.get(&key), self.users.own.get(&key)) {
            (None, _) => return Ok(Some("there is no such user")),
            (Some(None), Some((user, own))) => (*own, *user),
            (Some(blind), _) => return Ok(blind.map(Blind::words)),
        };
        match self.calls.ask(|| keeper.has_rights(own, user, keeper.deadline())).await {
            Ok(has_rights) => Ok((!has_rights).then_some(Blind::NoRights.words())),
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
        let (keeper, deadline) = (self.keeper, self.keeper.deadline());
        let turn = keeper.turns.take(owner, deadline).await?;
        keeper.ready((owner, turn), preset, drop, deadline).await.map(drop)
    }

    fn key_hash(&self, owner: &Owner) -> u64 {
        self.hash(&names::key(owner))
    }
}
