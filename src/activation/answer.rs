//! Answers of the activation surface: one envelope, HTTP 200 whatever the code but where HTTP itself has the
//! better word: over a limit, too large, another method.

use hyper::StatusCode;
use hyper::header::{ACCEPT_ENCODING, ALLOW, HeaderValue, RETRY_AFTER};
use serde_json::{Value, json};

use super::ResultCode;
use crate::catalog::GrantKind;
use crate::clock::Timestamp;
use crate::json;
use crate::server::Response;
use crate::service::source::ServiceId;
use crate::signed::Unheard;
use crate::wire::coding;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// The code is redeemed, as this service.
    Redeemed(ServiceId),
    /// The codes redeemed.
    Usage(Vec<UsageRow>),
    /// What is in force.
    Effect(Vec<EffectRow>),
}

/// Why it is not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// By a check or a rule, or since we could not.
    Code(ResultCode),
    /// Over a limit: to be tried again after so many seconds.
    Limited(u64),
    /// The body is larger than is read, as it came or decoded.
    TooLarge,
    /// The body is in a coding that is not taken off.
    Coding,
    /// Neither GET nor POST.
    Method,
}

impl From<Unheard> for Refusal {
    fn from(unheard: Unheard) -> Self {
        match unheard {
            Unheard::Limited(retry_after_s) => Self::Limited(retry_after_s),
            Unheard::TooLarge => Self::TooLarge,
            Unheard::Coding => Self::Coding,
            other => Self::Code(other.into()),
        }
    }
}

/// The result code of an answer.
pub(super) fn code(told: &Result<Told, Refusal>) -> ResultCode {
    match told {
        Ok(_) => ResultCode::Done,
        Err(Refusal::Code(code)) => *code,
        Err(Refusal::Limited(_)) => ResultCode::System,
        Err(Refusal::TooLarge | Refusal::Coding | Refusal::Method) => ResultCode::Parameter,
    }
}

/// The answer.
pub(super) fn render(told: Result<Told, Refusal>, now: Timestamp) -> Response {
    match told {
        Ok(Told::Redeemed(service)) => redeemed(service.as_str(), now),
        Ok(Told::Usage(rows)) => usage(&rows, now),
        Ok(Told::Effect(rows)) => effect(&rows, now),
        Err(Refusal::Code(code)) => refused(code, now),
        Err(Refusal::Limited(retry_after_s)) => limited(retry_after_s, now),
        Err(Refusal::TooLarge) => {
            let mut response = refused(ResultCode::Parameter, now);
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            response
        }
        Err(Refusal::Coding) => {
            let mut response = refused(ResultCode::Parameter, now);
            *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            response.headers_mut().insert(ACCEPT_ENCODING, HeaderValue::from_static(coding::ACCEPTED));
            response
        }
        Err(Refusal::Method) => {
            let mut response = refused(ResultCode::Parameter, now);
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
            response
        }
    }
}

/// A code that was redeemed on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// The service it became.
    pub order_num: String,
    /// The code as it was issued.
    pub act_code: String,
    /// When.
    pub use_time: Timestamp,
    /// What for.
    pub kind: GrantKind,
}

/// A service in force on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectRow {
    /// The service.
    pub order_num: String,
    /// Since when.
    pub start_time: Timestamp,
    /// Until when, exclusively.
    pub end_time: Timestamp,
    /// What it is.
    pub kind: GrantKind,
}

/// The code was redeemed as the service `order_num`.
#[must_use]
pub fn redeemed(order_num: &str, now: Timestamp) -> Response {
    respond(ResultCode::Done, json!({ "orderNum": order_num }), now)
}

/// The usage record; `rows` newest first.
#[must_use]
pub fn usage(rows: &[UsageRow], now: Timestamp) -> Response {
    let row = |row: &UsageRow| {
        json!({
            "orderNum": row.order_num,
            "actCode": row.act_code,
            "useTime": row.use_time.0,
            "type": row.kind.service_type(),
        })
    };
    respond(ResultCode::Done, json!({ "data": rows.iter().map(row).collect::<Vec<_>>() }), now)
}

/// What is in force.
#[must_use]
pub fn effect(rows: &[EffectRow], now: Timestamp) -> Response {
    let row = |row: &EffectRow| {
        json!({
            "orderNum": row.order_num,
            "serverStartTime": row.start_time.0,
            "serverEndTime": row.end_time.0,
            "type": row.kind.service_type(),
        })
    };
    respond(ResultCode::Done, json!({ "data": rows.iter().map(row).collect::<Vec<_>>() }), now)
}

/// A refusal, with an empty result.
#[must_use]
pub fn refused(code: ResultCode, now: Timestamp) -> Response {
    respond(code, json!({}), now)
}

/// Over the limit: a system fault that says when to come back.
#[must_use]
pub fn limited(retry_after_s: u64, now: Timestamp) -> Response {
    let mut response = refused(ResultCode::System, now);
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(RETRY_AFTER, retry_after_s.into());
    response
}

fn respond(code: ResultCode, result: Value, now: Timestamp) -> Response {
    json::ok(&json!({ "result": result, "t": now.0, "resultCode": code.word() }))
}
