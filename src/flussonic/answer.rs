//! What the streamer is told: go on until then with these recordings, no, or that we cannot tell. A refusal says nothing
//! that could help to guess.

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderMap, HeaderValue};
use serde::Serialize;

use super::refusal::Refusal;
use super::token::Ticket;
use crate::clock::Timestamp;
use crate::config;
use crate::ids::UserAccount;
use crate::json;
use crate::server::Response;
use crate::service::playback::{Playable, Span};

/// A play that is allowed.
#[derive(Debug)]
pub(super) struct Allowed {
    auth_duration_s: i64,
    account: UserAccount,
    sessions_max: u32,
    ranges: Vec<Range>,
}

/// A span of recordings in whole seconds since 1970.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Range {
    opened_at: i64,
    closed_at: i64,
}

impl Allowed {
    /// The streamer asks again as many seconds after `known_at`, when the ledger told it, as the settings say; sooner
    /// where token or service end before that. It is never told 0 seconds, which it could take for no answer.
    pub(super) fn new(
        playable: &Playable,
        known_at: Timestamp,
        ticket: &Ticket,
        settings: &config::Flussonic,
        now: Timestamp,
    ) -> Self {
        let again_at = known_at.plus_ms(i64::from(settings.auth_duration_s) * 1000);
        let again_at = again_at.min(playable.until).min(ticket.expires_at);
        Self {
            auth_duration_s: again_at.0.saturating_sub(now.0).div_euclid(1000).max(1),
            account: ticket.account.clone(),
            sessions_max: settings.sessions_max,
            ranges: playable.windows.iter().filter_map(Range::within).collect(),
        }
    }
}

impl Range {
    /// The whole seconds within a span: nothing from before it, nothing from after.
    fn within(span: &Span) -> Option<Self> {
        let opened_at = span.starts_at.0.saturating_add(999).div_euclid(1000);
        let closed_at = span.ends_at.0.div_euclid(1000);
        (opened_at < closed_at).then_some(Self { opened_at, closed_at })
    }
}

/// 200.
pub(super) fn allow(allowed: &Allowed) -> Response {
    let mut response = json::ok(&serde_json::json!({ "allowed_dvr_ranges": allowed.ranges }));
    let headers = response.headers_mut();
    headers.insert("x-authduration", allowed.auth_duration_s.into());
    // The letters of an account are all fit for a header.
    if let Ok(account) = HeaderValue::from_str(allowed.account.in_full()) {
        headers.insert("x-userid", account);
    }
    if allowed.sessions_max > 0 {
        headers.insert("x-max-sessions", allowed.sessions_max.into());
    }
    response
}

/// 403, or 500 where we cannot tell now: then a streamer leaves what plays as it is, which it cuts at any other status
/// and at silence.
pub(super) fn refuse(refusal: &Refusal) -> Response {
    let mut response = Response::default();
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let cannot_tell = refusal.cannot_tell();
    *response.status_mut() =
        if cannot_tell { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::FORBIDDEN };
    response
}
