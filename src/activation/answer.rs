//! Answers of the activation surface: one envelope, HTTP 200 whatever the code but over a limit.

use hyper::StatusCode;
use hyper::header::RETRY_AFTER;
use serde_json::{Value, json};

use super::ResultCode;
use crate::catalog::GrantKind;
use crate::clock::Timestamp;
use crate::json;
use crate::server::Response;

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
