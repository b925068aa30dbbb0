//! What an operator's end or grant made of a number.

use serde::Serialize;

use super::{NoticeJson, SubscriptionJson, notice, subscriptions};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::read::Kept;
use crate::ledger::{Ledger, StoreError};

/// The rows that were written, and what the number holds now.
#[derive(Debug, Serialize)]
pub struct RepairedJson {
    msisdn: String,
    notices: Vec<NoticeJson>,
    subscriptions: Vec<SubscriptionJson>,
    /// What is not as somebody might expect.
    note: Option<String>,
}

/// What an end that stands does not end by itself.
const ENDED: &str = "a renewal of what ended here, which repeats its subcribeTime, does not bring it back; a register \
    of a later time does, and so do a grant, and `notices discard` of this end";

/// Why a grant counts from a moment that is ahead, or cannot be.
#[must_use]
pub fn dated_ahead(told_for: Timestamp) -> String {
    format!(
        "until is ahead, but the number was told something of this service for a time that is ahead too, {}: a grant \
         counts after that, and so must its end; a notice that is not meant so can be laid aside (`notices discard`)",
        told_for.rfc3339()
    )
}

/// Tells it as known at `now`.
///
/// # Errors
/// The ledger's.
pub async fn repaired(
    ledger: &Ledger,
    number: &Msisdn,
    ids: &[NoticeId],
    now: Timestamp,
) -> Result<RepairedJson, StoreError> {
    let (mut notices, mut note) = (Vec::with_capacity(ids.len()), None);
    for id in ids {
        let Some(kept) = ledger.notice(*id).await? else { continue };
        note = note.or_else(|| noted(&kept));
        notices.push(notice(kept));
    }
    let subscriptions = subscriptions(&ledger.holdings(number).await?, now);
    Ok(RepairedJson { msisdn: number.in_full().to_owned(), notices, subscriptions, note })
}

/// What there is to say of an operator's row.
fn noted(kept: &Kept) -> Option<String> {
    let counts_from = kept.event_at.filter(|at| *at > kept.received_at);
    match (kept.kind.as_str(), counts_from) {
        ("cancel", _) => Some(ENDED.to_owned()),
        (_, Some(at)) => Some(format!(
            "it counts from {}: the number was told something of this service for a time that is ahead",
            at.rfc3339()
        )),
        (_, None) => None,
    }
}
