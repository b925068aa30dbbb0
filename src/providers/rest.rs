//! One call of a JSON system that names its things by paths: what is sent, one line of log, and, where the answer
//! ([`said`](super::said)) leaves open whether one thing is refused or our key, one call that tells (`proof`). Leaves what
//! the calls are to the clients of Watcher and of billing.

mod proof;

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::attempted::Why;
use super::fault::Fault;
use super::loose::Rows;
use super::said::{Said, said};
use crate::http::{Answer, Ask, ClientError, Failure, Http};
use crate::telemetry;
use proof::Proved;

/// Everything in a part of a path but what is never taken for anything else (RFC 3986, unreserved).
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A system as we reach it.
pub(super) struct Rest {
    provider: String,
    system: &'static str,
    base: String,
    /// Another where a secret has changed.
    line: ArcSwap<Line>,
    timeout: Duration,
    /// The paths that answer whoever has a good key; where the first is not there, the next.
    proofs: &'static [&'static str],
    proved: Mutex<Option<Proved>>,
}

/// The client with the headers that go with every call, and what of them is secret.
struct Line {
    http: Http,
    secrets: Vec<SecretString>,
}

/// One call. Not `Debug`: the body may hold a login or a password.
pub(super) struct Call {
    method: Method,
    /// With `{}` for each of `parts`.
    path: &'static str,
    parts: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    answer_bytes_max: Option<usize>,
    is_done_when_there: bool,
}

/// Why there was no answer: what follows.
enum Unanswered {
    /// The request cannot have reached the other side.
    Before(Fault),
    /// It may have.
    After(Fault),
}

impl Call {
    fn new(method: Method, path: &'static str, body: Option<Value>) -> Self {
        Self {
            method,
            path,
            parts: Vec::new(),
            query: Vec::new(),
            body,
            answer_bytes_max: None,
            is_done_when_there: false,
        }
    }

    pub(super) fn get(path: &'static str) -> Self {
        Self::new(Method::GET, path, None)
    }

    pub(super) fn put(path: &'static str, body: Value) -> Self {
        Self::new(Method::PUT, path, Some(body))
    }

    pub(super) fn post(path: &'static str, body: Value) -> Self {
        Self::new(Method::POST, path, Some(body))
    }

    pub(super) fn delete(path: &'static str) -> Self {
        Self::new(Method::DELETE, path, None)
    }

    /// What stands in the path's next `{}`.
    pub(super) fn at(mut self, part: impl Display) -> Self {
        self.parts.push(part.to_string());
        self
    }

    pub(super) fn query(mut self, name: &'static str, value: impl Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    /// Its answer may be so long, in bytes.
    pub(super) fn long(mut self, answer_bytes_max: usize) -> Self {
        self.answer_bytes_max = Some(answer_bytes_max);
        self
    }

    /// What it makes may be there already, which is as good.
    pub(super) fn or_there(mut self) -> Self {
        self.is_done_when_there = true;
        self
    }

    /// Whether it is about one camera or one user, whom others have nothing to do with.
    fn is_of_one(&self) -> bool {
        ["/cameras/{}", "/users/{}"].iter().any(|one| self.path.starts_with(one))
    }

    /// Whether an answer of this status may be this one thing's alone: what has a page for its own failure, or sends one
    /// name elsewhere, may do so for that name.
    fn may_be_alone_with(&self, status: u16) -> bool {
        self.is_of_one() && matches!(status, 300..=399 | 500 | 502 | 504)
    }

    /// The URL; `None` where a part would be read as a step up the path, or as no part at all, even encoded:
    /// nothing can have such a name.
    fn url(&self, base: &str) -> Option<String> {
        let mut url = base.to_owned();
        let mut parts = self.parts.iter();
        for (at, text) in self.path.split("{}").enumerate() {
            if at > 0 {
                let part = parts.next().filter(|part| !matches!(part.as_str(), "" | "." | ".."))?;
                url.extend(utf8_percent_encode(part, PART));
            }
            url.push_str(text);
        }
        for (at, (name, value)) in self.query.iter().enumerate() {
            url.push(if at == 0 { '?' } else { '&' });
            url.extend([*name, "="]);
            url.extend(utf8_percent_encode(value, PART));
        }
        Some(url)
    }
}

/// The texts of a request.
fn texts(body: &Value) -> Vec<String> {
    match body {
        Value::String(text) => vec![text.clone()],
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

impl Line {
    fn new(base: &str, timeout: Duration, headers: &[(&'static str, &str)]) -> Result<Self, ClientError> {
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| ClientError::Header)?;
            value.set_sensitive(true);
            all.insert(HeaderName::from_static(name), value);
        }
        let secrets = headers.iter().map(|(_, value)| SecretString::from(*value)).collect();
        Ok(Self { http: Http::below(base, timeout, all)?, secrets })
    }

    /// What the other side may have learnt from a call, and is not to be repeated when it says so.
    fn hidden(&self, call: &Call) -> Vec<String> {
        let secrets = self.secrets.iter().map(|secret| secret.expose_secret().to_owned());
        let queried = call.query.iter().filter(|(name, _)| *name == "search").map(|(_, value)| value.clone());
        let mut hidden: Vec<String> =
            secrets.chain(queried).chain(call.body.iter().flat_map(texts)).collect();
        // Of two that are part of one another the longer goes first.
        hidden.sort_by_key(|text| std::cmp::Reverse(text.len()));
        hidden
    }
}

impl Rest {
    /// `provider` is for the log, `system` names the other side in faults. `headers` go with every call and
    /// are treated as secrets. No call takes longer than `timeout_ms`, whatever its deadline: that may be one of
    /// many calls. `proofs` are paths without parts that answer whoever has a good key: by the first that is there a
    /// refusal of one thing is told from one of the key.
    pub(super) fn new(
        provider: &str,
        system: &'static str,
        base: String,
        headers: &[(&'static str, &str)],
        proofs: &'static [&'static str],
        timeout_ms: u32,
    ) -> Result<Self, ClientError> {
        let timeout = Duration::from_millis(u64::from(timeout_ms));
        let line = ArcSwap::from_pointee(Line::new(&base, timeout, headers)?);
        let (provider, proved) = (provider.to_owned(), Mutex::new(None));
        Ok(Self { provider, system, base, line, timeout, proofs, proved })
    }

    /// Calls that begin from now on carry these headers.
    pub(super) fn renew(&self, headers: &[(&'static str, &str)]) -> Result<(), ClientError> {
        self.line.store(Arc::new(Line::new(&self.base, self.timeout, headers)?));
        Ok(())
    }

    /// Calls, and reads what is answered.
    pub(super) async fn read<T: DeserializeOwned>(&self, call: Call, deadline: Instant) -> Result<T, Fault> {
        let (method, about) = (call.method.clone(), self.about(&call));
        let answer = self.call(call, &about, deadline).await?;
        serde_json::from_slice(&answer.body).map_err(|error| {
            // Where, but not what: the library would quote it.
            let (line, column) = (error.line(), error.column());
            let what = format!("{about}: the answer cannot be read (line {line}, column {column})");
            Fault::of_doubt(&method, Why::new(what))
        })
    }

    /// Calls, and reads a list. Rows that cannot be read are left out, counted and told of.
    pub(super) async fn rows<T: DeserializeOwned>(
        &self,
        call: Call,
        deadline: Instant,
    ) -> Result<Rows<T>, Fault> {
        let path = call.path;
        let list: Rows<T> = self.read(call, deadline).await?;
        if list.odd > 0 {
            let (provider, system, odd, why) = (&*self.provider, self.system, list.odd, list.why.as_deref());
            tracing::warn!(provider, system, path, odd, why, "rows that cannot be read were left out");
            telemetry::odd_rows(provider, odd);
        }
        Ok(list)
    }

    /// What the provider is called in the settings.
    pub(super) fn provider(&self) -> &str {
        &self.provider
    }

    /// Calls, and cares only whether it was done: no body and any JSON that does not deny it say so. The JSON.
    pub(super) async fn done(&self, call: Call, deadline: Instant) -> Result<Value, Fault> {
        let (method, about) = (call.method.clone(), self.about(&call));
        let answer = self.call(call, &about, deadline).await?;
        if answer.body.trim_ascii().is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body).map_err(|_| {
            let why = Why::new(format!("{about}: the answer cannot be read"));
            Fault::of_doubt(&method, why)
        })
    }

    fn about(&self, call: &Call) -> String {
        format!("{}, {} {}", self.system, call.method, call.path)
    }

    async fn call(&self, call: Call, about: &str, deadline: Instant) -> Result<Answer, Fault> {
        let line = self.line.load_full();
        let answer = match self.ask(&line, &call, about, self.own(&call, deadline)).await {
            Ok(answer) => answer,
            Err(Unanswered::After(fault)) if call.is_of_one() => {
                return Err(self.alone(fault, (&line, &call), deadline).await);
            }
            Err(Unanswered::Before(fault) | Unanswered::After(fault)) => return Err(fault),
        };
        match said(&call.method, &answer, about, &line.hidden(&call)) {
            Said::Done => Ok(answer),
            Said::Not(Fault::Again { .. }) if answer.status == 409 && call.is_done_when_there => {
                Ok(Answer { body: Vec::new(), ..answer })
            }
            said => Err(self.fault(said, (&line, &call, &answer), deadline).await),
        }
    }

    /// When a call has to be over: where it may be this one thing alone that takes for ever, there is to be time left to
    /// ask.
    fn own(&self, call: &Call, deadline: Instant) -> Instant {
        let now = Instant::now();
        let left = deadline.saturating_duration_since(now).min(self.timeout);
        if call.is_of_one() { now + left * 9 / 10 } else { now + left }
    }

    async fn ask(
        &self,
        line: &Line,
        call: &Call,
        about: &str,
        deadline: Instant,
    ) -> Result<Answer, Unanswered> {
        let Some(url) = call.url(&self.base) else {
            let why = Why::new(format!("{about}: nothing has such a name"));
            return Err(Unanswered::Before(Fault::NotThere(why)));
        };
        let mut ask = Ask::new(call.method.clone(), url);
        if let Some(body) = &call.body {
            ask = ask.with("application/json", body.to_string());
        }
        ask.answer_bytes_max = call.answer_bytes_max.unwrap_or(ask.answer_bytes_max);
        let started = Instant::now();
        let called = line.http.call(ask, deadline.min(started + self.timeout)).await;
        self.log(call, &called, started);
        called.map_err(|failure| match failure {
            Failure::Before(text) => {
                Unanswered::Before(Fault::Again { why: Why::new(format!("{about}: {text}")), after: None })
            }
            Failure::After(text) => {
                let why = Why::new(format!("{about}: {text}"));
                Unanswered::After(Fault::of_doubt(&call.method, why))
            }
        })
    }

    fn log(&self, call: &Call, called: &Result<Answer, Failure>, started: Instant) {
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (provider, system, method, path) = (&self.provider, self.system, &call.method, call.path);
        match called {
            Ok(answer) => {
                tracing::info!(provider, system, %method, path, status = answer.status, ms, "called");
            }
            Err(Failure::Before(why) | Failure::After(why)) => {
                tracing::info!(provider, system, %method, path, why, ms, "called, without an answer");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_one_part() {
        let url = |part: &str| Call::get("/cameras/{}/x").at(part).query("limit", 5).url("http://h");
        assert_eq!(url("cam-1_a~.b").as_deref(), Some("http://h/cameras/cam-1_a~.b/x?limit=5"));
        assert_eq!(url("a/../b?c#d%").as_deref(), Some("http://h/cameras/a%2F..%2Fb%3Fc%23d%25/x?limit=5"));
        for none in ["", ".", ".."] {
            assert_eq!(url(none), None, "{none}");
        }
    }
}
