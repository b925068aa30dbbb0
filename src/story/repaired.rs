//! What an operator's end or grant made of a number.

use serde::Serialize;

use super::{NoticeJson, SubscriptionJson, notice, subscriptions};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::{Ledger, StoreError};

/// The rows that were written, and what the number holds now.
#[derive(Debug, Serialize)]
pub struct RepairedJson {
    msisdn: String,
    notices: Vec<NoticeJson>,
    subscriptions: Vec<SubscriptionJson>,
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
    let mut notices = Vec::with_capacity(ids.len());
    for id in ids {
        notices.extend(ledger.notice(*id).await?.map(notice));
    }
    let subscriptions = subscriptions(&ledger.holdings(number).await?, now);
    Ok(RepairedJson { msisdn: number.in_full().to_owned(), notices, subscriptions })
}
