//! A fixture folder: `request.xml` or `request.query`, `reply.xml`, optional `case.toml`. Leaves
//! finding folders to `load`.

use std::collections::BTreeMap;
use std::path::Path;

use chrono::{FixedOffset, NaiveDateTime};
use hyper::Method;
use hyper::header::{HeaderName, HeaderValue};
use serde::Deserialize;

use super::case::{Case, When};
use super::load::{FIXTURE_BYTES_MAX, read};
use crate::clock::Timestamp;

const REQUEST_XML: &str = "request.xml";
const REQUEST_QUERY: &str = "request.query";
const REPLY: &str = "reply.xml";
const CASE: &str = "case.toml";

/// What `case.toml` may say; each key has a default, other keys are faults.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CaseFile {
    path: Option<String>,
    method: Option<String>,
    headers: BTreeMap<String, String>,
    status: Option<u16>,
    now: Option<toml::Value>,
}

/// Whether a folder means to be a fixture: it has any of a fixture's files.
pub(super) fn is_fixture(folder: &Path) -> bool {
    [REQUEST_XML, REQUEST_QUERY, REPLY, CASE].iter().any(|file| folder.join(file).exists())
}

/// Reads a fixture folder.
///
/// # Errors
/// Everything that is wrong with it.
pub(super) fn load(name: String, folder: &Path, utc_offset: FixedOffset) -> Result<Case, Vec<String>> {
    let mut faults = Vec::new();
    let reply = read_in(folder, REPLY).map_err(|fault| faults.push(fault)).ok();
    let file = case_file(folder).map_err(|fault| faults.push(fault)).unwrap_or_default();
    match request(name, folder) {
        Ok(mut case) => {
            case.expected.reply = reply;
            faults.extend(apply(file, utc_offset, &mut case));
            if faults.is_empty() { Ok(case) } else { Err(faults) }
        }
        Err(fault) => {
            faults.push(fault);
            Err(faults)
        }
    }
}

fn read_in(folder: &Path, file: &str) -> Result<Vec<u8>, String> {
    read(&folder.join(file), FIXTURE_BYTES_MAX).map_err(|fault| format!("{file}: {fault}"))
}

fn request(name: String, folder: &Path) -> Result<Case, String> {
    match (folder.join(REQUEST_XML).exists(), folder.join(REQUEST_QUERY).exists()) {
        (true, true) => Err(format!("has both {REQUEST_XML} and {REQUEST_QUERY}")),
        (false, false) => Err(format!("has neither {REQUEST_XML} nor {REQUEST_QUERY}")),
        (true, false) => Ok(Case::post(name, read_in(folder, REQUEST_XML)?)),
        (false, true) => {
            let query = String::from_utf8(read_in(folder, REQUEST_QUERY)?)
                .map_err(|_| format!("{REQUEST_QUERY}: is not UTF-8; write it percent-encoded"))?;
            Ok(Case::get(name, &query))
        }
    }
}

fn case_file(folder: &Path) -> Result<CaseFile, String> {
    if !folder.join(CASE).exists() {
        return Ok(CaseFile::default());
    }
    let text = String::from_utf8(read_in(folder, CASE)?).map_err(|_| format!("{CASE}: is not UTF-8"))?;
    toml::from_str(&text).map_err(|error| format!("{CASE}: {}", error.to_string().trim_end()))
}

/// Applies what `case.toml` says; answers what it cannot mean.
fn apply(file: CaseFile, utc_offset: FixedOffset, case: &mut Case) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(path) = &file.path {
        case.set_path(path);
    }
    if let Some(method) = &file.method {
        match Method::from_bytes(method.as_bytes()) {
            Ok(method) => case.method = method,
            Err(_) => faults.push(format!("{CASE}: method {method:?} is none")),
        }
    }
    for (name, value) in &file.headers {
        match (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            (Ok(name), Ok(value)) => case.set_header(name, value),
            _ => faults.push(format!("{CASE}: header {name:?} cannot be sent")),
        }
    }
    match file.status.unwrap_or(200) {
        status @ 200..=599 => case.expected.status = status,
        status => faults.push(format!("{CASE}: status {status} is no final HTTP status")),
    }
    if let Some(now) = &file.now {
        match time(now, utc_offset) {
            Some(now) => case.when = When::Stated(now),
            None => faults.push(format!("{CASE}: now is no RFC 3339 time")),
        }
    }
    faults.extend(case.uri_fault());
    faults
}

/// A time with its zone, as text or as a TOML date-time; one without a zone is the carrier's local.
fn time(value: &toml::Value, utc_offset: FixedOffset) -> Option<Timestamp> {
    let text = match value {
        toml::Value::String(text) => text.trim().to_owned(),
        toml::Value::Datetime(at) => at.to_string(),
        _ => return None,
    };
    let local = || {
        let at = NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        Some(Timestamp(at.and_local_timezone(utc_offset).single()?.timestamp_millis()))
    };
    Timestamp::from_rfc3339(&text).or_else(local)
}
