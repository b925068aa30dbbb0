//! One HTTP call of a provider: bounded in time and size, never redirected, every failure told apart by
//! whether the request may have reached the other side. Leaves what was said to the provider.

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

/// Why a provider's client could not be built.
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
pub(super) struct Http(Client);

/// One request. Not `Debug`: it holds codes and a signature.
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) url: String,
    pub(super) content_type: Option<&'static str>,
    pub(super) body: String,
    pub(super) answer_bytes_max: usize,
}

impl Ask {
    /// An empty request, whose answer is short.
    pub(super) fn new(method: Method, url: String) -> Self {
        Self { method, url, content_type: None, body: String::new(), answer_bytes_max: ANSWER_BYTES_MAX }
    }

    /// With this body.
    pub(super) fn with(self, content_type: &'static str, body: String) -> Self {
        Self { content_type: Some(content_type), body, ..self }
    }
}

/// An answer, whole; what its status means is up to the provider.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) retry_after: Option<Duration>,
    /// What kind of body it says it has.
    pub(super) content_type: Option<String>,
    /// Where it sends us.
    pub(super) location: Option<String>,
    pub(super) body: Vec<u8>,
}

/// No whole answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The request cannot have reached the other side.
    Before(String),
    /// It may have, and may have been carried out.
    After(String),
}

impl Http {
    /// Connecting may take half of `timeout`: what takes longer is known not to have arrived.
    pub(super) fn new(timeout: Duration) -> Result<Self, ClientError> {
        Self::build(Client::builder(), timeout)
    }

    /// The same below one base, with headers that every request carries; those that are secrets have to be
    /// marked so. Below `http://` none of the machine's certificates is read, and none has to be there.
    pub(super) fn below(base: &str, timeout: Duration, headers: HeaderMap) -> Result<Self, ClientError> {
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
    pub(super) async fn call(&self, ask: Ask, deadline: Instant) -> Result<Answer, Failure> {
        // Without the time for even one packet there and back nothing is begun.
        if deadline <= Instant::now() {
            return Err(Failure::Before("there was no time left".to_owned()));
        }
        let mut request = self.0.request(ask.method, ask.url).body(ask.body);
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
    Ok(Answer { status, retry_after, content_type, location, body })
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
