//! What is looked up at every call, kept beside the maps: who logs in how, who is a member where, how many cameras
//! an organization has, and the order that lists come in where none is asked for. Made anew after a test has
//! changed a map by hand.

use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeSet, HashMap};
use std::hash::{Hash, Hasher};

use super::grams::Grams;
use super::state::{Camera, Organization, User};
use super::watched::Watched;

#[derive(Debug, Clone, Default)]
pub struct Index {
    /// Of users, organizations and cameras, as of which this is.
    seen: Option<[u64; 3]>,
    logins: HashMap<String, i64>,
    /// What a search looks into.
    texts: HashMap<i64, String>,
    grams: Grams,
    users: BTreeSet<(u64, i64)>,
    homes: HashMap<i64, Vec<i64>>,
    members: HashMap<i64, BTreeSet<(u64, i64)>>,
    /// Of billing.
    billed: HashMap<i64, i64>,
    folders: HashMap<i64, i64>,
    organizations: BTreeSet<(u64, i64)>,
    cameras: BTreeSet<(u64, String)>,
    cameras_at: HashMap<i64, usize>,
    cameras_in: HashMap<i64, usize>,
}

/// An order that nobody would think of.
pub fn odd(id: i64) -> u64 {
    (id as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn odd_name(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

impl Index {
    pub fn renew(
        &mut self,
        users: &Watched<i64, User>,
        organizations: &Watched<i64, Organization>,
        cameras: &Watched<String, Camera>,
    ) {
        let now = [users.changes(), organizations.changes(), cameras.changes()];
        if self.seen == Some(now) {
            return;
        }
        *self = Self { seen: Some(now), ..Self::default() };
        users.iter().for_each(|(id, user)| self.user(*id, user));
        organizations.iter().for_each(|(id, organization)| self.organization(*id, organization));
        cameras.iter().for_each(|(name, camera)| self.camera(name, camera));
    }

    pub fn user(&mut self, id: i64, user: &User) {
        let known = self.logins.entry(user.login.clone()).or_insert(id);
        *known = id.min(*known);
        let text = user.text();
        self.grams.add(id, &text);
        self.texts.insert(id, text);
        self.users.insert((odd(id), id));
    }

    pub fn no_login(&mut self, id: i64, user: &User) {
        if self.logins.get(&user.login) == Some(&id) {
            self.logins.remove(&user.login);
        }
    }

    pub fn no_user(&mut self, id: i64, user: &User) {
        self.no_login(id, user);
        self.texts.remove(&id);
        self.users.remove(&(odd(id), id));
        self.homes.remove(&id);
    }

    pub fn organization(&mut self, id: i64, organization: &Organization) {
        self.organizations.insert((odd(id), id));
        if let Some(billing_id) = organization.billing_id {
            self.billed.insert(billing_id, id);
        }
        self.folders.extend(organization.folders.keys().map(|folder| (*folder, id)));
        for user in organization.members.keys() {
            self.member(id, *user);
        }
    }

    pub fn no_organization(&mut self, id: i64, organization: &Organization) {
        self.organizations.remove(&(odd(id), id));
        if let Some(billing_id) = organization.billing_id {
            self.billed.remove(&billing_id);
        }
        for folder in organization.folders.keys() {
            self.folders.remove(folder);
        }
        for user in organization.members.keys() {
            self.no_member(id, *user);
        }
    }

    pub fn member(&mut self, organization: i64, user: i64) {
        let homes = self.homes.entry(user).or_default();
        if let Err(at) = homes.binary_search(&organization) {
            homes.insert(at, organization);
        }
        self.members.entry(organization).or_default().insert((odd(user), user));
    }

    pub fn no_member(&mut self, organization: i64, user: i64) {
        if let Some(homes) = self.homes.get_mut(&user) {
            homes.retain(|home| *home != organization);
        }
        if let Some(members) = self.members.get_mut(&organization) {
            members.remove(&(odd(user), user));
        }
    }

    pub fn camera(&mut self, name: &str, camera: &Camera) {
        self.cameras.insert((odd_name(name), name.to_owned()));
        *self.cameras_at.entry(camera.organization).or_default() += 1;
        *self.cameras_in.entry(camera.folder).or_default() += 1;
    }

    /// One that goes elsewhere.
    pub fn no_camera(&mut self, camera: &Camera) {
        for (counts, at) in
            [(&mut self.cameras_at, camera.organization), (&mut self.cameras_in, camera.folder)]
        {
            if let Some(count) = counts.get_mut(&at) {
                *count -= 1;
            }
        }
    }

    pub fn login(&self, login: &str) -> Option<i64> {
        self.logins.get(login).copied()
    }

    /// Users of whom a search finds something, in order of their ids. `part` is in lower case.
    pub fn search(&self, part: &str) -> Vec<i64> {
        let finds = |id: &i64| self.texts.get(id).is_some_and(|text| text.contains(part));
        match self.grams.candidates(part) {
            Some(few) => few.into_iter().filter(finds).collect(),
            None => {
                let mut all: Vec<i64> = self.texts.keys().copied().filter(finds).collect();
                all.sort_unstable();
                all
            }
        }
    }

    pub fn homes(&self, user: i64) -> Vec<i64> {
        self.homes.get(&user).cloned().unwrap_or_default()
    }

    pub fn billed(&self, billing_id: i64) -> Option<i64> {
        self.billed.get(&billing_id).copied()
    }

    /// Whose a folder is.
    pub fn folder(&self, folder: i64) -> Option<i64> {
        self.folders.get(&folder).copied()
    }

    pub fn cameras_at(&self, organization: i64) -> usize {
        self.cameras_at.get(&organization).copied().unwrap_or_default()
    }

    pub fn cameras_in(&self, folder: i64) -> usize {
        self.cameras_in.get(&folder).copied().unwrap_or_default()
    }

    pub fn users(&self) -> impl Iterator<Item = i64> + '_ {
        self.users.iter().map(|(_, id)| *id)
    }

    pub fn members(&self, organization: i64) -> impl Iterator<Item = i64> + '_ {
        self.members.get(&organization).into_iter().flatten().map(|(_, id)| *id)
    }

    pub fn organizations(&self) -> impl Iterator<Item = i64> + '_ {
        self.organizations.iter().map(|(_, id)| *id)
    }

    pub fn cameras(&self) -> impl Iterator<Item = &str> + '_ {
        self.cameras.iter().map(|(_, name)| name.as_str())
    }
}
