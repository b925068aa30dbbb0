//! One reading of all layers: which keys were given where, which are still to be taken by a section,
//! and what was found wrong. Leaves every key's meaning to its section.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::env::Stray;
use super::faults::Faults;
use super::layers::{Entry, flatten};
use super::lines::Lines;
use super::secret::Secrets;
use super::{env, keys, secret};

/// The place named where a default contradicts something given.
const DEFAULT_PLACE: &str = "config/default.toml (built in)";

/// The layers while they are being read.
pub(super) struct Reading {
    defaults: Table,
    entries: Vec<Entry>,
    places: BTreeMap<String, String>,
    /// Of the file that was read.
    lines: Lines,
    refused: BTreeSet<String>,
    secrets: Secrets,
    /// Variables that may have been meant for settings.
    strays: Vec<Stray>,
    faults: Faults,
}

impl Reading {
    pub(super) fn new(defaults: &str, secrets: Secrets) -> Self {
        let mut reading = Self {
            defaults: Table::new(),
            entries: Vec::new(),
            places: BTreeMap::new(),
            lines: Lines::default(),
            refused: BTreeSet::new(),
            secrets,
            strays: Vec::new(),
            faults: Faults::default(),
        };
        reading.defaults = reading.parse(defaults, DEFAULT_PLACE);
        reading
    }

    /// Lays a file over what was given before.
    pub(super) fn add_file(&mut self, path: &Path) {
        let place = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => {
                self.lines = Lines::of(&text, &place);
                let entries = flatten(self.parse(&text, &place), &self.lines);
                self.refuse_twins(&entries);
                self.entries.extend(entries);
            }
            Err(error) => self.faults.push(place, "", format!("cannot be read: {error}")),
        }
    }

    /// TOML itself refuses a key given twice, but not a channel in two spellings.
    fn refuse_twins(&mut self, entries: &[Entry]) {
        let mut seen = BTreeSet::new();
        for entry in entries.iter().filter(|entry| !seen.insert(&entry.path)) {
            self.faults.push(
                &entry.place,
                entry.key(),
                "given twice: channels compare without regard to case",
            );
        }
    }

    pub(super) fn add_environment(&mut self, vars: impl Iterator<Item = (String, String)>) {
        let (entries, strays) = env::entries(vars);
        self.entries.extend(entries);
        self.strays = strays;
    }

    fn parse(&mut self, text: &str, place: &str) -> Table {
        text.parse().unwrap_or_else(|error| {
            let (place, what) = keys::syntax_fault(text, place, &error);
            self.faults.push(place, "", what);
            Table::new()
        })
    }

    /// Takes a section: its defaults, and over them every key that suits. `secrets` are the keys
    /// that may be given as `KEY_file` and are never quoted.
    pub(super) fn section<T: DeserializeOwned>(&mut self, name: &str, secrets: &[&str]) -> T {
        let table = self.defaults.get(name).and_then(Value::as_table).cloned().unwrap_or_default();
        self.name_strays::<T>(name, &table, secrets);
        let own = self.take(&[name]);
        self.fill(table, own, secrets)
    }

    /// Names the variables that are spelled almost like one for a key of this section.
    fn name_strays<T: DeserializeOwned>(&mut self, section: &str, table: &Table, secrets: &[&str]) {
        for stray in &self.strays {
            let meant = stray.readings.iter().find(|path| {
                let key = path.last().map_or("", |key| key.strip_suffix("_file").unwrap_or(key));
                path[0] == section
                    && (path.len() == 2 && secrets.contains(&key) || keys::is_known::<T>(table, &path[1..]))
            });
            if let Some(path) = meant {
                let what = format!("is no setting; is it meant for {}?", env::variable(path));
                self.faults.push(&stray.name, "", what);
            }
        }
    }

    /// Whose secrets are read.
    pub(super) fn secrets(&self) -> Secrets {
        self.secrets
    }

    /// Takes a list of tables, `[[PATH]]`, which only a file can give. Its tables are counted from 1.
    pub(super) fn list<T: DeserializeOwned>(&mut self, path: &str, secrets: &[&str]) -> Vec<T> {
        let parts: Vec<&str> = path.split('.').collect();
        let mut tables = Vec::new();
        for entry in self.take(&parts) {
            match tables_of(&entry, parts.len()) {
                Ok(found) => {
                    self.places.insert(path.to_owned(), entry.place);
                    tables = found;
                }
                Err(what) => self.faults.push(&entry.place, entry.key(), what),
            }
        }
        let numbered = (1..).zip(tables).map(|(number, table)| (format!("{path}[{number}]"), table));
        numbered.map(|(name, table)| self.element(name, table, secrets)).collect()
    }

    fn element<T: DeserializeOwned>(&mut self, name: String, table: Table, secrets: &[&str]) -> T {
        self.places.insert(name.clone(), self.lines.place(&name));
        let own = flatten(Table::from_iter([(name, Value::Table(table))]), &self.lines);
        self.fill(Table::new(), own, secrets)
    }

    /// Takes the entries at and below `path` off the list of those still to be taken.
    fn take(&mut self, path: &[&str]) -> Vec<Entry> {
        let (own, others) =
            std::mem::take(&mut self.entries).into_iter().partition(|entry| entry.is_below(path));
        self.entries = others;
        own
    }

    /// Fills the table that the first part of every path in `own` names.
    fn fill<T: DeserializeOwned>(&mut self, mut table: Table, own: Vec<Entry>, secrets: &[&str]) -> T {
        let (own, unread) = secret::resolve(own, secrets, self.secrets, &mut self.faults);
        self.refused.extend(unread);
        for entry in own {
            self.fill_in::<T>(&mut table, entry, secrets);
        }
        keys::read(table).expect("defaults suit their section, and adopted keys keep it so")
    }

    fn fill_in<T: DeserializeOwned>(&mut self, table: &mut Table, entry: Entry, secrets: &[&str]) {
        let key = entry.key();
        let Some((name, below)) = entry.path[1..].split_first() else {
            if !entry.value.is_table() {
                self.faults.push(entry.place, &key, format!("is a section: [{key}], with keys below it"));
            }
            return;
        };
        let secret = secrets.contains(&below.last().unwrap_or(name).as_str());
        match keys::adopt::<T>(table, &entry.path[1..], entry.meanings()) {
            Ok(()) => drop(self.places.insert(key, entry.place)),
            Err(refused) => {
                // What is wrong with an address is said without quoting it.
                let quotes = secret && name != "url";
                let what =
                    if quotes { "is not text in quotes, or a list of such".into() } else { refused.what() };
                self.refused.insert(key.clone());
                self.faults.push(entry.place, key, what);
            }
        }
    }

    /// Notes a fault of `key` at the place that gave it; not where the key was refused already, for
    /// then its value is not what was given.
    pub(super) fn fault(&mut self, key: &str, what: impl Into<String>) {
        if !self.is_refused(key) {
            self.faults.push(self.place(key), key, what);
        }
    }

    /// Notes a fault of a key that may not have been given, at the place that gave its table `own`.
    pub(super) fn fault_in(&mut self, own: &str, key: &str, what: impl Into<String>) {
        let whole = format!("{own}.{key}");
        if self.is_given(&whole) || self.is_refused(&whole) {
            self.fault(&whole, what);
        } else {
            self.faults.push(self.place(own), whole, what);
        }
    }

    /// Notes a fault of `key` unless `value` is within `range`.
    pub(super) fn range<N: PartialOrd + Display>(&mut self, key: &str, value: &N, range: RangeInclusive<N>) {
        if !range.contains(value) {
            self.fault(key, format!("{value} is not from {} to {}", range.start(), range.end()));
        }
    }

    /// Whether `key` was given, but not taken.
    pub(super) fn is_refused(&self, key: &str) -> bool {
        self.refused.contains(key)
    }

    /// Whether a layer over the defaults gave `key`.
    pub(super) fn is_given(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    /// Whether a layer over the defaults gave `key`, or something in it.
    pub(super) fn is_given_within(&self, key: &str) -> bool {
        self.is_given(key) || self.within(key).is_some()
    }

    /// The first place that gave something in `key`.
    fn within(&self, key: &str) -> Option<&String> {
        let within = format!("{key}.");
        let (given, place) = self.places.range(within.clone()..).next()?;
        given.starts_with(&within).then_some(place)
    }

    /// Where `key` was given, or else something in it, or else the nearest thing around it.
    fn place(&self, key: &str) -> String {
        let around = std::iter::successors(Some(key), |key| key.rfind(['.', '[']).map(|end| &key[..end]));
        let mut around = around.filter_map(|key| self.places.get(key));
        let place = self.places.get(key).or(self.within(key)).or(around.next());
        place.map_or_else(|| DEFAULT_PLACE.to_owned(), Clone::clone)
    }

    /// Ends the reading: what no section took is unknown.
    pub(super) fn finish(mut self) -> Faults {
        for entry in std::mem::take(&mut self.entries) {
            let key = entry.key();
            let what = match entry.from_env && entry.path.len() == 1 {
                true => "unknown key; section and key are parted by two underscores",
                false => "unknown key",
            };
            self.faults.push(entry.place, key, what);
        }
        self.faults
    }
}

/// The tables of a `[[list]]` whose path has `depth` parts.
fn tables_of(entry: &Entry, depth: usize) -> Result<Vec<Table>, &'static str> {
    if entry.from_env {
        return Err("a list of tables can only be written in the --config file");
    }
    let tables = match &entry.value {
        Value::Array(items) if entry.path.len() == depth => {
            items.iter().map(|item| item.as_table().cloned()).collect()
        }
        _ => None,
    };
    tables.ok_or("is a list of tables, each under its [[heading]] in double brackets")
}
