//! The world of the double: what both systems know of, and what was done to it.
//!
//! ```text
//! presets        391 …        tariffs of billing         548 …
//! organizations  752 …        organizations of billing  7360 …
//! folders       1155 …        users                     2297 …
//! ```

use std::collections::{BTreeMap, BTreeSet};

use super::faults::{Fault, How, When};
use super::request::Request;

#[derive(Debug, Clone, PartialEq)]
pub struct Preset {
    pub title: String,
    pub days: f64,
    pub is_deleted: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Tariff {
    pub name: String,
    pub price: String,
    pub status: String,
    pub preset: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    pub is_editor: bool,
    pub folders: BTreeSet<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// None of the default one, which billing does not list.
    pub billing_id: Option<i64>,
    pub title: String,
    pub owner: String,
    /// Beside the default one.
    pub tariffs: BTreeSet<i64>,
    pub members: BTreeMap<i64, Member>,
    /// Each with the folder it is in.
    pub folders: BTreeMap<i64, Option<i64>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub login: String,
    pub password: String,
    pub external_id: Option<String>,
    pub enabled: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camera {
    pub title: String,
    pub organization: i64,
    pub folder: i64,
    pub preset: i64,
    pub enabled: bool,
    /// Enabled, and not yet on a streamer.
    pub is_fresh: bool,
}

#[derive(Debug, Clone, Default)]
pub struct State {
    pub presets: BTreeMap<i64, Preset>,
    pub tariffs: BTreeMap<i64, Tariff>,
    pub default_tariff: i64,
    pub organizations: BTreeMap<i64, Organization>,
    pub default_organization: i64,
    pub users: BTreeMap<i64, User>,
    pub cameras: BTreeMap<String, Camera>,
    /// Cameras whose preset came to keep fewer days, and with them fewer recordings, in order.
    pub archive_lost: Vec<String>,
    /// Every call: `PUT /vsaas/api/v2/cameras/cam-1`.
    pub calls: Vec<String>,
    /// Requests that a right client never makes, with what is wrong with them.
    pub refused: Vec<String>,
    pub faults: Vec<Fault>,
    /// Whether lists of members leave out what rights they have.
    pub hides_rights: bool,
    /// What is answered to rights that are there already, where they are not written anew.
    pub repeated_grant: Option<u16>,
    counts: BTreeMap<String, usize>,
    tokens: usize,
    next: BTreeMap<&'static str, i64>,
}

impl State {
    /// Three tariffs; the default organization with one camera, another with one; their owner.
    pub fn new() -> Self {
        let first =
            [("tariff", 548), ("preset", 391), ("organization", 752), ("billing", 7360), ("folder", 1155)];
        let mut state = Self { next: BTreeMap::from(first), ..Self::default() };
        state.next.insert("user", 2297);
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

    pub fn id(&mut self, of: &'static str) -> i64 {
        let next = self.next.get_mut(of).expect("a kind of id");
        *next += 1;
        *next - 1
    }

    /// As in billing's pages; returns its id there and the preset's.
    pub fn create_tariff(&mut self, name: &str, days: f64) -> (i64, i64) {
        let (tariff, preset) = (self.id("tariff"), self.id("preset"));
        self.presets.insert(preset, Preset { title: name.to_owned(), days, is_deleted: false });
        let price = format!("{:.1} USD", days * 10.0);
        let (name, status) = (name.to_owned(), "Active".to_owned());
        self.tariffs.insert(tariff, Tariff { name, price, status, preset });
        (tariff, preset)
    }

    /// As a checkbox in billing's pages does: there is one default, and the one before is like any other.
    pub fn make_default(&mut self, tariff: i64) {
        let before = std::mem::replace(&mut self.default_tariff, tariff);
        for organization in self.organizations.values_mut() {
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
            members: BTreeMap::new(),
            folders: BTreeMap::from([(folder, None)]),
        };
        self.organizations.insert(id, organization);
        id
    }

    /// A new user is in the default organization.
    pub fn create_user(&mut self, login: &str, password: &str, external_id: Option<&str>) -> i64 {
        let id = self.id("user");
        let user = User {
            login: login.to_owned(),
            password: password.to_owned(),
            external_id: external_id.map(str::to_owned),
            enabled: true,
        };
        self.users.insert(id, user);
        self.join(self.default_organization, id, false);
        id
    }

    pub fn join(&mut self, organization: i64, user: i64, is_editor: bool) {
        let members = &mut self.organizations.get_mut(&organization).unwrap().members;
        members.insert(user, Member { is_editor, folders: BTreeSet::new() });
    }

    /// In the organization's root folder, enabled, with the default preset.
    pub fn add_camera(&mut self, name: &str, organization: i64) {
        let camera = Camera {
            title: name.split('-').next().unwrap_or(name).to_owned(),
            organization,
            folder: self.root(organization),
            preset: self.default_preset(),
            enabled: true,
            is_fresh: false,
        };
        self.cameras.insert(name.to_owned(), camera);
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
        self.tariffs_of(organization).iter().map(|tariff| self.tariffs[tariff].preset).collect()
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
            _ if self.organization_of_billing(id).is_some() => "an organization of billing",
            _ if self.presets.contains_key(&id) => "a preset",
            _ if self.organizations.contains_key(&id) => "an organization",
            _ if self.users.contains_key(&id) => "a user",
            _ if self.organizations.values().any(|of| of.folders.contains_key(&id)) => "a folder",
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
