//! A request of the double as read, which call it is, and a reply. Strict: what a call does not know is refused.

use std::collections::BTreeMap;

use hyper::HeaderMap;
use serde_json::{Map, Value, json};

pub struct Request {
    pub method: String,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: HeaderMap,
    /// `None` where there is none; `Err` where it is no JSON object, or not said to be one.
    pub body: Result<Option<Map<String, Value>>, String>,
}

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

const CALLS: [(bool, &str, &str); 20] = [
    (true, "GET", "/tariff_plans"),
    (true, "GET", "/organizations"),
    (true, "POST", "/organizations"),
    (true, "PUT", "/organizations/{}"),
    (true, "DELETE", "/organizations/{}"),
    (false, "GET", "/cameras"),
    (false, "GET", "/cameras/{}"),
    (false, "PUT", "/cameras/{}"),
    (false, "GET", "/users"),
    (false, "POST", "/users"),
    (false, "PUT", "/users/{}"),
    (false, "DELETE", "/users/{}"),
    (false, "GET", "/organizations"),
    (false, "GET", "/organizations/{}/presets"),
    (false, "GET", "/organizations/{}/users"),
    (false, "POST", "/organizations/{}/users"),
    (false, "DELETE", "/organizations/{}/users/{}"),
    (false, "GET", "/organizations/{}/folders"),
    (false, "POST", "/organizations/{}/folders/{}/users"),
    (false, "GET", "/auth/whoami"),
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

/// What stands in `path` where `template` has `{}`.
fn parts(template: &str, path: &str) -> Option<Vec<String>> {
    let (wanted, given): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    let mut parts = Vec::new();
    for (wanted, given) in wanted.iter().zip(&given) {
        match *wanted {
            "{}" if !given.is_empty() => {
                parts.push(percent_encoding::percent_decode_str(given).decode_utf8().ok()?.into_owned());
            }
            _ if wanted == given => {}
            _ => return None,
        }
    }
    (wanted.len() == given.len()).then_some(parts)
}

impl Route {
    /// How calls are counted: `PUT /cameras/{}`, and `billing GET /tariff_plans`.
    pub fn kind(&self) -> String {
        format!("{}{} {}", if self.is_billing { "billing " } else { "" }, self.method, self.template)
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
            Some(name) => Err(Reply::refused(422, format!("unknown query parameter {name}"))),
            None => Ok(()),
        }
    }

    pub fn number(&self, name: &str) -> Result<Option<i64>, Reply> {
        let number = |text: &String| text.parse().map_err(|_| Reply::refused(422, format!("{name}: {text}")));
        self.query.get(name).map(number).transpose()
    }
}

/// A map's fields: all of `required`, none but these and `optional`.
pub fn check(
    map: Map<String, Value>,
    required: &[&str],
    optional: &[&str],
) -> Result<Map<String, Value>, Reply> {
    if let Some(name) = required.iter().find(|name| !map.contains_key(**name)) {
        return Err(Reply::refused(422, format!("{name} is missing")));
    }
    let known = |name: &str| required.contains(&name) || optional.contains(&name);
    match map.keys().find(|name| !known(name)) {
        Some(name) => Err(Reply::refused(422, format!("unknown field {name}"))),
        None => Ok(map),
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

    /// Its sender should have known better.
    pub fn refused(status: u16, why: impl Into<String>) -> Self {
        Self { status, body: Some(json!({ "error": "refused" })), why: Some(why.into()) }
    }

    /// Not there, or not so: nothing its sender has to know before.
    pub fn not(status: u16) -> Self {
        Self { status, body: Some(json!({ "error": "not so" })), why: None }
    }
}
