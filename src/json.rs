//! HTTP of the JSON surfaces: values, problems as RFC 9457 has them, and what was sent with a request.

mod query;

use std::net::IpAddr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hyper::StatusCode;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::json;
use tokio::time::timeout_at;

use crate::ids::{DeviceId, Msisdn, NoticeId, UserAccount};
use crate::limits::{Limited, Samplers, Suppressed};
use crate::server::{BodyError, Request, Response};
use crate::telemetry::Chain;
use crate::wire::coding::{self, Undecoded};
pub use query::Query;

/// What a client is told to wait when the ledger cannot be reached, seconds.
const RETRY_AFTER_S: u64 = 5;

/// So many problems of a kind are logged in this time; the next line says how many were not. Whoever may not
/// call can bring about a 401 or a 404 as fast as he can send.
const LOGGED_MAX: u32 = 10;
const LOGGED_WITHIN: Duration = Duration::from_secs(10);

/// By surface and status, of all listeners of this process.
static LOGGED: Samplers<(&str, u16)> = Samplers::new(LOGGED_MAX, LOGGED_WITHIN);

/// An answer that is not the one asked for: a status, and a sentence that is safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// What is wrong, for whoever wrote the client.
    pub detail: String,
    /// When to try again, seconds.
    pub retry_after_s: Option<u64>,
}

impl Problem {
    /// A problem with this status and sentence.
    #[must_use]
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after_s: None }
    }

    /// 400.
    #[must_use]
    pub fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// 404.
    #[must_use]
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, detail)
    }

    /// 503; the chain goes to the log and not to the client.
    #[must_use]
    pub fn unavailable(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %Chain(error), "a request could not be answered");
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "the ledger cannot be reached; try again");
        Self { retry_after_s: Some(RETRY_AFTER_S), ..problem }
    }

    /// 503 for want of room.
    #[must_use]
    pub fn crowded() -> Self {
        let problem =
            Self::new(StatusCode::SERVICE_UNAVAILABLE, "too many large bodies are under way; try again");
        Self { retry_after_s: Some(RETRY_AFTER_S), ..problem }
    }

    /// 409.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, detail)
    }

    /// 401.
    #[must_use]
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }

    /// 429: more than this caller may ask.
    #[must_use]
    pub fn limited(limited: Limited) -> Self {
        Self::too_many("too many requests; try again later", limited)
    }

    /// 429: an address that has sent wrong tokens is not heard.
    #[must_use]
    pub fn unheard(limited: Limited) -> Self {
        Self::too_many("too many wrong tokens came from this address; try again later", limited)
    }

    fn too_many(detail: &str, limited: Limited) -> Self {
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, detail);
        Self { retry_after_s: Some(limited.retry_after_s()), ..problem }
    }

    /// The answer to a request from `peer`, with an id that the log has too, but where many problems of its
    /// kind came at once.
    #[must_use]
    pub fn response(&self, surface: &'static str, peer: IpAddr) -> Response {
        let (request_id, status) = (request_id(), self.status.as_u16());
        if let Some(Suppressed(suppressed)) = LOGGED.admit((surface, status), Instant::now()) {
            tracing::info!(surface, %peer, request_id, status, detail = self.detail, suppressed, "problem");
        }
        let body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
            "request_id": request_id,
        });
        let mut response = bytes(&body, "application/problem+json");
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after_s {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The ledger has not answered by a request's deadline.
#[derive(Debug, thiserror::Error)]
#[error("no answer by the request's deadline")]
struct Late;

/// What comes of a request, by its deadline at the latest: what was begun by then may be carried out all the same.
///
/// # Errors
/// The future's own; 503 where it takes longer.
pub async fn by(
    deadline: tokio::time::Instant,
    answering: impl Future<Output = Result<Response, Problem>>,
) -> Result<Response, Problem> {
    timeout_at(deadline, answering).await.unwrap_or_else(|_| Err(Problem::unavailable(&Late)))
}

/// 200 with a value.
#[must_use]
pub fn ok(value: &impl Serialize) -> Response {
    bytes(value, "application/json")
}

/// 204: done, and there is nothing to say.
#[must_use]
pub fn done() -> Response {
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// 405 with the methods that are allowed.
#[must_use]
pub fn method_not_allowed(allowed: &str, surface: &'static str, peer: IpAddr) -> Response {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, format!("this path takes {allowed}"));
    let mut response = problem.response(surface, peer);
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

fn bytes(value: &impl Serialize, content_type: &'static str) -> Response {
    // Values here are structs and maps with text keys, which JSON can always hold.
    let body = serde_json::to_vec(value).unwrap_or_default();
    let mut response = Response::new(body.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Unique within a process's life and unlikely to meet another process's.
#[must_use]
pub fn request_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    static PROCESS: LazyLock<u32> = LazyLock::new(|| {
        use std::hash::{BuildHasher, RandomState};
        (RandomState::new().hash_one(0) >> 32) as u32
    });
    format!("{:08x}-{:06x}", *PROCESS, NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A number of a path, in any spelling.
///
/// # Errors
/// 400 where it is none.
pub fn number(text: &str) -> Result<Msisdn, Problem> {
    plain_number(&percent_encoding::percent_decode_str(text).decode_utf8_lossy())
}

/// The same of a query, which is decoded already.
///
/// # Errors
/// 400 where it is none.
pub fn plain_number(text: &str) -> Result<Msisdn, Problem> {
    Msisdn::parse(text).map_err(|error| Problem::bad(format!("the number given is {error}")))
}

/// A user's account in a path.
///
/// # Errors
/// 400 where it is none.
pub fn account(text: &str) -> Result<UserAccount, Problem> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    UserAccount::parse(&text).map_err(|error| Problem::bad(format!("the account given is {error}")))
}

/// A device in a path.
///
/// # Errors
/// 400 where it is none.
pub fn device(text: &str) -> Result<DeviceId, Problem> {
    let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    DeviceId::parse(&text).map_err(|error| Problem::bad(format!("the device given is {error}")))
}

/// A request's body as a JSON object, an empty one as an empty object.
///
/// # Errors
/// 413 where it is too large, 415 where it is in an unknown coding, 400 where it is none, 408 where it did not
/// come in time, 503 where too many others are under way.
pub async fn body<T: DeserializeOwned>(request: &mut Request) -> Result<T, Problem> {
    let max = request.body.bytes_max();
    let read = request.body.read().await.map_err(|error| match error {
        BodyError::TooLarge => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("at most {max} bytes")),
        BodyError::Broken => Problem::bad("the body broke off"),
        BodyError::Late => Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"),
        BodyError::Crowded => Problem::crowded(),
    })?;
    let decoded = coding::decode(request.content_encoding().as_deref(), &read, max);
    let decoded = decoded.map_err(|error| match error {
        Undecoded::Unknown => {
            let detail = format!("the body may be in {}", coding::ACCEPTED);
            Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail)
        }
        Undecoded::TooLarge => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("at most {max} bytes")),
        Undecoded::Damaged => Problem::bad("the body is not in its Content-Encoding"),
    })?;
    object(&decoded).map_err(Problem::bad)
}

/// A list would fill fields by their places, which nobody has promised.
fn object<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    let text = if text.trim_ascii().is_empty() { b"{}" } else { text };
    if !text.trim_ascii_start().starts_with(b"{") {
        return Err("the body is no JSON object".to_owned());
    }
    serde_json::from_slice(text).map_err(|error| match error.classify() {
        Category::Data => format!("the body is not as it must be: {error}"),
        _ => format!("the body is no JSON object: {error}"),
    })
}

/// A path's notice id.
///
/// # Errors
/// 404 where it is no number: there can be no such notice.
pub fn notice_id(text: &str) -> Result<NoticeId, Problem> {
    text.parse().map(NoticeId).map_err(|_| Problem::not_found("there is no such notice"))
}

/// The token of an `Authorization: Bearer` header.
#[must_use]
pub fn bearer(header: Option<&HeaderValue>) -> Option<&[u8]> {
    let header = header?.as_bytes();
    let (scheme, token) = header.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}
