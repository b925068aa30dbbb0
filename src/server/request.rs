//! One request on its way through a handler: deadline before, tidying up after.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, Method, StatusCode, Uri};
use tokio::time::{Instant, timeout_at};

use super::body::{After, Body, Rest};
use super::connection::Link;
use super::sending::Sending;
use super::{Answering, Bounds, Response, Settings};

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
    began: Instant,
}

impl Request {
    fn new(request: hyper::Request<Incoming>, peer: IpAddr, settings: &Settings) -> (Self, Rest) {
        let began = Instant::now();
        let deadline = began + settings.request_timeout;
        let (head, incoming) = request.into_parts();
        let (body, rest) =
            Body::new(incoming, &head.headers, deadline, settings.body_bytes_max, settings.room.clone());
        let request =
            Self { method: head.method, uri: head.uri, headers: head.headers, peer, deadline, body, began };
        (request, rest)
    }

    /// The same under bounds that follow from those it had. Whoever gives it more time answers with
    /// [`Answering::until`] its deadline.
    #[must_use]
    pub fn within(mut self, bounds: impl FnOnce(Bounds) -> Bounds) -> Self {
        let timeout = self.deadline.duration_since(self.began);
        let Bounds { body_bytes_max, timeout } =
            bounds(Bounds { body_bytes_max: self.body.bytes_max(), timeout });
        self.deadline = self.began + timeout;
        self.body.bind(self.deadline, body_bytes_max);
        self
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
) -> Result<hyper::Response<Sending>, Infallible>
where
    H: Fn(Request) -> F,
    F: Into<Answering>,
{
    link.slot.begin();
    let (request, rest) = Request::new(request, link.peer, &link.settings);
    let usual = request.deadline;
    let Answering { deadline, answer } = handler(request).into();
    let mut response = match timeout_at(deadline.unwrap_or(usual) + OVERDUE, answer).await {
        Ok(response) => response,
        Err(_) => {
            link.slot.meters().overdue.increment(1);
            overdue()
        }
    };
    // What nobody reads has the usual time to arrive, whatever the answer had.
    let after = rest.after(usual, &link.slot);
    if after == After::ClosedOnSender {
        link.closes_on_sender();
    }
    if after != After::Kept || link.is_closing() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    Ok(response.map(|body| Sending::new(body, Arc::clone(&link.slot), link.settings.request_timeout)))
}

fn overdue() -> Response {
    let mut response = Response::new("overdue\n".into());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
