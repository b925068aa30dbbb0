//! An operator's own rows of the journal: an end or a grant, where the carrier said nothing or was mistaken. They fold
//! like the carrier's notices, by their time, and what the carrier says later rules as ever; so does a renewal that
//! bears an earlier time and that a grant did not know ([`crate::subscription::decide`]). No setting keeps them from
//! taking effect.

use super::audit::{self, By, Standing};
use super::commit::Deed;
use super::due::lease_token;
use super::fulfil::holding::states;
use super::fulfil::watch::Watch;
use super::journal::Row;
use super::own::identity;
use super::record::enter;
use super::store::{Lock, Store};
use super::tables::audit::Action;
use super::{Ledger, NotKept, Rules, StoreError};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::subscription::decide::{Change, Scope};
use crate::subscription::judge::{Judgement, Policy};
use crate::subscription::notice::{Content, Notice, Own, RegType, SentIds};
use crate::subscription::{ServiceState, Subscription};

/// Whose rows they are, where a carrier's have the caller's name.
const OPERATOR: &str = "operator";

/// The settings by which an operator has a row judged again: whatever end another operator granted is meant.
pub(super) fn applying(policy: Policy, row: &Row) -> Policy {
    let expiry_periods_max = if row.is_operators() { u32::MAX } else { policy.expiry_periods_max };
    Policy { expiry_periods_max, ..policy.applying() }
}

/// Which subscriptions are ended: those of a service, of a package, of both; without either, all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// The carrier's service.
    pub service_id: Option<String>,
    /// The carrier's package.
    pub package_id: Option<String>,
}

/// What an operator wants of a number.
#[derive(Debug, Clone)]
struct Repair {
    number: Msisdn,
    what: What,
    by: By,
    /// Random: the identities of its rows are made of it.
    name: String,
    now: Timestamp,
}

#[derive(Debug, Clone)]
enum What {
    End(Ending),
    Grant(Granting),
}

/// What is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granting {
    /// The id of an offer of the catalog.
    pub offer: String,
    /// Until when, exclusively.
    pub until: Timestamp,
    /// Whether a run that is in force until later may be shortened by it.
    pub may_shorten: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repaired {
    /// These rows of the journal were written.
    Done(Vec<NoticeId>),
    /// The number holds nothing of what was to be ended.
    NothingHeld,
    /// The catalog in force has no such offer.
    UnknownOffer,
    /// The end that was wanted is not ahead.
    Past,
    /// It is ahead, but not after what the number was told for a time that is ahead, this one: a grant counts after
    /// that.
    DatedAhead(Timestamp),
    /// The offer is in force until this later moment, and it was not said that it may be shortened.
    WouldShorten(Timestamp),
}

impl Deed for Repair {
    type Answer = Repaired;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::number(&self.number)]
    }

    fn folds(&self) -> bool {
        true
    }

    fn may_owe(&self, _: &Repaired) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, rules: &Rules) -> Result<Repaired, StoreError> {
        repair(store, rules, self)
    }
}

/// Writes an operator's rows, lets them take effect, and writes down who wanted it.
fn repair(store: &mut impl Store, rules: &Rules, repair: &Repair) -> Result<Repaired, StoreError> {
    let changes = match &repair.what {
        What::End(ending) => ends(store, repair, ending)?,
        What::Grant(granting) => match grant(store, rules, repair, granting)? {
            Ok(change) => vec![change],
            Err(refused) => return Ok(refused),
        },
    };
    if changes.is_empty() {
        return Ok(Repaired::NothingHeld);
    }
    let mut ids = Vec::with_capacity(changes.len());
    for (place, (notice, change)) in changes.into_iter().enumerate() {
        let name = identity(&repair.name, place, notice.own.unwrap_or(Own { known_end: None }));
        ids.push(write(store, rules, repair, Notice { name, ..notice }, change)?);
    }
    Ok(Repaired::Done(ids))
}

/// One row: recorded as a carrier's is.
fn write(
    store: &mut impl Store,
    rules: &Rules,
    repair: &Repair,
    notice: Notice,
    change: Change,
) -> Result<NoticeId, StoreError> {
    let (number, now, mut watch) = (&repair.number, repair.now, Watch::default());
    let before = Standing::of(store, None, Some(number), now)?;
    let entered = enter(store, rules, &mut watch, &notice, Judgement::Stands(change), now)?;
    let (outcome, scope) = (entered.outcome, entered.scope);
    let caller = OPERATOR.to_owned();
    let row = Row { received_at: now, caller, scope, ..Row::of_notice(&notice, outcome) };
    let id = store.insert(&row, None)?;
    store.assign(&notice.name, id)?;
    watch.after(store, id, now)?;
    let after = Standing::of(store, Some(outcome), Some(number), now)?;
    let action = match repair.what {
        What::End(_) => Action::End,
        What::Grant(_) => Action::Grant,
    };
    let told = audit::Repair { action, by: &repair.by, number: Some(number), notice: id, now, also: None };
    audit::write(store, told, &before, &after)?;
    Ok(id)
}

/// Cancels of what is in force: of whole services, but where a package is named. The terms are those that are held,
/// so that what the catalog does not have any more can be ended too.
fn ends(
    store: &mut impl Store,
    repair: &Repair,
    ending: &Ending,
) -> Result<Vec<(Notice, Change)>, StoreError> {
    let is_meant = |held: &&Subscription| {
        let fits = |wanted: &Option<String>, own: &str| wanted.as_deref().is_none_or(|id| id == own);
        fits(&ending.service_id, &held.terms.service_id)
            && fits(&ending.package_id, &held.terms.package_id)
            && held.state(repair.now).is_in_force()
    };
    let mut changes = Vec::new();
    for state in states(store, &repair.number)? {
        let meant: Vec<&Subscription> = state.subscriptions.iter().filter(is_meant).collect();
        let Some(first) = meant.first() else { continue };
        let at = after(repair.now, &state);
        let service_id = first.terms.service_id.clone();
        let (package_id, scope) = match &ending.package_id {
            // A service has a package once.
            Some(_) => (Some(first.terms.package_id.clone()), Scope::Packages(vec![first.terms.clone()])),
            None => (None, Scope::Services(vec![service_id.clone()])),
        };
        let sent = SentIds { service_id: Some(service_id), package_id, ..SentIds::default() };
        changes.push((notice(repair, RegType::Cancel, sent, at), Change::Cancel(scope)));
    }
    Ok(changes)
}

/// A register of an offer of the catalog; or why there can be none.
fn grant(
    store: &mut impl Store,
    rules: &Rules,
    repair: &Repair,
    granting: &Granting,
) -> Result<Result<(Notice, Change), Repaired>, StoreError> {
    let until = granting.until;
    let offer = rules.catalog.offers().iter().find(|known| known.id == granting.offer);
    let Some(terms) = offer.and_then(|offer| rules.book.current(offer)) else {
        return Ok(Err(Repaired::UnknownOffer));
    };
    let held = store.state(&repair.number, &terms.service_id)?;
    let at = after(repair.now, &held);
    if until <= repair.now {
        return Ok(Err(Repaired::Past));
    }
    if until <= at {
        return Ok(Err(Repaired::DatedAhead(at.plus_ms(-1))));
    }
    let of_package = held.subscriptions.iter().find(|held| held.terms.package_id == terms.package_id);
    let known_end = of_package.and_then(|held| held.run.as_ref()).map(|run| run.expires_at);
    let in_force_until = known_end.filter(|_| of_package.is_some_and(|held| held.state(at).is_in_force()));
    if let Some(ends) = in_force_until.filter(|ends| until < *ends && !granting.may_shorten) {
        return Ok(Err(Repaired::WouldShorten(ends)));
    }
    let sent = SentIds {
        service_id: Some(terms.service_id.clone()),
        package_id: Some(terms.package_id.clone()),
        ..SentIds::default()
    };
    let mut notice = notice(repair, RegType::Register, sent, at);
    notice.content.subscribe_at = notice.event_at;
    notice.content.expire_at = Some(until);
    notice.own = Some(Own { known_end });
    let (terms, expires_at) = (terms.clone(), Some(until));
    Ok(Ok((notice, Change::Register { terms, expires_at, auto_renew: false })))
}

/// Now; where any notice of the service is dated ahead, the moment after that: an operator's word is about what they see,
/// and the notice would rule over it otherwise.
fn after(now: Timestamp, held: &ServiceState) -> Timestamp {
    held.newest.at.map_or(now, |newest| newest.plus_ms(1).max(now))
}

/// An operator's row, as the carrier would have said it: without a queueID, and without a name yet.
fn notice(repair: &Repair, reg_type: RegType, sent: SentIds, at: Timestamp) -> Notice {
    Notice {
        event_at: Some(at),
        own: Some(Own { known_end: None }),
        ..Notice::of(Content::of(repair.number.clone(), reg_type, sent))
    }
}

impl Ledger {
    /// Ends what a number holds, from now on, in an operator's name.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn end(&self, number: Msisdn, ending: Ending, by: By) -> Result<Repaired, NotKept> {
        self.repair(number, What::End(ending), by).await
    }

    /// Grants a number an offer of the catalog until a moment, which must be ahead, in an operator's name. It does
    /// not renew by itself; of a run that is in force it moves the end alone.
    ///
    /// # Errors
    /// [`NotKept`].
    pub async fn grant(&self, number: Msisdn, granting: Granting, by: By) -> Result<Repaired, NotKept> {
        self.repair(number, What::Grant(granting), by).await
    }

    /// The random name is drawn before, since what is done may be done again.
    async fn repair(&self, number: Msisdn, what: What, by: By) -> Result<Repaired, NotKept> {
        let name = lease_token().map_err(|error| StoreError::broken(error.to_string()))?;
        self.write(Repair { number, what, by, name, now: self.0.clock.now() }).await
    }
}
