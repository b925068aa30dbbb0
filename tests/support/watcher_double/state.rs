//! The world of the double: what both systems know of, and what was done to it.
//!
//! ```text
//! presets        391 …        tariffs of billing         548 …
//! organizations  752 …        organizations of billing  7360 …
//! folders       1155 …        users                     2297 …
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::at_once::AtOnce;
use super::faults::{Fault, How, Rewrite, WORDS, When};
use super::index::Index;
use super::odd::{Odd, Shown};
use super::request::Request;
pub use super::rows::{Camera, Member, Organization, Preset, Rights, Tariff, User};
use super::watched::Watched;

/// One thing that the key may not touch, good as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    Camera(String),
    User(i64),
    Folder(i64),
    Organization(i64),
}

/// What is said of the key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Key {
    #[default]
    Good,
    Wrong,
    Expired,
}

/// What becomes of a list's `sort`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Sorting {
    /// By one of the row's fields; another is refused.
    #[default]
    Known,
    /// Nothing: it is not looked at.
    Ignored,
    /// It is refused.
    Refused,
}

#[derive(Debug, Clone)]
pub struct State {
    pub presets: BTreeMap<i64, Preset>,
    pub tariffs: BTreeMap<i64, Tariff>,
    pub default_tariff: i64,
    pub organizations: Watched<i64, Organization>,
    pub default_organization: i64,
    pub users: Watched<i64, User>,
    pub cameras: Watched<String, Camera>,
    /// Whether billing makes and changes organizations and what presets they have; else Watcher does, and there is
    /// no billing at all.
    pub is_billed: bool,
    /// Cameras whose preset came to keep fewer days, and with them fewer recordings, in order.
    pub archive_lost: Vec<String>,
    /// Every call: `PUT /vsaas/api/v2/cameras/cam-1`.
    pub calls: Vec<String>,
    /// Requests that a right client never makes, with what is wrong with them.
    pub refused: Vec<String>,
    pub faults: Vec<Fault>,
    /// What becomes of answers that no fault strikes.
    pub rewrite: Option<Rewrite>,
    /// What [`How::Words`] says.
    pub words: String,
    pub key: Key,
    /// What is refused with 403, while the key is good.
    pub forbidden: BTreeSet<Thing>,
    /// Rows that are not as the papers' samples.
    pub odd: Vec<Odd>,
    /// How members' rights are written in lists of members.
    pub shows_rights: Shown,
    /// What is answered to rights that are there already, where they are not written anew.
    pub repeated_grant: Option<u16>,
    /// No list gives more rows at once, whatever its `limit` says.
    pub rows_max: usize,
    pub sorting: Sorting,
    /// No user may have more sessions at once; a setting of Watcher's.
    pub sessions_max: Option<i64>,
    /// Before every answer.
    pub delay: Duration,
    pub at_once: AtOnce,
    index: Index,
    counts: BTreeMap<String, usize>,
    tokens: usize,
    next: BTreeMap<&'static str, i64>,
}

impl State {
    /// Three tariffs; the default organization with one camera, another with one; their owner.
    pub fn new() -> Self {
        let next = [("tariff", 548), ("preset", 391), ("organization", 752), ("billing", 7360)];
        let more = [("folder", 1155), ("user", 2297)];
        let mut state = Self {
            presets: BTreeMap::new(),
            tariffs: BTreeMap::new(),
            default_tariff: 0,
            organizations: Watched::default(),
            default_organization: 0,
            users: Watched::default(),
            cameras: Watched::default(),
            is_billed: true,
            archive_lost: Vec::new(),
            calls: Vec::new(),
            refused: Vec::new(),
            faults: Vec::new(),
            rewrite: None,
            words: WORDS.to_owned(),
            key: Key::Good,
            forbidden: BTreeSet::new(),
            odd: Vec::new(),
            shows_rights: Shown::Objects,
            repeated_grant: None,
            rows_max: usize::MAX,
            sorting: Sorting::Known,
            sessions_max: None,
            delay: Duration::ZERO,
            at_once: AtOnce::default(),
            index: Index::default(),
            counts: BTreeMap::new(),
            tokens: 0,
            next: next.into_iter().chain(more).collect(),
        };
        state.renew();
        (state.default_tariff, _) = state.create_tariff("Default", 0.0);
        state.create_tariff("Test plan", 3.0);
        state.create_tariff("My demo plan", 7.0);
        state.default_organization = state.create_organization("Unassigned cameras", false, BTreeSet::new());
        let own = state.create_organization("My organization", true, BTreeSet::new());
        let owner = state.create_user("demo@example.org", "unit-test-password", None);
        state.join(own, owner, true);
        state.add_camera("camera02-5ca25a2330", state.default_organization);
        state.add_camera("demo-cam-219c36899q", own);
        state
    }

    /// Brings the index up to what a test changed by hand.
    pub fn renew(&mut self) {
        self.index.renew(&self.users, &self.organizations, &self.cameras);
    }

    /// As of the last [`renew`](Self::renew) and of what calls have changed since.
    pub fn index(&self) -> &Index {
        &self.index
    }

    pub fn id(&mut self, of: &'static str) -> i64 {
        let next = self.next.get_mut(of).expect("a kind of id");
        *next += 1;
        *next - 1
    }

    /// Has what is made from now on have ids so far apart that there is room for very many of each kind.
    pub fn spread_ids(&mut self) {
        for (at, next) in (1..).zip(self.next.values_mut()) {
            *next = at * 1_000_000;
        }
    }

    /// As in billing's pages; returns its id there and the preset's.
    pub fn create_tariff(&mut self, name: &str, days: f64) -> (i64, i64) {
        let (tariff, preset) = (self.id("tariff"), self.create_preset(name, days));
        let price = format!("{:.1} USD", days * 10.0);
        let (name, status) = (name.to_owned(), "Active".to_owned());
        self.tariffs.insert(tariff, Tariff { name, price, status, preset });
        (tariff, preset)
    }

    pub fn create_preset(&mut self, title: &str, days: f64) -> i64 {
        let id = self.id("preset");
        self.presets.insert(id, Preset { title: title.to_owned(), days, is_deleted: false });
        id
    }

    /// As a checkbox in billing's pages does: there is one default, and the one before is like any other.
    pub fn make_default(&mut self, tariff: i64) {
        let before = std::mem::replace(&mut self.default_tariff, tariff);
        for organization in self.organizations.quietly().values_mut() {
            organization.tariffs.insert(before);
            organization.tariffs.remove(&tariff);
        }
    }

    pub fn create_organization(&mut self, title: &str, in_billing: bool, tariffs: BTreeSet<i64>) -> i64 {
        let (id, folder) = (self.id("organization"), self.id("folder"));
        let organization = Organization {
            billing_id: in_billing.then(|| self.id("billing")),
            title: title.to_owned(),
            owner: "demo@example.org".to_owned(),
            tariffs,
            presets: BTreeSet::new(),
            members: BTreeMap::new(),
            folders: BTreeMap::from([(folder, None)]),
            user_limit: Some(1000),
            camera_limit: Some(1000),
            dvr_limit: Some(100),
        };
        self.index.organization(id, &organization);
        self.organizations.quietly().insert(id, organization);
        id
    }

    /// Its cameras are nobody's then.
    pub fn delete_organization(&mut self, id: i64) {
        if let Some(organization) = self.organizations.quietly().remove(&id) {
            self.index.no_organization(id, &organization);
        }
        let (home, folder) = (self.default_organization, self.root(self.default_organization));
        if self.index.cameras_at(id) == 0 {
            return;
        }
        for camera in self.cameras.values_mut().filter(|camera| camera.organization == id) {
            (camera.organization, camera.folder) = (home, folder);
        }
        self.renew();
    }

    /// A new user is in the default organization.
    pub fn create_user(&mut self, login: &str, password: &str, external_id: Option<&str>) -> i64 {
        let user = User {
            login: login.to_owned(),
            password: password.to_owned(),
            external_id: external_id.map(str::to_owned),
            enabled: true,
            ..User::default()
        };
        let id = self.create_user_of(user);
        self.join(self.default_organization, id, false);
        id
    }

    /// One that is a member nowhere yet.
    pub fn create_user_of(&mut self, user: User) -> i64 {
        let id = self.id("user");
        self.index.user(id, &user);
        self.users.quietly().insert(id, user);
        id
    }

    /// So many users of subscribers, members with rights of an organization and of no other: `84940000000@DOMAIN` …
    pub fn create_users(&mut self, count: usize, domain: &str, organization: i64) {
        let root = self.root(organization);
        for n in 0..count {
            let number = format!("8494{n:07}");
            let login = format!("{number}@{domain}");
            let user = User { login, external_id: Some(number), enabled: true, ..User::default() };
            let id = self.id("user");
            self.users.insert(id, user);
            let member = Member { is_editor: false, folders: BTreeMap::from([(root, Rights::ALL)]) };
            self.organizations.get_mut(&organization).unwrap().members.insert(id, member);
        }
        self.renew();
    }

    pub fn delete_user(&mut self, id: i64) {
        if let Some(user) = self.users.quietly().remove(&id) {
            for organization in self.index.homes(id) {
                self.leave(organization, id);
            }
            self.index.no_user(id, &user);
        }
    }

    pub fn change_user(&mut self, id: i64, changed: User) {
        self.index.no_login(id, &self.users[&id]);
        self.index.user(id, &changed);
        self.users.quietly().insert(id, changed);
    }

    pub fn join(&mut self, organization: i64, user: i64, is_editor: bool) {
        let member = Member { is_editor, folders: BTreeMap::new() };
        self.organizations.quietly().get_mut(&organization).unwrap().members.insert(user, member);
        self.index.member(organization, user);
    }

    /// Whether the user was a member.
    pub fn leave(&mut self, organization: i64, user: i64) -> bool {
        self.index.no_member(organization, user);
        let organizations = self.organizations.quietly();
        organizations.get_mut(&organization).is_some_and(|of| of.members.remove(&user).is_some())
    }

    /// In the organization's root folder, enabled, with the default preset.
    pub fn add_camera(&mut self, name: &str, organization: i64) {
        let camera = Camera {
            title: name.split('-').next().unwrap_or(name).to_owned(),
            comment: String::new(),
            organization,
            folder: self.root(organization),
            preset: self.default_preset(),
            enabled: true,
            is_fresh: false,
            dvr_depth: None,
            hostname: None,
            http_port: None,
            https_port: None,
        };
        self.put_camera(name, camera);
    }

    pub fn put_camera(&mut self, name: &str, camera: Camera) {
        if let Some(before) = self.cameras.get(name) {
            self.index.no_camera(before);
        }
        self.index.camera(name, &camera);
        self.cameras.quietly().insert(name.to_owned(), camera);
    }

    pub fn root(&self, organization: i64) -> i64 {
        let folders = &self.organizations[&organization].folders;
        *folders.iter().find(|(_, parent)| parent.is_none()).expect("a root").0
    }

    pub fn default_preset(&self) -> i64 {
        self.tariffs[&self.default_tariff].preset
    }

    /// The tariffs of an organization, the default one first.
    pub fn tariffs_of(&self, organization: i64) -> Vec<i64> {
        let own = self.organizations[&organization].tariffs.iter();
        std::iter::once(&self.default_tariff).chain(own).copied().collect()
    }

    pub fn presets_of(&self, organization: i64) -> Vec<i64> {
        let of_tariffs = self.tariffs_of(organization).into_iter().map(|tariff| self.tariffs[&tariff].preset);
        let own = self.organizations[&organization].presets.iter().copied();
        let mut presets: Vec<i64> = Vec::new();
        for preset in of_tariffs.chain(own) {
            if !presets.contains(&preset) {
                presets.push(preset);
            }
        }
        presets
    }

    pub fn organization_of_billing(&self, id: i64) -> Option<i64> {
        let mut all = self.organizations.iter();
        all.find(|(_, organization)| organization.billing_id == Some(id)).map(|(id, _)| *id)
    }

    pub fn user_of(&self, login: &str) -> Option<i64> {
        self.users.iter().find(|(_, user)| user.login == login).map(|(id, _)| *id)
    }

    /// Where a user is a member.
    pub fn organizations_of(&self, user: i64) -> Vec<i64> {
        let all = self.organizations.iter();
        all.filter(|(_, organization)| organization.members.contains_key(&user)).map(|(id, _)| *id).collect()
    }

    /// What else a number is that was given where something else was due.
    pub fn what_else(&self, id: i64) -> &'static str {
        match id {
            _ if self.tariffs.contains_key(&id) => "a tariff of billing",
            _ if self.index.billed(id).is_some() => "an organization of billing",
            _ if self.presets.contains_key(&id) => "a preset",
            _ if self.organizations.contains_key(&id) => "an organization",
            _ if self.users.contains_key(&id) => "a user",
            _ if self.index.folder(id).is_some() => "a folder",
            _ => "nothing",
        }
    }

    /// A playback token, another each time.
    pub fn token(&mut self) -> String {
        self.tokens += 1;
        format!("3.fake-playback-token-{}", self.tokens)
    }

    /// How many calls of a kind there were: `GET /cameras`, `PUT /cameras/{}`, `billing POST /organizations`.
    pub fn count(&self, kind: &str) -> usize {
        self.counts.get(kind).copied().unwrap_or_default()
    }

    /// How many calls of each kind there were.
    pub fn counts(&self) -> &BTreeMap<String, usize> {
        &self.counts
    }

    pub fn forget_calls(&mut self) {
        self.calls.clear();
        self.counts.clear();
    }

    pub fn note(&mut self, kind: &str, request: &Request) {
        *self.counts.entry(kind.to_owned()).or_default() += 1;
        self.calls.push(format!("{} {}", request.method, request.path));
    }

    /// The fault that strikes this call, if one does.
    pub fn strike(&mut self, kind: &str) -> Option<(When, How)> {
        let struck: Vec<_> =
            self.faults.iter_mut().filter_map(|fault| fault.strikes(kind).then_some(*fault)).collect();
        struck.first().map(|fault| (fault.when, fault.how))
    }
}
