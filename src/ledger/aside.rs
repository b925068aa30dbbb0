//! Notices that an operator laid aside, out of the fold. What one was is kept: a retry puts it back as it stood, for the
//! offer and by the terms of then, whatever catalog and settings say by now. So a discard and a retry leave the ledger
//! as it was; and who retries is told what the notice would be by today's catalog, where that is something else.

use std::cell::RefCell;

use sha2::{Digest, Sha256};

use super::commit::Deed;
use super::fold::stand;
use super::fulfil::holding::states;
use super::fulfil::watch::Watch;
use super::journal::{Outcome, Row, scope};
use super::records::Records as _;
use super::repair::applying;
use super::store::Store;
use super::tables::aside::Aside;
use super::{Rules, StoreError};
use crate::ids::{Msisdn, NoticeId};
use crate::subscription::decide::{Change, Event, Scope};
use crate::subscription::judge::{self, Judgement};
use crate::subscription::terms::Terms;

/// A notice that was laid aside, and would be something else by today's catalog and settings than it is put back as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Otherwise {
    /// What it stood for, and does again.
    pub then: String,
    /// What it would stand for.
    pub now: String,
}

/// Keeps what a notice is that is about to be laid aside.
///
/// # Errors
/// The engine's.
pub(super) fn keep(store: &mut impl Store, row: &Row) -> Result<(), StoreError> {
    let held = held(store, row.msisdn.as_ref())?;
    let outcome = row.outcome.as_str().to_owned();
    store.save(&Aside { notice: row.id, scope: row.scope.clone(), outcome, held })
}

/// What a notice was before it was laid aside; none of what was before that was kept.
///
/// # Errors
/// The engine's.
pub(super) fn kept(store: &mut impl Store, id: NoticeId) -> Result<Option<Aside>, StoreError> {
    store.get(id.0)
}

/// Puts a notice back into the fold as it stood. Where its number holds what it held then, it is said of the notice
/// what was said; else what it does now.
///
/// # Errors
/// The engine's.
pub(super) fn put_back(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
    aside: &Aside,
) -> Result<(), StoreError> {
    row.scope.clone_from(&aside.scope);
    let event = event(store, row)?;
    let (Some(event), Some(number)) = (event, row.msisdn.clone()) else {
        return Err(StoreError::broken(format!("notice {} was laid aside and says nothing", row.id)));
    };
    let (outcome, _) = stand(store, rules, watch, &number, &event)?;
    let is_as_it_was = held(store, Some(&number))? == aside.held;
    let then = Outcome::parse(&aside.outcome, None).filter(|_| is_as_it_was);
    row.outcome = then.unwrap_or(outcome);
    store.update(row)
}

fn event(store: &mut impl Store, row: &Row) -> Result<Option<Event>, StoreError> {
    let store = RefCell::new(store);
    row.event(&|id| store.borrow_mut().terms(id))
}

/// What a number holds, as a hash.
fn held(store: &mut impl Store, number: Option<&Msisdn>) -> Result<String, StoreError> {
    let Some(number) = number else { return Ok(String::new()) };
    let mut held: Vec<_> = states(store, number)?.into_iter().map(|state| state.subscriptions).collect();
    held.retain(|of_service| !of_service.is_empty());
    held.sort_by(|a, b| a[0].terms.service_id.cmp(&b[0].terms.service_id));
    let digest = Sha256::digest(format!("{held:?}").as_bytes());
    Ok(digest[..8].iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Asks what a notice that was laid aside would be by the catalog and settings in force, where that is something else
/// than a retry puts it back as. Changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compare(
    /// Which notice.
    pub NoticeId,
);

impl Deed for Compare {
    type Answer = Option<Otherwise>;

    fn perform(&self, store: &mut impl Store, rules: &Rules) -> Result<Option<Otherwise>, StoreError> {
        compare(store, rules, self.0)
    }
}

fn compare(store: &mut impl Store, rules: &Rules, id: NoticeId) -> Result<Option<Otherwise>, StoreError> {
    let Some(mut row) = store.notice(id)?.filter(|row| row.outcome == Outcome::Discarded) else {
        return Ok(None);
    };
    let (Some(aside), Some(notice)) = (kept(store, id)?, row.notice()) else { return Ok(None) };
    row.scope.clone_from(&aside.scope);
    let Some(then) = event(store, &row)? else { return Ok(None) };
    let (terms_now, policy) = (&rules.book, applying(rules.policy, &row));
    let judgement = judge::judge(&notice, &rules.catalog, terms_now, policy, row.received_at);
    let otherwise = |now: String| Some(Otherwise { then: told(&then.change), now });
    Ok(match &judgement {
        Judgement::Ignored => otherwise("ignored".to_owned()),
        Judgement::Parked(reason) => otherwise(format!("parked ({})", reason.as_str())),
        Judgement::Stands(now) if is_same(&then.change, now) => None,
        Judgement::Stands(now) => otherwise(told(now)),
    })
}

fn is_same(then: &Change, now: &Change) -> bool {
    let end = |change: &Change| match change {
        Change::Register { expires_at, .. } => *expires_at,
        Change::Cancel(_) => None,
    };
    scope(then) == scope(now) && end(then) == end(now)
}

/// What a notice says, in words.
fn told(change: &Change) -> String {
    let offer = |terms: &Terms| {
        let Terms { offer, service_id, package_id, grace_days, period, grants, .. } = terms;
        let period = format!("{period:?}").to_lowercase();
        let grants = grants.len();
        format!(
            "{offer} (service {service_id}, package {package_id}, period {period}, grace {grace_days} days, \
             {grants} grants)"
        )
    };
    match change {
        Change::Register { terms, expires_at, .. } => {
            let until = expires_at.map_or("the end of its period".to_owned(), |at| at.rfc3339());
            format!("a register of {} until {until}", offer(terms))
        }
        Change::Cancel(Scope::Packages(packages)) => {
            let packages: Vec<String> = packages.iter().map(|terms| offer(terms)).collect();
            format!("a cancel of {}", packages.join(", "))
        }
        Change::Cancel(Scope::Services(services)) => format!("a cancel of service {}", services.join(", ")),
    }
}
