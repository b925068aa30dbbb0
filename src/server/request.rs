//! One request on its way through a handler: deadline before, tidying up after.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, Method, StatusCode, Uri};
use tokio::time::{Instant, timeout_at};

use super::body::{After, Body, Rest};
use super::connection::Link;
use super::{Response, Settings};

/// How long after the deadline a handler may still answer in its own words before the server does
/// it for the handler.
const OVERDUE: Duration = Duration::from_secs(1);

/// A request whose head has arrived. Not `Debug`: its headers may hold credentials.
pub struct Request {
    /// As sent.
    pub method: Method,
    /// Path and query; scheme and host only where the client sent an absolute form.
    pub uri: Uri,
    /// As sent.
    pub headers: HeaderMap,
    /// The TCP peer; IPv4-mapped IPv6 appears as IPv4.
    pub peer: IpAddr,
    /// When the answer must be ready. A handler that has none by then answers so itself; soon
    /// after, the server answers 503 and drops the handler.
    pub deadline: Instant,
    /// Not read yet.
    pub body: Body,
}

impl Request {
    fn new(request: hyper::Request<Incoming>, peer: IpAddr, settings: &Settings) -> (Self, Rest) {
        let deadline = Instant::now() + settings.request_timeout;
        let (head, incoming) = request.into_parts();
        let (body, rest) =
            Body::new(incoming, &head.headers, deadline, settings.body_bytes_max, settings.room.clone());
        let request =
            Self { method: head.method, uri: head.uri, headers: head.headers, peer, deadline, body };
        (request, rest)
    }

    /// The `Content-Type`, as text; of several, the first.
    #[must_use]
    pub fn content_type(&self) -> Option<String> {
        self.headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }

    /// The `Content-Encoding`, as text; several lines are one list.
    #[must_use]
    pub fn content_encoding(&self) -> Option<String> {
        let lines = self.headers.get_all(CONTENT_ENCODING).iter();
        let lines: Vec<_> = lines.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        (!lines.is_empty()).then(|| lines.join(", "))
    }
}

pub(super) async fn answer<H, F>(
    handler: H,
    link: Arc<Link>,
    request: hyper::Request<Incoming>,
) -> Result<Response, Infallible>
where
    H: Fn(Request) -> F,
    F: Future<Output = Response>,
{
    link.slot.begin();
    let (request, rest) = Request::new(request, link.peer, &link.settings);
    let deadline = request.deadline;
    // In a box of its own: an idle connection has room for a pointer instead of the largest handler.
    let mut response = match timeout_at(deadline + OVERDUE, Box::pin(handler(request))).await {
        Ok(response) => response,
        Err(_) => {
            link.slot.meters().overdue.increment(1);
            overdue()
        }
    };
    let after = rest.settle(deadline, &link.slot);
    if after == After::ClosedOnSender {
        link.closes_on_sender();
    }
    if after != After::Kept || link.is_closing() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    link.slot.answered();
    Ok(response)
}

fn overdue() -> Response {
    let mut response = Response::new(Full::new(Bytes::from_static(b"overdue\n")));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
