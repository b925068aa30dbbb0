//! One HTTP call of ours: bounded in time and size, never redirected, every failure told apart by whether the request
//! may have reached the other side. Leaves what was said to who called.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::retry;
use reqwest::{Client, ClientBuilder, Method, Response};
use tokio::time::{Instant, timeout_at};

/// No answer read is longer, in bytes, but those of calls that say so: a usage record of a device has some
/// hundred bytes a row.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Some servers begin texts with it, and no reader of JSON takes it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Nobody is made to wait longer by a `Retry-After`.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// How long an unused connection is kept: below the minute after which many servers close theirs.
const IDLE: Duration = Duration::from_secs(45);

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The library refused.
    #[error("the HTTP client cannot be built")]
    Client(#[source] reqwest::Error),
    /// A setting holds what no header can, which the settings' own check finds first.
    #[error("a key or a name in the provider's settings cannot be sent in a header")]
    Header,
    /// A setting is missing, which the settings' own check finds first.
    #[error("the provider's settings are incomplete")]
    Incomplete,
}

/// Calls one remote system.
pub(crate) struct Http(Client);

/// One request. Not `Debug`: it holds codes and a signature.
pub(crate) struct Ask {
    pub(crate) method: Method,
    pub(crate) url: String,
    /// Beside those that every request of the client carries.
    pub(crate) headers: HeaderMap,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) body: String,
    pub(crate) answer_bytes_max: usize,
}

impl Ask {
    /// An empty request, whose answer is short.
    pub(crate) fn new(method: Method, url: String) -> Self {
        let (headers, body) = (HeaderMap::new(), String::new());
        Self { method, url, headers, content_type: None, body, answer_bytes_max: ANSWER_BYTES_MAX }
    }

    /// With this body.
    pub(crate) fn with(self, content_type: &'static str, body: String) -> Self {
        Self { content_type: Some(content_type), body, ..self }
    }
}

/// An answer, whole; what its status means is up to the provider.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    /// What kind of body it says it has.
    pub(crate) content_type: Option<String>,
    /// Where it sends us.
    pub(crate) location: Option<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// No whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The request cannot have reached the other side.
    Before(String),
    /// It may have, and may have been carried out.
    After(String),
}

impl Http {
    /// Connecting may take half of `timeout`: what takes longer is known not to have arrived.
    pub(crate) fn new(timeout: Duration) -> Result<Self, ClientError> {
        Self::build(Client::builder(), timeout)
    }

    /// The same below one base, with headers that every request carries; those that are secrets have to be
    /// marked so. Below `http://` none of the machine's certificates is read, and none has to be there.
    pub(crate) fn below(base: &str, timeout: Duration, headers: HeaderMap) -> Result<Self, ClientError> {
        let builder = Client::builder().default_headers(headers);
        let is_plain = base.starts_with("http://");
        Self::build(if is_plain { builder.tls_certs_only([]) } else { builder }, timeout)
    }

    fn build(builder: ClientBuilder, timeout: Duration) -> Result<Self, ClientError> {
        let client = builder
            .user_agent(concat!("sdp-gateway/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            // A repeat by the library would escape the rule of looking first.
            .retry(retry::never())
            // Where requests go is for the settings to say, and not for the environment.
            .no_proxy()
            .pool_idle_timeout(IDLE)
            .connect_timeout(timeout / 2)
            .build();
        client.map(Self).map_err(ClientError::Client)
    }

    /// Sends and reads the whole answer until `deadline`. Dropping it breaks the call off.
    pub(crate) async fn call(&self, ask: Ask, deadline: Instant) -> Result<Answer, Failure> {
        // Without the time for even one packet there and back nothing is begun.
        if deadline <= Instant::now() {
            return Err(Failure::Before("there was no time left".to_owned()));
        }
        let mut request = self.0.request(ask.method, ask.url).headers(ask.headers).body(ask.body);
        if let Some(content_type) = ask.content_type {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        let request = request.build().map_err(|error| failure(&error))?;
        let answer = async {
            let response = self.0.execute(request).await.map_err(|error| failure(&error))?;
            whole(response, ask.answer_bytes_max).await
        };
        timeout_at(deadline, answer)
            .await
            .unwrap_or_else(|_| Err(Failure::After("there was no whole answer in time".to_owned())))
    }
}

async fn whole(mut response: Response, bytes_max: usize) -> Result<Answer, Failure> {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(seconds);
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (content_type, location) = (header(CONTENT_TYPE), header(LOCATION));
    let headers = response.headers().clone();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failure::After(reason(&error)))? {
        if body.len() + chunk.len() > bytes_max {
            return Err(Failure::After(format!("the answer is longer than {bytes_max} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    if body.starts_with(BYTE_ORDER_MARK) {
        body.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(Answer { status, retry_after, content_type, location, headers, body })
}

fn seconds(value: &HeaderValue) -> Option<Duration> {
    let seconds = value.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds).min(RETRY_AFTER_MAX))
}

/// Only what failed while connecting, or before, is certain not to have arrived.
fn failure(error: &reqwest::Error) -> Failure {
    if error.is_connect() || error.is_builder() {
        Failure::Before(reason(error))
    } else {
        Failure::After(reason(error))
    }
}

/// The chain below the library's own sentence, which names the URL, and a query holds secrets.
fn reason(error: &reqwest::Error) -> String {
    let head = match error {
        _ if error.is_builder() => "the request cannot be built",
        _ if error.is_connect() => "no connection",
        _ if error.is_timeout() => "no answer in time",
        _ if error.is_body() || error.is_decode() => "the answer broke off",
        _ => "the connection failed",
    };
    let sources = std::iter::successors(std::error::Error::source(error), |error| error.source());
    sources.fold(head.to_owned(), |text, source| format!("{text}: {source}"))
}
