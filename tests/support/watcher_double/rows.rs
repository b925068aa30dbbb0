//! What is in both systems of the double, row by row.

use std::collections::{BTreeMap, BTreeSet};

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

/// What a member may do in a folder; being in it, they may look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    pub dvr: bool,
    pub ptz: bool,
    pub actions: bool,
    pub depth: Option<i64>,
}

impl Rights {
    pub const ALL: Self = Self { dvr: true, ptz: true, actions: true, depth: None };
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Member {
    pub is_editor: bool,
    pub folders: BTreeMap<i64, Rights>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// None of the default one, which billing does not list.
    pub billing_id: Option<i64>,
    pub title: String,
    pub owner: String,
    /// Beside the default one.
    pub tariffs: BTreeSet<i64>,
    /// Presets that it was given at Watcher itself.
    pub presets: BTreeSet<i64>,
    pub members: BTreeMap<i64, Member>,
    /// Each with the folder it is in.
    pub folders: BTreeMap<i64, Option<i64>>,
    /// No more of each; none: as many as there are.
    pub user_limit: Option<i64>,
    pub camera_limit: Option<i64>,
    pub dvr_limit: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct User {
    pub login: String,
    pub password: String,
    pub external_id: Option<String>,
    pub enabled: bool,
    pub name: Option<String>,
    pub phone: Option<String>,
    pub note: Option<String>,
    pub max_sessions: Option<i64>,
}

impl User {
    /// What a search looks into.
    pub fn text(&self) -> String {
        let mut text = self.login.clone();
        for more in [&self.external_id, &self.name, &self.note].into_iter().flatten() {
            text.push('\n');
            text.push_str(more);
        }
        text.make_ascii_lowercase();
        text
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Camera {
    pub title: String,
    pub comment: String,
    /// 0: none's.
    pub organization: i64,
    pub folder: i64,
    pub preset: i64,
    pub enabled: bool,
    /// Enabled, and not yet on a streamer.
    pub is_fresh: bool,
    /// Other than the preset's, in days.
    pub dvr_depth: Option<f64>,
    /// The streamer it plays from, where another than all others.
    pub hostname: Option<String>,
    pub http_port: Option<u16>,
    pub https_port: Option<u16>,
}
