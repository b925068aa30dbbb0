//! One message to send and the answer it expects, wherever it was read from. Leaves reading to
//! `folder` and `journal`, and what is changed before sending to `prepare`.

use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Uri};

use super::fields::{self, Field, Text};
use crate::clock::Timestamp;
use crate::ids::Msisdn;

/// A message as it was recorded.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// How it is called in the output: the folder's name, or the journal's with the line.
    pub(crate) name: String,
    pub(crate) method: Method,
    /// Path and query as they stand in the request line.
    pub(crate) path: String,
    pub(crate) query: Option<String>,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
    pub(crate) expected: Expected,
    pub(crate) when: When,
}

/// The answer a case expects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expected {
    pub(crate) status: u16,
    /// None: whatever comes with that status is fine, and is printed.
    pub(crate) reply: Option<Vec<u8>>,
}

impl Expected {
    pub(crate) fn is_known(&self) -> bool {
        self.reply.is_some()
    }
}

/// What the times of a case are relative to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Nothing: they are sent as they are.
    Fixed,
    /// `now` in `case.toml`: always shifted to the actual time.
    Stated(Timestamp),
    /// The end of the journal they come from: shifted only when ids are fresh.
    Recorded(Timestamp),
}

/// Where a message goes unless its case says otherwise.
const CHECK_PATH: &str = "/vascloud/v1/notify_check";
const REG_PATH: &str = "/vascloud/v1/notify_reg";
const XML: HeaderValue = HeaderValue::from_static("text/xml; charset=utf-8");

impl Case {
    /// A POST of `body` that expects HTTP 200.
    pub(crate) fn post(name: String, body: Vec<u8>) -> Self {
        let root = fields::root(&Text::read(&body));
        let path = if root.as_deref() == Some("rqst") { CHECK_PATH } else { REG_PATH };
        Self {
            name,
            method: Method::POST,
            path: path.to_owned(),
            query: None,
            headers: vec![(CONTENT_TYPE, XML)],
            body,
            expected: Expected { status: 200, reply: None },
            when: When::Fixed,
        }
    }

    /// A GET with `query` that expects HTTP 200.
    pub(crate) fn get(name: String, query: &str) -> Self {
        let query = query.trim().trim_start_matches('?').to_owned();
        let path = if fields::is_check_query(&query) { CHECK_PATH } else { REG_PATH };
        Self {
            method: Method::GET,
            path: path.to_owned(),
            query: Some(query).filter(|query| !query.is_empty()),
            headers: Vec::new(),
            ..Self::post(name, Vec::new())
        }
    }

    /// Sends another `path`; a query in it goes before the case's own.
    pub(crate) fn set_path(&mut self, path: &str) {
        let (path, query) = match path.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (path, None),
        };
        path.clone_into(&mut self.path);
        self.query = match (query, self.query.take()) {
            (Some(first), Some(second)) => Some(format!("{first}&{second}")),
            (first, second) => first.map(str::to_owned).or(second),
        };
    }

    /// Sets a header, or takes it away where `value` is empty.
    pub(crate) fn set_header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.retain(|(other, _)| *other != name);
        if !value.is_empty() {
            self.headers.push((name, value));
        }
    }

    /// Path and query as the request line has them.
    pub(crate) fn path_and_query(&self) -> String {
        line(&self.path, self.query.as_deref())
    }

    /// Why the request line cannot be sent, if it cannot.
    pub(crate) fn uri_fault(&self) -> Option<String> {
        let line = self.path_and_query();
        let fine = line.starts_with('/') && line.parse::<Uri>().is_ok();
        (!fine).then(|| format!("path {line:?} cannot be sent; it begins with / and is percent-encoded"))
    }

    /// The number this message is about, where it has a readable one.
    pub(crate) fn number(&self) -> Option<Msisdn> {
        let query = self.query.as_deref().map(fields::in_query).unwrap_or_default();
        let body = fields::in_body(&Text::read(&self.inside()));
        let mut numbers = query.into_iter().chain(body).filter(|found| found.field == Field::Number);
        numbers.find_map(|found| Msisdn::parse(&found.value).ok())
    }
}

/// Path and query in one.
pub(crate) fn line(path: &str, query: Option<&str>) -> String {
    match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    }
}
