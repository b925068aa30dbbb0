//! Where a table of a catalog file stands, and reading its keys one by one. Leaves which keys there are to `read` and
//! `shop`.

use std::rc::Rc;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use crate::config::{Faults, Lines, adopt};

/// Where a table of the file is, in the words of a fault, and the keys that were written in it.
#[derive(Default)]
pub(super) struct Source {
    prefix: String,
    keys: Vec<String>,
    /// As the file's lines are named: `offer[2]`.
    path: String,
    lines: Rc<Lines>,
}

impl Source {
    /// Of the table with that number under `[[heading]]`; faults call it by its `name` key where it has one.
    pub(super) fn of(heading: &str, number: usize, name: &str, table: &Table, lines: &Rc<Lines>) -> Self {
        let path = format!("{heading}[{number}]");
        let name = table.get(name).and_then(Value::as_str).filter(|name| !name.is_empty());
        let own = name.map_or_else(|| path.clone(), |name| format!("{heading} {name}"));
        let keys = table.keys().cloned().collect();
        Self { prefix: format!("{own}: "), keys, path, lines: Rc::clone(lines) }
    }

    /// Of the table with that number under `[[heading]]` of this one.
    pub(super) fn within(&self, heading: &str, number: usize, table: &Table) -> Self {
        let (prefix, path) =
            (self.key(&format!("{heading}[{number}].")), format!("{}.{heading}[{number}]", self.path));
        Self { prefix, keys: table.keys().cloned().collect(), path, lines: Rc::clone(&self.lines) }
    }

    /// The full name of `key` in faults.
    pub(super) fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    /// The file and the line of `key`, or of the table that lacks it.
    pub(super) fn place(&self, key: &str) -> String {
        self.lines.place(&format!("{}.{key}", self.path))
    }

    /// Whether `key` was written, be it wrongly.
    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|written| written == key)
    }
}

/// The tables under a `[[heading]]`; none where there is none.
pub(super) fn tables(value: Option<Value>, key: &str, place: String, faults: &mut Faults) -> Vec<Table> {
    let Some(value) = value else { return Vec::new() };
    let items: Option<Vec<Table>> =
        value.as_array().and_then(|items| items.iter().map(|item| item.as_table().cloned()).collect());
    items.unwrap_or_else(|| {
        faults.push(place, key, "is a list of tables, each under its [[heading]] in double brackets");
        Vec::new()
    })
}

/// The keys that suit; faults name the others.
pub(super) fn fields<T: DeserializeOwned + Default>(table: Table, source: &Source, faults: &mut Faults) -> T {
    let mut good = Table::new();
    for (key, value) in table {
        if let Err(refused) = adopt::<T>(&mut good, std::slice::from_ref(&key), vec![value]) {
            faults.push(source.place(&key), source.key(&key), refused.what());
        }
    }
    T::deserialize(Value::Table(good)).unwrap_or_default()
}
