//! A layer of settings as a flat list of keys, each with the place it was written in. Leaves the
//! meaning of keys to the sections.

use toml::{Table, Value};

use super::env;
use super::lines::Lines;

/// One key as one layer gives it.
#[derive(Clone)]
pub(super) struct Entry {
    /// `["carrier", "channels", "WEB", "check_answers"]`.
    pub(super) path: Vec<String>,
    /// Its value; for the environment the text as it stands.
    pub(super) value: Value,
    /// File or variable.
    pub(super) place: String,
    /// From the environment: the text may stand for something other than text.
    pub(super) from_env: bool,
}

impl Entry {
    /// The dotted key as an operator knows it.
    pub(super) fn key(&self) -> String {
        self.path.join(".")
    }

    /// Whether it is `path`, or a key in it.
    pub(super) fn is_below(&self, path: &[&str]) -> bool {
        self.path.len() >= path.len() && self.path.iter().zip(path).all(|(own, part)| own == part)
    }

    /// What its value may mean, most likely first: in the environment all is text.
    pub(super) fn meanings(&self) -> Vec<Value> {
        match &self.value {
            Value::String(text) if self.from_env => env::meanings(text),
            value => vec![value.clone()],
        }
    }
}

/// The keys of a file's table, outermost first. An empty table counts as a key of its own, so that
/// `[no_such_section]` is not overlooked.
pub(super) fn flatten(table: Table, lines: &Lines) -> Vec<Entry> {
    let mut entries = Vec::new();
    descend(table, &[], lines, &mut entries);
    entries
}

fn descend(table: Table, above: &[String], lines: &Lines, entries: &mut Vec<Entry>) {
    for (key, value) in table {
        let mut path = above.to_vec();
        path.push(key);
        name_channel(&mut path);
        match value {
            Value::Table(inner) if !inner.is_empty() => descend(inner, &path, lines, entries),
            value => {
                let place = lines.place(&path.join("."));
                entries.push(Entry { path, value, place, from_env: false });
            }
        }
    }
}

/// Channel names compare without regard to case, and a later layer must meet an earlier one's.
pub(super) fn name_channel(path: &mut [String]) {
    if let [section, map, channel, ..] = path
        && section == "carrier"
        && map == "channels"
    {
        channel.make_ascii_uppercase();
    }
}
