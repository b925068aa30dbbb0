//! Secrets in settings: `KEY_file` in the place of `KEY`, and `***` wherever settings are printed.
//! Leaves comparing secrets to whoever is asked for one.

use std::io::Read;

use secrecy::SecretString;
use serde::Serializer;
use toml::Value;

use super::faults::Faults;
use super::layers::Entry;

/// No secret file holds more; a device or a log given by mistake is not read to its end.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Keys in the plural take one secret a line.
const LIST_KEYS: [&str; 1] = ["secrets"];

/// Whose secrets are read. A file that exists only while the service runs must not stop a command that does without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// All.
    All,
    /// Those of these sections. The key of the codes is taken beside them where it can be read.
    Of(&'static [&'static str]),
}

impl Secrets {
    /// Whether those of a section, or of a list such as `carrier.caller`, are.
    pub(super) fn are_of(self, section: &str) -> bool {
        let section = section.split(['.', '[']).next().unwrap_or_default();
        match self {
            Self::All => true,
            Self::Of(sections) => sections.contains(&section),
        }
    }
}

/// Turns every `KEY_file` of `secrets` into the `KEY` its content is; also returns the keys whose
/// content could not be had. They keep a stand-in, lest they seem not to have been given. A secret may
/// stand in the section itself or in a table of it, as in `[providers.NAME]`.
pub(super) fn resolve(
    own: Vec<Entry>,
    secrets: &[&str],
    which: Secrets,
    faults: &mut Faults,
) -> (Vec<Entry>, Vec<String>) {
    let (mut entries, mut unread) = (own, Vec::new());
    for secret in secrets {
        let file_key = format!("{secret}_file");
        for mut entry in take_last(&mut entries, &file_key) {
            let written = entry.key();
            name_last(&mut entry, secret);
            if entries.iter().any(|other| other.path == entry.path) {
                faults.push(&entry.place, written, format!("give {secret} or {file_key}, not both"));
                continue;
            }
            entry.from_env = false;
            if !which.are_of(entry.path.first().map_or("", String::as_str)) {
                unread.push(entry.key());
                entry.value = stand_in(secret);
                entries.push(entry);
                continue;
            }
            entry.value = content(&entry.value, secret).unwrap_or_else(|what| {
                faults.push(&entry.place, written, what);
                unread.push(entry.key());
                stand_in(secret)
            });
            entries.push(entry);
        }
    }
    (entries, unread)
}

fn name_last(entry: &mut Entry, name: &str) {
    if let Some(last) = entry.path.last_mut() {
        name.clone_into(last);
    }
}

/// Removes all entries of this name and returns the last of each table, which the others gave way to.
fn take_last(entries: &mut Vec<Entry>, name: &str) -> Vec<Entry> {
    let is_named =
        |entry: &mut Entry| entry.path.len() > 1 && entry.path.last().is_some_and(|own| own == name);
    let mut kept: Vec<Entry> = Vec::new();
    for entry in entries.extract_if(.., is_named) {
        kept.retain(|other| other.path != entry.path);
        kept.push(entry);
    }
    kept
}

fn stand_in(secret: &str) -> Value {
    // An address must look like one.
    let text = Value::String(if secret == "url" { "sqlite://unread" } else { "unread" }.to_owned());
    if LIST_KEYS.contains(&secret) { Value::Array(vec![text]) } else { text }
}

fn content(path: &Value, secret: &str) -> Result<Value, String> {
    let path = path.as_str().ok_or("is not the path of a file, in quotes")?;
    let text = read(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
    let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    match LIST_KEYS.contains(&secret) {
        true => Ok(Value::Array(lines.map(|line| Value::String(line.to_owned())).collect())),
        false => Ok(Value::String(text.trim_end_matches(['\r', '\n']).to_owned())),
    }
}

fn read(path: &str) -> std::io::Result<String> {
    let mut text = String::new();
    let length = std::fs::File::open(path)?.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
    if length as u64 > FILE_BYTES_MAX {
        return Err(std::io::Error::other(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// What stands for a secret in print.
const MASK: &str = "***";

pub(super) fn mask<S: Serializer>(_: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(MASK)
}

pub(super) fn mask_all<S: Serializer>(all: &[SecretString], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter().map(|_| MASK))
}

/// What makes `token` unfit for an `Authorization` header, if anything does.
pub(super) fn token_fault(token: &str) -> Option<&'static str> {
    let fit = |byte: u8| byte.is_ascii_graphic();
    match token {
        "" => Some("is empty"),
        _ if !token.bytes().all(fit) => Some("holds a blank or a character outside ASCII"),
        _ => None,
    }
}
