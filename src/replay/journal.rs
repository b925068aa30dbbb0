//! An exported journal: JSON Lines, one notice a line, replayed in file order against the answers
//! they recorded. Leaves writing it to the ledger's export.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::Method;
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue};
use serde::Deserialize;

use super::case::{Case, When};
use super::load::Loaded;
use crate::clock::Timestamp;

/// How many faults of one journal are listed.
const FAULTS_MAX: usize = 20;

/// One line. Keys it does not know are passed over: an export may grow.
#[derive(Debug, Deserialize)]
struct Line {
    id: Option<serde_json::Value>,
    received_at: Option<String>,
    method: Option<String>,
    path: Option<String>,
    query: Option<String>,
    content_type: Option<String>,
    content_encoding: Option<String>,
    raw: Option<String>,
    encoding: Option<String>,
    status: Option<u16>,
    reply: Option<String>,
}

/// Adds the cases of the journal `bytes`, called `name`.
pub(super) fn load(name: &str, path: &Path, bytes: &[u8], loaded: &mut Loaded) {
    let first = loaded.cases.len();
    let mut last = None;
    let mut faults = 0;
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let read = serde_json::from_slice(line).map_err(|error| error.to_string());
        match read.and_then(|line: Line| case(name, index + 1, line)) {
            Ok(None) => {}
            Ok(Some((case, at))) => {
                loaded.cases.push(case);
                last = at.or(last);
            }
            Err(fault) if faults < FAULTS_MAX => {
                faults += 1;
                loaded.fault(path, format_args!("line {}: {fault}", index + 1));
            }
            Err(_) => return,
        }
    }
    for case in &mut loaded.cases[first..] {
        case.when = last.map_or(When::Fixed, When::Recorded);
    }
}

/// The case of one line, and when it was received; none for what did not come as a request.
fn case(journal: &str, number: usize, line: Line) -> Result<Option<(Case, Option<Timestamp>)>, String> {
    let name = match &line.id {
        Some(id) => format!("{journal}:{number} notice {}", id.to_string().trim_matches('"')),
        None => format!("{journal}:{number}"),
    };
    let body = body(&line)?;
    if !line.is_request(&body) {
        return Ok(None);
    }
    let mut case = message(name, &line, body)?;
    if let Some(path) = line.path.as_deref().filter(|path| !path.is_empty()) {
        case.set_path(path);
    }
    let status = line.status.unwrap_or(200);
    if !(200..600).contains(&status) {
        return Err(format!("status {status} is no final HTTP status"));
    }
    case.expected.status = status;
    case.expected.reply = line.reply.map(String::into_bytes);
    if let Some(fault) = case.uri_fault() {
        return Err(fault);
    }
    let at = match &line.received_at {
        Some(text) => Some(Timestamp::from_rfc3339(text).ok_or("received_at is no RFC 3339 time")?),
        None => None,
    };
    Ok(Some((case, at)))
}

impl Line {
    /// The journal also holds rows of the carrier's CDR files: no method, no path, no XML.
    fn is_request(&self, body: &[u8]) -> bool {
        let given = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
        given(&self.method) || given(&self.path) || body.trim_ascii_start().starts_with(b"<")
    }
}

fn body(line: &Line) -> Result<Vec<u8>, String> {
    let raw = line.raw.as_deref().unwrap_or_default();
    match line.encoding.as_deref() {
        None | Some("utf-8") => Ok(raw.as_bytes().to_vec()),
        Some("base64") => STANDARD.decode(raw).map_err(|error| format!("raw is no base64: {error}")),
        Some(other) => Err(format!("encoding {other:?} is neither utf-8 nor base64")),
    }
}

/// A GET carries its message in the query, which is also its raw form; all others in the body.
fn message(name: String, line: &Line, body: Vec<u8>) -> Result<Case, String> {
    let method = line.method.as_deref().filter(|method| !method.is_empty()).unwrap_or("POST");
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| format!("method {method:?} is none"))?;
    let query = line.query.as_deref().map(|query| query.trim_start_matches('?'));
    let query = query.filter(|query| !query.is_empty());
    if method == Method::GET {
        let raw = String::from_utf8_lossy(&body);
        return Ok(Case::get(name, query.unwrap_or(&raw)));
    }
    let mut case = Case::post(name, body);
    case.method = method;
    case.query = query.map(str::to_owned);
    let headers: [(&str, HeaderName, &Option<String>); 2] = [
        ("content_type", CONTENT_TYPE, &line.content_type),
        ("content_encoding", CONTENT_ENCODING, &line.content_encoding),
    ];
    for (key, name, value) in headers {
        let value = HeaderValue::try_from(value.as_deref().unwrap_or_default());
        case.set_header(name, value.map_err(|_| format!("{key} cannot be sent"))?);
    }
    Ok(case)
}
