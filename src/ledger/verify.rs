//! Proof that the ledger is what it promises. First the engine checks its own pages and rows; where it finds
//! something nothing else can be relied on. Then ours: every number's subscriptions equal the fold of its
//! notices, what is on its devices is what the rules give from them, every notice has its identity and
//! every identity its notice, tasks and codes name services that are there, and a tenant's codes are its accounts';
//! and money in is money out (`shop`).

mod shop;

use std::sync::Arc;

use super::folded::disorder_ms;
use super::fulfil::holding::Holding;
use super::handle::Lookups;
use super::store::Store;
use super::tables::each;
use super::{Ledger, Rules, StoreError};
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::subscription::{Run, ServiceState, decide};

/// The most faults told one by one.
const FAULTS_TOLD_MAX: usize = 100;

/// Numbers read at a time.
pub(super) const NUMBERS_MAX: i64 = 1000;

/// The next numbers, up to [`NUMBERS_MAX`], that the journal or the subscriptions know. Each side is
/// bounded by itself, or every page would read all that is left.
pub(super) const NUMBERS: &str = "/* verify numbers */ SELECT msisdn FROM \
    (SELECT DISTINCT msisdn FROM notice WHERE msisdn > $1 ORDER BY msisdn LIMIT $2) AS n \
    UNION SELECT msisdn FROM \
    (SELECT DISTINCT msisdn FROM subscription WHERE msisdn > $1 ORDER BY msisdn LIMIT $2) AS s \
    ORDER BY 1 LIMIT $2";

/// Links that must never be broken: each statement gives a sentence for every row that breaks one.
const BROKEN_LINKS: [&str; 6] = [
    "/* verify identities */ SELECT 'identity ' || i.key || ' names notice ' || i.notice_id || ', which is missing' \
     FROM identity i LEFT JOIN notice n ON n.id = i.notice_id WHERE n.id IS NULL LIMIT 100",
    "/* verify notices */ SELECT 'notice ' || n.id || ' is not the holder of its identity ' || n.identity \
     FROM notice n LEFT JOIN identity i ON i.key = n.identity LEFT JOIN identity w \
     ON w.key = 'n:' || n.msisdn || ' ' || length(n.reg_type) || ' ' || n.reg_type || ' ' || n.identity \
     WHERE coalesce(i.notice_id, 0) <> n.id AND coalesce(w.notice_id, 0) <> n.id \
     AND length(coalesce(n.reg_type, '')) <= 8 \
     AND coalesce(n.reason, '') <> 'conflict' AND n.outcome <> 'discarded' LIMIT 100",
    "/* verify scopes */ SELECT 'notice ' || id || ' is ' || outcome || ' but its scope is ' || coalesce(scope, 'absent') \
     FROM notice WHERE (scope IS NULL) <> (outcome NOT IN ('applied', 'no_change', 'superseded')) LIMIT 100",
    "/* verify tasks */ SELECT 'task ' || t.id || ' is for service ' || t.service_id || ', which is missing' \
     FROM task t LEFT JOIN service s ON s.id = t.service_id WHERE t.service_id IS NOT NULL AND s.id IS NULL \
     AND t.action <> 'redeem' LIMIT 100",
    "/* verify codes */ SELECT 'a code of batch ' || c.batch || ' became service ' || c.service_id || ', which is missing' \
     FROM code c LEFT JOIN service s ON s.id = c.service_id WHERE c.state = 'used' AND s.id IS NULL LIMIT 100",
    "/* verify tenants */ SELECT 'a code of batch ' || batch || ' is of the tenant ' || tenant || ', and its account of another' \
     FROM code WHERE tenant <> '' AND account IS NOT NULL \
     AND substr(account, 1, length(tenant) + 1) <> tenant || '/' LIMIT 100",
];

/// All of them, those of orders too.
pub(super) fn broken_links() -> impl Iterator<Item = &'static str> {
    BROKEN_LINKS.into_iter().chain(shop::BROKEN)
}

/// What a check of the whole ledger found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// The engine's own check that was made: `quick_check`, `amcheck`, or none where the server has none that
    /// this user may call.
    pub engine: Option<&'static str>,
    /// Numbers whose fold was made again.
    pub numbers: u64,
    /// Faults found.
    pub faults: u64,
    /// The first of them, in words.
    pub told: Vec<String>,
}

impl Verified {
    pub(super) fn fault(&mut self, what: String) {
        self.faults += 1;
        if self.told.len() < FAULTS_TOLD_MAX {
            self.told.push(what);
        }
    }
}

impl Ledger {
    /// Checks everything, the engine's files first and, if they are in order, what they hold; beside gateways that may be writing: each number is seen at one moment.
    /// `progress` is told how many numbers are done.
    ///
    /// # Errors
    /// The engine's; what was found until then is lost.
    pub async fn verify(&self, progress: impl FnMut(u64) + Send + 'static) -> Result<Verified, StoreError> {
        if let Lookups::Postgres(lookups) = &self.0.lookups {
            return lookups.verify(progress).await;
        }
        let inner = Arc::clone(&self.0);
        let checked = tokio::task::spawn_blocking(move || match &inner.lookups {
            Lookups::Sqlite(readers) => readers.verify(&inner.rules.load(), progress),
            Lookups::Postgres(_) => Ok(Verified::default()),
        });
        checked.await.unwrap_or_else(|_| Err(StoreError::broken("the check of the ledger stopped")))
    }
}

/// Makes one number's services again, under the setting that the ledger's folds are made under, and compares.
///
/// # Errors
/// [`StoreError::Refolding`] where folds are being made again meanwhile; the engine's.
pub(super) fn check(
    store: &mut impl Store,
    rules: &Rules,
    number: &Msisdn,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let (disorder_ms, events) = (disorder_ms(store, rules)?, store.events(number)?);
    let mut services: Vec<String> =
        events.iter().flat_map(|event| event.change.services()).map(str::to_owned).collect();
    services.extend(store.services(number)?);
    services.sort_unstable();
    services.dedup();
    let stored = each(&services, |service_id| {
        let (state, past) = (store.state(number, service_id), store.past(number, service_id));
        Ok(ServiceState { past: past?, ..state? })
    })?;
    // The moment counts only where a number has no devices, and then nothing is compared.
    let holding = Holding::of_number(store, number, &stored, Timestamp(0))?;
    for (service_id, stored) in services.iter().zip(&stored) {
        if let Some(what) = difference(stored, decide::fold(service_id, &events, disorder_ms)) {
            verified.fault(format!("{} service {service_id}: {what}", number.in_full()));
        }
    }
    if let Some(what) = holding.unlike_the_rules() {
        verified.fault(format!("{} devices: {what}", number.in_full()));
    }
    Ok(())
}

/// Past runs in an order that does not depend on how they were made or read.
pub(super) fn in_order(mut past: Vec<Run>) -> Vec<Run> {
    past.sort_by(|a, b| (&a.terms.package_id, a.founder).cmp(&(&b.terms.package_id, b.founder)));
    past
}

/// What is stored beside what the journal implies.
fn difference(stored: &ServiceState, folded: ServiceState) -> Option<String> {
    if stored.subscriptions != folded.subscriptions {
        return Some(format!(
            "stored {:?}, the journal implies {:?}",
            stored.subscriptions, folded.subscriptions
        ));
    }
    if stored.newest != folded.newest && !folded.subscriptions.is_empty() {
        return Some(format!("the fold has come to {:?}, stored is {:?}", folded.newest, stored.newest));
    }
    let (stored, folded) = (in_order(stored.past.clone()), in_order(folded.past));
    (stored != folded).then(|| format!("stored past runs {stored:?}, the journal implies {folded:?}"))
}
