//! A request of the double as read, which call it is, and a reply. Strict: what a call does not know is refused.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use serde_json::{Map, Value, json};

#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: HeaderMap,
    /// `None` where there is none; `Err` where it is no JSON object, or not said to be one.
    pub body: Result<Option<Map<String, Value>>, String>,
}

#[derive(Clone)]
pub struct Reply {
    pub status: u16,
    pub body: Option<Value>,
    /// What was wrong with the request, where its sender should never have made it.
    pub why: Option<String>,
}

/// One call that is known, with the parts of its path.
pub struct Route {
    pub is_billing: bool,
    pub method: &'static str,
    pub template: &'static str,
    pub parts: Vec<String>,
}

pub type Worked = Result<Reply, Reply>;

const WATCHER: &str = "/vsaas/api/v2";
const BILLING: &str = "/api/v1";

/// `{}` is one part of a path, `{…}` all that is left of it.
const CALLS: [(bool, &str, &str); 39] = [
    (true, "GET", "/tariff_plans"),
    (true, "GET", "/organizations"),
    (true, "POST", "/organizations"),
    (true, "PUT", "/organizations/{}"),
    (true, "DELETE", "/organizations/{}"),
    (false, "GET", "/auth/whoami"),
    (false, "GET", "/settings"),
    (false, "GET", "/cameras"),
    (false, "GET", "/cameras/{…}"),
    (false, "PUT", "/cameras/{…}"),
    (false, "GET", "/users"),
    (false, "POST", "/users"),
    (false, "GET", "/users/{}"),
    (false, "PUT", "/users/{}"),
    (false, "DELETE", "/users/{}"),
    (false, "GET", "/presets"),
    (false, "POST", "/presets"),
    (false, "GET", "/presets/{}"),
    (false, "PUT", "/presets/{}"),
    (false, "DELETE", "/presets/{}"),
    (false, "GET", "/organizations"),
    (false, "POST", "/organizations"),
    (false, "GET", "/organizations/{}"),
    (false, "PUT", "/organizations/{}"),
    (false, "DELETE", "/organizations/{}"),
    (false, "GET", "/organizations/{}/presets"),
    (false, "POST", "/organizations/{}/presets"),
    (false, "GET", "/organizations/{}/presets/{}"),
    (false, "DELETE", "/organizations/{}/presets/{}"),
    (false, "GET", "/organizations/{}/users"),
    (false, "POST", "/organizations/{}/users"),
    (false, "DELETE", "/organizations/{}/users/{}"),
    (false, "GET", "/organizations/{}/folders"),
    (false, "GET", "/organizations/{}/folders/{}"),
    (false, "GET", "/organizations/{}/folders/{}/users"),
    (false, "POST", "/organizations/{}/folders/{}/users"),
    (false, "GET", "/organizations/{}/folders/{}/users/{}"),
    (false, "PUT", "/organizations/{}/folders/{}/users/{}"),
    (false, "DELETE", "/organizations/{}/folders/{}/users/{}"),
];

pub fn route(request: &Request) -> Option<Route> {
    let (is_billing, path) = match request.path.strip_prefix(WATCHER) {
        Some(path) => (false, path),
        None => (true, request.path.strip_prefix(BILLING)?),
    };
    CALLS.into_iter().filter(|call| call.0 == is_billing && call.1 == request.method).find_map(
        |(is_billing, method, template)| {
            let parts = parts(template, path)?;
            Some(Route { is_billing, method, template, parts })
        },
    )
}

fn decoded(part: &str) -> Option<String> {
    Some(percent_encoding::percent_decode_str(part).decode_utf8().ok()?.into_owned())
}

/// What stands in `path` where `template` has `{}`.
fn parts(template: &str, path: &str) -> Option<Vec<String>> {
    if let Some(head) = template.strip_suffix("{…}") {
        // A name may have slashes in it, written as they are or encoded.
        let rest = path.strip_prefix(head).filter(|rest| !rest.is_empty())?;
        return Some(vec![decoded(rest)?]);
    }
    let (wanted, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let mut parts = Vec::new();
    for (wanted, given) in wanted.iter().zip(&given) {
        match *wanted {
            "{}" if !given.is_empty() => parts.push(decoded(given)?),
            _ if wanted == given => {}
            _ => return None,
        }
    }
    (wanted.len() == given.len()).then_some(parts)
}

impl Route {
    /// How calls are counted: `PUT /cameras/{}`, and `billing GET /tariff_plans`.
    pub fn kind(&self) -> String {
        let template = self.template.replace("{…}", "{}");
        format!("{}{} {template}", if self.is_billing { "billing " } else { "" }, self.method)
    }

    /// The id that stands in the path.
    pub fn id(&self, at: usize) -> Result<i64, Reply> {
        let part = &self.parts[at];
        part.parse().map_err(|_| Reply::refused(404, format!("{part} is no id")))
    }
}

impl Request {
    pub fn read(head: &hyper::http::request::Parts, body: &[u8]) -> Self {
        let query = form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
        let is_json = head.headers.get("content-type").is_some_and(|kind| kind == "application/json");
        let body = match body {
            [] if is_json => Err("a content type without a body".to_owned()),
            [] => Ok(None),
            _ if !is_json => Err("a body that is not said to be JSON".to_owned()),
            body => serde_json::from_slice(body).map(Some).map_err(|error| error.to_string()),
        };
        Self {
            method: head.method.to_string(),
            path: head.uri.path().to_owned(),
            query: query.into_owned().collect(),
            headers: head.headers.clone(),
            body,
        }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body's fields: all of `required`, none but these and `optional`.
    pub fn fields(&self, required: &[&str], optional: &[&str]) -> Result<Map<String, Value>, Reply> {
        let body = self.body.clone().map_err(|why| Reply::refused(400, why))?;
        check(body.unwrap_or_default(), required, optional)
    }

    /// No body, and no query but these.
    pub fn bare(&self, query: &[&str]) -> Result<(), Reply> {
        if !matches!(self.body, Ok(None)) {
            return Err(Reply::refused(400, "a body where none belongs"));
        }
        self.queried(query)
    }

    pub fn queried(&self, known: &[&str]) -> Result<(), Reply> {
        match self.query.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(Reply::refused(400, format!("unknown query parameter {name}"))),
            None => Ok(()),
        }
    }

    pub fn number(&self, name: &str) -> Result<Option<i64>, Reply> {
        let number = |text: &String| text.parse().map_err(|_| Reply::refused(400, format!("{name}: {text}")));
        self.query.get(name).map(number).transpose()
    }

    /// A number that may come in a header instead.
    pub fn number_or_header(&self, name: &str, header: &str) -> Result<Option<i64>, Reply> {
        match (self.number(name)?, self.header(header)) {
            (Some(number), _) => Ok(Some(number)),
            (None, "") => Ok(None),
            (None, text) => {
                text.parse().map(Some).map_err(|_| Reply::refused(400, format!("{header}: {text}")))
            }
        }
    }
}

/// A map's fields: all of `required`, none but these and `optional`.
pub fn check(
    map: Map<String, Value>,
    required: &[&str],
    optional: &[&str],
) -> Result<Map<String, Value>, Reply> {
    if let Some(name) = required.iter().find(|name| !map.contains_key(**name)) {
        return Err(Reply::refused(400, format!("{name} is missing")));
    }
    let known = |name: &str| required.contains(&name) || optional.contains(&name);
    match map.keys().find(|name| !known(name)) {
        Some(name) => Err(Reply::refused(400, format!("unknown field {name}"))),
        None => Ok(map),
    }
}

/// A field's value where it is there and not null, read so.
pub fn given<T>(
    fields: &Map<String, Value>,
    name: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, Reply> {
    let wrong = || Reply::refused(400, format!("{name} is of another type"));
    fields.get(name).filter(|value| !value.is_null()).map(|value| read(value).ok_or_else(wrong)).transpose()
}

pub fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A right is true or false, or 1 or 0.
pub fn is_on(value: &Value) -> Option<bool> {
    value.as_bool().or_else(|| value.as_i64().filter(|bit| matches!(bit, 0 | 1)).map(|bit| bit == 1))
}

/// The papers' name of a status.
fn error(status: u16) -> &'static str {
    match status {
        400 => "ValidationError",
        403 => "Forbidden",
        404 => "NotFound",
        _ => "ApplicationError",
    }
}

impl Reply {
    pub fn of(body: Value) -> Self {
        Self { status: 200, body: Some(body), why: None }
    }

    pub fn empty(status: u16) -> Self {
        Self { status, body: None, why: None }
    }

    pub fn success() -> Self {
        Self::of(json!({ "success": true }))
    }

    /// A failure with these words.
    pub fn failed(status: u16, error: &str, words: &str) -> Self {
        let body = json!({ "error": error, "error_message": words });
        Self { status, body: Some(body), why: None }
    }

    /// Its sender should have known better.
    pub fn refused(status: u16, why: impl Into<String>) -> Self {
        let why = why.into();
        Self { why: Some(why.clone()), ..Self::failed(status, error(status), &why) }
    }

    /// It cannot be so as things are: nothing its sender has to know before.
    pub fn not(words: &str) -> Self {
        Self::failed(400, "BadRequest", words)
    }

    pub fn not_there() -> Self {
        Self::failed(404, "NotFound", "Not found")
    }

    pub fn forbidden(words: &str) -> Self {
        Self::failed(403, "Forbidden", words)
    }
}
