//! A subscriber's story as JSON: the shapes that partners, operators and the command line share
//! (contract sections 4 and 7). Domain types stay free of serde; these are what the outside sees.

mod account;
mod audit;
mod device;
mod paid;
mod repaired;
mod shop;
mod task;
mod view;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::catalog::{Delivery, Storage};
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::ledger::read::{Filter, Kept, Page, TaskFilter};
use crate::ledger::{Ledger, StoreError};
use crate::subscription::entitlement::{self, Entitlement};
use crate::subscription::odd::TimeField;
use crate::subscription::{ServiceState, Subscription};
use crate::telemetry::Chain;

pub use account::{AccountStory, account};
pub use audit::{AuditJson, audit};
pub use device::{DeviceJson, device};
pub use paid::{TransferJson, VoucherJson, transfer, voucher};
pub use repaired::{RepairedJson, dated_ahead, repaired};
pub use shop::{CouponJson, OrderJson, PaymentJson, coupon, not_refunded, order, payment};
pub use task::{TaskJson, task};
pub use view::View;

/// The most notices, tasks and repairs in one story; older ones are in the lists.
const NOTICES_MAX: u32 = 500;
const TASKS_MAX: u32 = 500;
const AUDIT_MAX: u32 = 500;

/// A subscription as partners see it.
#[derive(Debug, Serialize)]
pub struct SubscriptionJson {
    service_id: String,
    package_id: String,
    offer: String,
    state: &'static str,
    subscribed_at: Option<String>,
    expires_at: Option<String>,
    auto_renew: bool,
    channel: Option<String>,
    reg_id: Option<String>,
    updated_at: String,
}

/// An entitlement as partners see it.
#[derive(Debug, Serialize)]
pub struct EntitlementJson {
    id: String,
    offer: String,
    kind: &'static str,
    storage: Option<&'static str>,
    retention_days: Option<u32>,
    devices_max: u32,
    state: &'static str,
    starts_at: String,
    ends_at: String,
    code: Option<String>,
    devices: Vec<DeviceJson>,
    #[serde(skip)]
    by_code: bool,
}

/// A notice as operators see it.
#[derive(Debug, Serialize)]
pub struct NoticeJson {
    /// The journal's row.
    pub id: i64,
    kind: String,
    msisdn: Option<String>,
    service_id: Option<String>,
    package_id: Option<String>,
    queue_id: Option<String>,
    caller: String,
    received_at: String,
    count: i64,
    outcome: &'static str,
    reason: Option<&'static str>,
    would_be: Option<String>,
    odd: Vec<&'static str>,
    answer: i64,
    raw: Option<String>,
    encoding: Option<&'static str>,
    reply: Option<String>,
    /// Of a conflict, the notice that holds its identity.
    holder: Option<i64>,
}

/// Everything about one number.
#[derive(Debug, Serialize)]
pub struct Story {
    msisdn: String,
    subscriptions: Vec<SubscriptionJson>,
    entitlements: Vec<EntitlementJson>,
    devices: Vec<DeviceJson>,
    orders: Vec<OrderJson>,
    payments: Vec<PaymentJson>,
    coupons: Vec<CouponJson>,
    vouchers: Vec<VoucherJson>,
    transfers: Vec<TransferJson>,
    notices: Vec<NoticeJson>,
    tasks: Vec<TaskJson>,
    audit: Vec<AuditJson>,
}

/// Tells a number's story as known at `now`, each list newest first.
///
/// # Errors
/// The ledger's.
pub async fn tell(ledger: &Ledger, number: &Msisdn, now: Timestamp) -> Result<Story, StoreError> {
    let services = ledger.holdings(number).await?;
    let filter = Filter { msisdn: Some(number.clone()), ..Filter::default() };
    let notices = ledger.notices(&filter, Page::Before(None), NOTICES_MAX).await?;
    let filter = TaskFilter { msisdn: Some(number.clone()), ..TaskFilter::default() };
    let tasks = ledger.tasks(&filter, None, TASKS_MAX).await?;
    let repairs = ledger.audit(Some(number), None, AUDIT_MAX).await?;
    let devices: Vec<_> = ledger.devices(number, now).await?.iter().map(device).collect();
    let entitlements = entitlements(number, &services, now, now);
    Ok(Story {
        msisdn: number.in_full().to_owned(),
        subscriptions: subscriptions(&services, now),
        entitlements: delivered(ledger, entitlements, &devices).await?,
        devices,
        orders: ledger.orders_on(number).await?.into_iter().map(|one| order(one, now)).collect(),
        payments: ledger.payments_on(number).await?.into_iter().map(payment).collect(),
        coupons: ledger.coupons_on(number).await?.into_iter().map(|one| coupon(one, now)).collect(),
        vouchers: ledger.vouchers_on(number).await?.into_iter().map(voucher).collect(),
        transfers: ledger.transfers_on(number).await?.into_iter().map(transfer).collect(),
        notices: notices.into_iter().map(notice).collect(),
        tasks: tasks.into_iter().map(task).collect(),
        audit: repairs.into_iter().map(audit).collect(),
    })
}

/// Adds the devices that entitlements are attached to, and the codes that they were delivered as.
async fn delivered(
    ledger: &Ledger,
    mut entitlements: Vec<EntitlementJson>,
    devices: &[DeviceJson],
) -> Result<Vec<EntitlementJson>, StoreError> {
    for right in &mut entitlements {
        right.devices = devices.iter().filter(|device| device.has(&right.id)).cloned().collect();
        if right.by_code {
            right.code = code(ledger, &right.id).await?;
        }
    }
    Ok(entitlements)
}

/// The code that an entitlement was delivered as; one that cannot be opened is told as none, and logged.
async fn code(ledger: &Ledger, entitlement: &str) -> Result<Option<String>, StoreError> {
    let Some(code) = ledger.code_of(entitlement).await? else { return Ok(None) };
    match ledger.vault().open(&code.sealed, &code.key) {
        Ok(text) => Ok(Some(text.in_full().to_owned())),
        Err(error) => {
            tracing::warn!(error = %Chain(&error), entitlement, "an issued code cannot be shown");
            Ok(None)
        }
    }
}

/// A number's subscriptions at a clock, newest change first.
#[must_use]
pub fn subscriptions(services: &[ServiceState], now: Timestamp) -> Vec<SubscriptionJson> {
    let mut all: Vec<&Subscription> = services.iter().flat_map(|service| &service.subscriptions).collect();
    all.sort_by_key(|held| std::cmp::Reverse(held.updated_at));
    all.into_iter().map(|held| subscription(held, now)).collect()
}

fn subscription(held: &Subscription, now: Timestamp) -> SubscriptionJson {
    let run = held.run.as_ref();
    SubscriptionJson {
        service_id: held.terms.service_id.clone(),
        package_id: held.terms.package_id.clone(),
        offer: held.terms.offer.clone(),
        state: held.state(now).as_str(),
        subscribed_at: run.map(|run| run.starts_at.rfc3339()),
        expires_at: run.map(|run| run.expires_at.rfc3339()),
        auto_renew: run.is_some_and(|run| run.auto_renew),
        channel: held.channel.clone(),
        reg_id: held.reg_id.clone(),
        updated_at: held.updated_at.rfc3339(),
    }
}

/// A number's entitlements at the clock `at`, as known at `now`, newest first, without devices and codes.
#[must_use]
pub fn entitlements(
    number: &Msisdn,
    services: &[ServiceState],
    at: Timestamp,
    now: Timestamp,
) -> Vec<EntitlementJson> {
    let of_service = |service| entitlement::entitlements(number, service, at, now);
    let mut all: Vec<Entitlement<'_>> = services.iter().flat_map(of_service).collect();
    all.sort_by_key(|right| std::cmp::Reverse(right.starts_at));
    all.into_iter().map(entitlement).collect()
}

fn entitlement(right: Entitlement<'_>) -> EntitlementJson {
    EntitlementJson {
        id: right.id,
        offer: right.offer.to_owned(),
        kind: right.grant.kind.word(),
        storage: right.grant.storage.map(Storage::word),
        retention_days: right.grant.retention_days,
        devices_max: right.grant.devices_max,
        state: right.state.as_str(),
        starts_at: right.starts_at.rfc3339(),
        ends_at: right.ends_at.rfc3339(),
        code: None,
        devices: Vec::new(),
        by_code: right.grant.delivery == Delivery::Code,
    }
}

/// A notice, its bytes as text where they are text. Of a GET the query is what was sent.
#[must_use]
pub fn notice(kept: Kept) -> NoticeJson {
    let sent = kept.raw.as_ref().map(|raw| match raw.method.as_str() {
        "GET" => raw.query.as_bytes(),
        _ => &raw.body,
    });
    let (raw, encoding) = sent.map(text).unzip();
    NoticeJson {
        id: kept.id.0,
        kind: kept.kind,
        msisdn: kept.msisdn.map(|number| number.in_full().to_owned()),
        service_id: kept.service_id,
        package_id: kept.package_id,
        queue_id: kept.queue_id,
        caller: kept.caller,
        received_at: kept.received_at.rfc3339(),
        count: kept.count,
        outcome: kept.outcome.as_str(),
        reason: kept.outcome.reason().map(|reason| reason.as_str()),
        would_be: kept.would_be,
        odd: kept.odd.fields().map(TimeField::as_str).collect(),
        answer: kept.answer,
        raw,
        encoding,
        reply: kept.raw.map(|raw| raw.reply),
        holder: kept.holder.map(|holder| holder.0),
    }
}

/// Bytes as JSON can hold them, and how: `utf-8` or `base64`.
#[must_use]
pub fn text(bytes: &[u8]) -> (String, &'static str) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), "utf-8"),
        Err(_) => (STANDARD.encode(bytes), "base64"),
    }
}
