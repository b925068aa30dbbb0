//! The environment as a layer of settings: `SDP_GATEWAY__SECTION__KEY`. Leaves telling text from
//! numbers and lists to the key it is for.

use toml::Value;

use super::layers::{Entry, name_channel};

/// Variables that begin with this are settings, every one of them.
const PREFIX: &str = "SDP_GATEWAY__";

/// The process's environment, for [`Config::load`](super::Config::load). Names that are not UTF-8
/// cannot be ours and are left out.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        Some((name, value.to_string_lossy().into_owned()))
    })
}

/// The settings among `vars`, by name, so that faults come in one order on every machine.
pub(super) fn entries(vars: impl Iterator<Item = (String, String)>) -> Vec<Entry> {
    let mut ours: Vec<_> = vars.filter(|(name, _)| name.starts_with(PREFIX)).collect();
    ours.sort();
    ours.into_iter().map(|(name, text)| entry(name, text)).collect()
}

fn entry(name: String, text: String) -> Entry {
    let lower = name[PREFIX.len()..].to_ascii_lowercase();
    let mut path: Vec<String> = lower.split("__").map(str::to_owned).collect();
    name_channel(&mut path);
    Entry { path, value: Value::String(text), place: name, from_env: true }
}

/// What `text` may stand for, most likely first: itself, a TOML value, a list parted by commas.
pub(super) fn meanings(text: &str) -> Vec<Value> {
    let list = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    let list = Value::Array(list.map(|item| Value::String(item.to_owned())).collect());
    let mut all = vec![Value::String(text.to_owned())];
    all.extend(text.parse::<Value>().ok());
    all.push(list);
    all
}
