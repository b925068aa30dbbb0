//! One call of a JSON system that names its things by paths: what is sent, what the answer says, one line of
//! log. Leaves what the calls are to the clients of Watcher and of billing.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use tokio::time::Instant;

use super::fault::Fault;
use super::http::{Answer, Ask, ClientError, Failure, Http};
use super::outcome::Why;

/// Everything in a part of a path but what is never taken for anything else (RFC 3986, unreserved).
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A system as we reach it.
pub(super) struct Rest {
    provider: String,
    system: &'static str,
    base: String,
    /// With the headers that go with every call; another where a secret has changed.
    http: ArcSwap<Http>,
    timeout: Duration,
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

/// What an answer that carries nothing else may say.
#[derive(Deserialize)]
struct Said {
    success: Option<bool>,
}

fn client(base: &str, timeout: Duration, headers: &[(&'static str, &str)]) -> Result<Http, ClientError> {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| ClientError::Header)?;
        value.set_sensitive(true);
        all.insert(HeaderName::from_static(name), value);
    }
    Http::below(base, timeout, all)
}

impl Rest {
    /// `provider` is for the log, `system` names the other side in faults. `headers` go with every call and
    /// are treated as secrets. No call takes longer than `timeout_ms`, whatever its deadline: that may be one of
    /// many calls.
    pub(super) fn new(
        provider: &str,
        system: &'static str,
        base: String,
        headers: &[(&'static str, &str)],
        timeout_ms: u32,
    ) -> Result<Self, ClientError> {
        let timeout = Duration::from_millis(u64::from(timeout_ms));
        let http = ArcSwap::from_pointee(client(&base, timeout, headers)?);
        Ok(Self { provider: provider.to_owned(), system, base, http, timeout })
    }

    /// Calls that begin from now on carry these headers.
    pub(super) fn renew(&self, headers: &[(&'static str, &str)]) -> Result<(), ClientError> {
        self.http.store(Arc::new(client(&self.base, self.timeout, headers)?));
        Ok(())
    }

    /// Calls, and reads what is answered.
    pub(super) async fn read<T: DeserializeOwned>(&self, call: Call, deadline: Instant) -> Result<T, Fault> {
        let (method, about) = (call.method.clone(), self.about(&call));
        let answer = self.call(call, &about, deadline).await?;
        let refused = |said: Said| said.success == Some(false);
        serde_json::from_slice(&answer.body).map_err(|error| {
            if serde_json::from_slice(&answer.body).is_ok_and(refused) {
                return Fault::Never(Why::new(format!("{about}: refused")));
            }
            // Where, but not what: the library would quote it.
            let (line, column) = (error.line(), error.column());
            let what = format!("{about}: the answer cannot be read (line {line}, column {column})");
            Fault::of_doubt(&method, Why::new(what))
        })
    }

    /// Calls, and cares only whether it was done: no body and any JSON that does not deny it say so.
    pub(super) async fn done(&self, call: Call, deadline: Instant) -> Result<(), Fault> {
        let (method, about) = (call.method.clone(), self.about(&call));
        let answer = self.call(call, &about, deadline).await?;
        if answer.body.trim_ascii().is_empty() {
            return Ok(());
        }
        if serde_json::from_slice::<IgnoredAny>(&answer.body).is_err() {
            let why = Why::new(format!("{about}: the answer cannot be read"));
            return Err(Fault::of_doubt(&method, why));
        }
        match serde_json::from_slice(&answer.body) {
            Ok(Said { success: Some(false) }) => Err(Fault::Never(Why::new(format!("{about}: refused")))),
            _ => Ok(()),
        }
    }

    fn about(&self, call: &Call) -> String {
        format!("{}, {} {}", self.system, call.method, call.path)
    }

    async fn call(&self, call: Call, about: &str, deadline: Instant) -> Result<Answer, Fault> {
        let Some(url) = call.url(&self.base) else {
            return Err(Fault::NotThere(Why::new(format!("{about}: nothing has such a name"))));
        };
        let mut ask = Ask::new(call.method.clone(), url);
        if let Some(body) = &call.body {
            ask = ask.with("application/json", body.to_string());
        }
        ask.answer_bytes_max = call.answer_bytes_max.unwrap_or(ask.answer_bytes_max);
        let started = Instant::now();
        let called = self.http.load_full().call(ask, deadline.min(started + self.timeout)).await;
        self.log(&call, &called, started);
        match called {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(answer),
            Ok(answer) if answer.status == 409 && call.is_done_when_there => {
                Ok(Answer { body: Default::default(), ..answer })
            }
            Ok(answer) => Err(Fault::of_status(&call.method, answer.status, answer.retry_after, about)),
            Err(Failure::Before(text)) => {
                Err(Fault::Again { why: Why::new(format!("{about}: {text}")), after: None })
            }
            Err(Failure::After(text)) => {
                Err(Fault::of_doubt(&call.method, Why::new(format!("{about}: {text}"))))
            }
        }
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
