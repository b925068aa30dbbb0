//! The environment as a layer of settings: `SDP_GATEWAY__SECTION__KEY`. Leaves telling text from
//! numbers and lists to the key it is for.

use std::path::PathBuf;

use toml::Value;

use super::layers::{Entry, name_channel};

/// Variables that begin with this are settings, every one of them.
const PREFIX: &str = "SDP_GATEWAY__";

/// What almost begins so.
const ALMOST: &str = "SDP_GATEWAY_";

/// Names the settings file.
const FILE: &str = "SDP_GATEWAY_CONFIG";

/// The process's environment, for [`Config::load`](super::Config::load). Names that are not UTF-8
/// cannot be ours and are left out.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| {
        let name = name.into_string().ok()?;
        Some((name, value.to_string_lossy().into_owned()))
    })
}

/// The settings file that the environment names; an empty name is none.
pub fn named_file() -> Option<PathBuf> {
    std::env::var_os(FILE).filter(|name| !name.is_empty()).map(PathBuf::from)
}

/// The login name of whoever runs this: under `sudo` theirs, not root's. None where the environment names nobody.
pub fn login() -> Option<String> {
    ["SUDO_USER", "USER"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()))
}

/// The stream of the journal that systemd gave this process or one above it, as `DEVICE:INODE`.
pub fn journal_stream() -> Option<String> {
    std::env::var("JOURNAL_STREAM").ok()
}

/// A variable that is no setting, though it begins almost like one.
pub(super) struct Stray {
    pub(super) name: String,
    /// The keys that it may have been meant for.
    pub(super) readings: Vec<Vec<String>>,
}

/// The settings among `vars`, by name, so that faults come in one order on every machine; and what may have been
/// meant for one.
pub(super) fn entries(vars: impl Iterator<Item = (String, String)>) -> (Vec<Entry>, Vec<Stray>) {
    let mut ours: Vec<_> = vars.filter(|(name, _)| name.starts_with(ALMOST)).collect();
    ours.sort();
    let (settings, others): (Vec<_>, Vec<_>) =
        ours.into_iter().partition(|(name, _)| name.starts_with(PREFIX));
    let entries = settings.into_iter().map(|(name, text)| entry(name, text)).collect();
    (entries, others.into_iter().filter_map(|(name, _)| stray(name)).collect())
}

/// How a key is spelled in the environment.
pub(super) fn variable(path: &[String]) -> String {
    format!("{PREFIX}{}", path.join("__").to_uppercase())
}

/// `SDP_GATEWAY_LOG__FORMAT` and `SDP_GATEWAY_LOG_FORMAT`: one underscore where there are two. What a cluster sets
/// for a service called so (`SDP_GATEWAY_PORT_8080_TCP`) is no key of ours.
fn stray(name: String) -> Option<Stray> {
    let rest = name.strip_prefix(ALMOST)?.to_ascii_lowercase();
    let split = |parts: &str| parts.split("__").map(str::to_owned).collect::<Vec<_>>();
    let one = rest.split_once('_').map(|(section, key)| vec![section.to_owned(), key.to_owned()]);
    let readings: Vec<_> =
        [Some(split(&rest)), one].into_iter().flatten().filter(|path| path.len() > 1).collect();
    (!readings.is_empty()).then_some(Stray { name, readings })
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
