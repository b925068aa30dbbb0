//! One look through all that Watcher has: organizations, rights, users, cameras, list after list. Billing is asked
//! once, and only where subscribers have organizations of their own.

mod cameras;
mod homes;
mod users;
mod what;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher as _, RandomState};

use crate::clock::Timestamp;
use crate::ids::vsaas::{OrganizationId, PresetId, UserId};
use crate::providers::paced::Paced;
use crate::providers::watcher::{Camera, Keeper, Walk};
use crate::providers::{Calling, Difference, Fault, KeepsState, Look, Page, Survey};
use crate::service::wanted::{Owner, Wanted};
use homes::Homes;
use users::Users;

impl KeepsState for Keeper {
    fn reconcile_every_s(&self) -> u32 {
        self.settings.reconcile_every_s
    }

    fn survey(&self) -> Box<dyn Survey + '_> {
        Box::new(Surveyor {
            keeper: self,
            calls: Paced::new(self.settings.per_second),
            hasher: RandomState::new(),
            list: Some(List::Homes),
            walk: Walk::default(),
            homes: Homes::default(),
            seeing: None,
            met: HashSet::new(),
            users: Users::default(),
            seen: HashSet::new(),
            read: HashMap::new(),
            available: HashSet::new(),
        })
    }
}

/// The lists, in the order in which they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    /// Which organizations are ours: the default one, and those that billing says are.
    Homes,
    Organizations,
    /// Who has rights in the folder of this one, which all share.
    Rights(OrganizationId),
    Users,
    Cameras,
}

struct Surveyor<'a> {
    keeper: &'a Keeper,
    calls: Paced,
    hasher: RandomState,
    /// What is read now; none once all was.
    list: Option<List>,
    walk: Walk,
    homes: Homes,
    /// Who has rights in the folder of the organization that all share; none where there is none such, or nobody may
    /// look, and once all users were read.
    seeing: Option<HashSet<UserId>>,
    /// Users that were read, whoever's they are, until all were.
    met: HashSet<UserId>,
    users: Users,
    /// Hashes of the names of the cameras that were read.
    seen: HashSet<u64>,
    /// The cameras that were read last.
    read: HashMap<String, Camera>,
    /// Presets that an organization is known to have.
    available: HashSet<(OrganizationId, PresetId)>,
}

impl Survey for Surveyor<'_> {
    fn next(&self) -> Option<(&'static str, u64)> {
        let (doing, done) = match self.list? {
            List::Homes | List::Organizations => ("organizations", self.homes.len()),
            List::Rights(_) => ("rights", self.walk.offset),
            List::Users => ("users", self.met.len()),
            List::Cameras => ("cameras", self.seen.len()),
        };
        Some((doing, u64::try_from(done).unwrap_or(u64::MAX)))
    }

    fn read(&mut self) -> Calling<'_, Page> {
        Box::pin(async move {
            match self.list {
                Some(List::Homes) => self.read_homes().await,
                Some(List::Organizations) => self.read_organizations().await,
                Some(List::Rights(shared)) => self.read_rights(shared).await,
                Some(List::Users) => self.read_users().await,
                Some(List::Cameras) => self.read_cameras().await,
                None => Ok(Page::default()),
            }
        })
    }

    fn has(&self, camera: &str) -> bool {
        self.seen.contains(&self.hash(camera))
    }

    fn look<'a>(&'a mut self, camera: &'a str) -> Calling<'a, Look> {
        Box::pin(self.look_at(camera))
    }

    fn differs(&self, camera: &str, wanted: &Wanted, now: Timestamp) -> Option<Difference> {
        self.matter(self.read.get(camera)?, wanted, now).map(|what| what.of(camera))
    }

    fn mend<'a>(&'a mut self, camera: &'a str, wanted: &'a Wanted, now: Timestamp) -> Calling<'a, ()> {
        Box::pin(self.mend_camera(camera, wanted, now))
    }

    fn amiss<'a>(&'a mut self, owner: &'a Owner) -> Calling<'a, Option<Difference>> {
        Box::pin(async move {
            let why = self.unseeing(owner).await?;
            Ok(why.map(|why| what::What::Unseeing(why).of(&self.keeper.login(owner))))
        })
    }

    fn admit<'a>(&'a mut self, owner: &'a Owner, wanted: &'a Wanted, now: Timestamp) -> Calling<'a, ()> {
        Box::pin(self.mend_user(owner, wanted, now))
    }

    fn shut_out<'a>(&'a mut self, owner: &'a Owner) -> Calling<'a, ()> {
        Box::pin(async move {
            self.calls.wait(1).await;
            self.keeper.enable_subscriber(owner, false, self.keeper.deadline()).await.map(drop)
        })
    }
}

impl Surveyor<'_> {
    fn hash(&self, text: &str) -> u64 {
        self.hasher.hash_one(text)
    }

    /// Another list is read from now on.
    fn turn_to(&mut self, list: Option<List>) {
        (self.list, self.walk) = (list, Walk::default());
    }

    /// The next page of the list is read from now on, or another list; which page was `read` and whether it had rows
    /// that could be read, and new ones among them, is said as to [`Walk::goes_on`].
    fn walked(&mut self, next: Option<usize>, had: (bool, bool), then: Option<List>) -> Result<(), Fault> {
        if !self.walk.goes_on(next, had)? {
            self.turn_to(then);
        }
        Ok(())
    }
}
