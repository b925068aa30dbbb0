//! What the carrier calls: its notices and its questions, answered in its own grammar whatever
//! happens (contract section 2).
//!
//! [`Surface::answer`] is every request's way: who calls, how often, what it says, and from there to
//! [`notify`] or [`check`]. The root of the message decides which; the path only where no root can
//! be read. Rules and keeping are left to `subscription` and `ledger`.

pub mod access;
mod check;
mod notify;
pub mod reading;
mod shown;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Method, StatusCode};

use crate::clock::Clock;
use crate::config;
use crate::ledger::Ledger;
use crate::ledger::raw::Raw;
use crate::limits::{Block, Limiter, Sampler, Suppressed};
use crate::server::{BodyError, Request, Response};
use crate::subscription::notice::Reads;
use crate::subscription::odd::TimeField;
use crate::surface::{Listener, Route, Surface};
use crate::telemetry::{self, CarrierMessage, CarrierMeters};
use crate::wire::accessgw::NotifyEcho;
use crate::wire::code::Code;
use crate::wire::coding;
use crate::wire::content::Unopened;
use crate::wire::request::{self, Expected};
use crate::wire::rqst::CheckEcho;
use crate::wire::{Message, Unreadable, accessgw, rqst};
use access::{Access, Admission, CallerRule};

/// What a caller is told to wait after we could not keep its message, seconds.
const RETRY_AFTER_S: u64 = 5;

/// At most one log line in this time for each kind of refusal.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// Its paths: whatever the method, each also with `.html` and with `/` at its end.
const PATHS: [(&str, Expected); 5] = [
    ("/vascloud/v1/notify_reg", Expected::Notify),
    ("/vascloud/v1/notify_sub", Expected::Notify),
    ("/vascloud/v1/notifySubscriber", Expected::Notify),
    ("/vascloud/v1/notify_check", Expected::Check),
    ("/vascloud/v1/notifyCheckSubscriber", Expected::Check),
];

/// The carrier surface.
pub struct Carrier {
    ledger: Ledger,
    clock: Clock,
    settings: config::Carrier,
    reads: Reads,
    access: Access,
    limiter: Limiter<Block>,
    meters: CarrierMeters,
    refusals: Sampler,
    limited: Sampler,
    unkept: Sampler,
}

/// An answer on its way: what it is, and what it says.
struct Answer {
    message: CarrierMessage,
    code: Code,
    body: String,
    /// What became of the message, for log and metrics.
    outcome: &'static str,
    retry_after_s: u64,
}

/// A message with what is known of how it came.
struct Arrival {
    caller: Arc<str>,
    address: IpAddr,
    deadline: tokio::time::Instant,
    raw: Raw,
}

impl Carrier {
    /// Builds the surface from its settings.
    #[must_use]
    pub fn new(config: &config::Config, reads: Reads, ledger: Ledger, clock: Clock) -> Self {
        let settings = config.carrier.clone();
        let rule = |caller: &config::Caller| CallerRule {
            name: caller.name.as_str().into(),
            allow: caller.allow.clone(),
            basic: caller.username.clone().zip(caller.password.clone()),
        };
        let callers = settings.caller.iter().map(rule).collect();
        telemetry::zero_refused(&access::REASONS);
        let meters = CarrierMeters::new();
        TimeField::ALL.iter().for_each(|field| meters.odd(field.as_str(), 0));
        Self {
            access: Access::new(settings.allow.clone(), settings.trusted_proxies.clone(), callers),
            limiter: Limiter::new(config.limits.carrier_per_second),
            meters,
            refusals: Sampler::every(LOG_EVERY),
            limited: Sampler::every(LOG_EVERY),
            unkept: Sampler::every(LOG_EVERY),
            ledger,
            clock,
            settings,
            reads,
        }
    }

    async fn handle(&self, expected: Expected, mut request: Request) -> Answer {
        let (caller, address) = match self.access.admit(request.peer, &request.headers) {
            Admission::Admitted { caller, address } => (caller, address),
            Admission::Forbidden(reason) => return self.forbid(expected, reason),
            Admission::Unauthorized => return self.turn_away(expected, request.peer),
        };
        if let Err(limited) = self.limiter.check(&Block::of(address)) {
            if let Some(Suppressed(suppressed)) = self.limited.admit(Instant::now()) {
                tracing::warn!(%address, suppressed, "over limits.carrier_per_second");
            }
            let retry_after_s = limited.retry_after_s();
            return Answer { retry_after_s, ..self.plain(expected, Code::Limited, "limited") };
        }
        let (message, raw) = match self.read(expected, &mut request).await {
            Ok(read) => read,
            Err(code) => return self.plain(expected, code, "refused"),
        };
        let arrival = Arrival { caller, address, deadline: request.deadline, raw };
        // In boxes of their own: while its body is on its way, a request has no room for what comes then.
        match (message, expected) {
            (Ok(Message::AccessGw(message)), _) => Box::pin(self.notify(&message, arrival)).await,
            (Ok(Message::Rqst(question)), _) => Box::pin(self.check(&question, arrival.deadline)).await,
            (Err(error), Expected::Notify) => Box::pin(self.keep_unreadable(error, arrival)).await,
            (Err(error), Expected::Check) => {
                tracing::info!(surface = "check", %error, "unreadable");
                self.plain(expected, Code::BadParameters, "unreadable")
            }
        }
    }

    /// Reads what was sent, by the method it was sent with.
    async fn read(
        &self,
        expected: Expected,
        request: &mut Request,
    ) -> Result<(Result<Message, Unreadable>, Raw), Code> {
        let max = request.body.bytes_max();
        let body = match request.method {
            Method::GET => Bytes::new(),
            Method::POST => request.body.read(max).await.map_err(|error| match error {
                BodyError::TooLarge => Code::TooLarge,
                BodyError::Broken => Code::BadRequest,
                BodyError::Late => Code::SystemError,
                BodyError::Crowded => Code::Overloaded,
            })?,
            _ => return Err(Code::MethodNotAllowed),
        };
        let raw = Raw {
            method: request.method.as_str().to_owned(),
            path: request.uri.path().to_owned(),
            query: request.uri.query().unwrap_or_default().to_owned(),
            content_type: request.content_type(),
            content_encoding: request.content_encoding(),
            body,
            ..Raw::default()
        };
        let message = match request.method {
            Method::GET => request::query(expected, &raw.query).transpose().ok_or(Code::BadRequest)?,
            _ => match request::body(expected, &reading::sent(&raw), max) {
                Ok(message) => Ok(message),
                Err(Unopened::Unreadable(error)) => Err(error),
                Err(Unopened::UnknownCoding) => return Err(Code::UnknownCoding),
                Err(Unopened::TooLarge) => return Err(Code::TooLarge),
            },
        };
        Ok((message, raw))
    }

    fn forbid(&self, expected: Expected, reason: access::Reason) -> Answer {
        self.meters.refused(reason.label());
        if let Some(Suppressed(suppressed)) = self.refusals.admit(Instant::now()) {
            tracing::warn!(%reason, suppressed, "a caller is not allowed");
        }
        self.plain(expected, Code::Forbidden, "forbidden")
    }

    fn turn_away(&self, expected: Expected, peer: IpAddr) -> Answer {
        self.meters.refused("credentials");
        if let Some(Suppressed(suppressed)) = self.refusals.admit(Instant::now()) {
            tracing::warn!(%peer, suppressed, "a caller's credentials are missing or wrong");
        }
        self.plain(expected, Code::Unauthorized, "unauthorized")
    }

    /// An answer that repeats nothing, in the grammar of the path.
    fn plain(&self, expected: Expected, code: Code, outcome: &'static str) -> Answer {
        let (message, body) = match expected {
            Expected::Notify => (CarrierMessage::Notify, accessgw::render(code, &NotifyEcho::default())),
            Expected::Check => {
                let status = self.settings.check_error_status;
                (CarrierMessage::Check, rqst::render(code, status, &CheckEcho::default()))
            }
        };
        Answer { message, code, body, outcome, retry_after_s: RETRY_AFTER_S }
    }
}

impl Surface for Carrier {
    type Call = Expected;

    const NAME: &'static str = "carrier";
    const LISTENERS: &'static [Listener] = &[Listener::Carrier];

    fn routes() -> Vec<Route<Expected>> {
        let spelled = |(path, expected)| {
            ["", ".html", "/", ".html/"]
                .map(|end| Route::whatever_the_method(format!("{path}{end}"), expected))
        };
        PATHS.into_iter().flat_map(spelled).collect()
    }

    async fn answer(&self, expected: Expected, _: [&str; 2], request: Request) -> Response {
        let began = Instant::now();
        let peer = request.peer;
        let answer = self.handle(expected, request).await;
        let took = began.elapsed();
        self.meters.message(answer.message, answer.outcome, answer.code.error_id(), took);
        tracing::debug!(%peer, outcome = answer.outcome, took_us = took.as_micros(), "answered");
        response(answer)
    }
}

fn response(answer: Answer) -> Response {
    let code = answer.code;
    let mut response = Response::new(answer.body.into_bytes().into());
    *response.status_mut() =
        StatusCode::from_u16(code.http_status()).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
    if code.wants_retry_after() {
        headers.insert(RETRY_AFTER, answer.retry_after_s.into());
    }
    match code {
        Code::MethodNotAllowed => {
            headers.insert(ALLOW, HeaderValue::from_static("GET, POST"));
        }
        Code::UnknownCoding => {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(coding::ACCEPTED));
        }
        Code::Unauthorized => {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"carrier\""));
        }
        _ => {}
    }
    response
}
