//! One number's folds, made again: each of its messages read anew, conflicts that are none any more judged, and what
//! follows for devices done.

use super::Refolded;
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::ledger::fold::write;
use crate::ledger::fulfil::holding::states;
use crate::ledger::fulfil::watch::Watch;
use crate::ledger::identity::{Holder, conflict_key, holder};
use crate::ledger::journal::{Outcome, Row, scope};
use crate::ledger::raw::Raw;
use crate::ledger::store::Store;
use crate::ledger::tables::each;
use crate::ledger::verify::in_order;
use crate::ledger::{Rules, StoreError, foresee};
use crate::subscription::decide::{self, Effect, Event};
use crate::subscription::judge::{self, Judgement, Reason};
use crate::subscription::notice::{Content, Notice, Reading};
use crate::subscription::{ServiceState, odd};

/// How folds are made again.
#[derive(Debug, Clone, Copy)]
pub(super) struct How {
    /// Whether messages are read anew before.
    pub(super) reads: bool,
    /// How far apart two event times may be for queueIDs to decide their order, in milliseconds.
    pub(super) disorder_ms: i64,
}

/// Makes a number's folds again, of what its messages say by today's reading where they are read anew.
///
/// # Errors
/// The engine's.
pub(super) fn of_number(
    store: &mut impl Store,
    rules: &Rules,
    how: How,
    number: &Msisdn,
    now: Timestamp,
) -> Result<Refolded, StoreError> {
    let mut refolded = Refolded { numbers: 1, ..Refolded::default() };
    let (rows, before) = (store.history(number)?, states(store, number)?);
    let mut watch = Watch::default();
    watch.whole(store, number, &before)?;
    let Some(latest) = rows.iter().map(|row| row.id).max() else { return Ok(refolded) };
    let mut now_rows = rows.clone();
    if how.reads {
        let raws = each(&rows, |row| store.raw(row.id))?;
        for (row, raw) in now_rows.iter_mut().zip(raws) {
            refolded.read_otherwise += u64::from(read_again(rules, row, raw.as_ref()));
        }
        refolded.settled = take_identities(store, rules, &mut now_rows)?;
        each(now_rows.iter_mut(), |row| believe(store, rules, row))?;
    }
    let folded = fold(store, how.disorder_ms, &mut now_rows, &before)?;
    for (old, new) in rows.iter().zip(&now_rows) {
        if old != new {
            store.update(new)?;
        }
    }
    for (service_id, before, after) in &folded {
        if before != after {
            store.clear(number, service_id)?;
            write(store, number, after)?;
        }
    }
    if folded.iter().any(|(_, before, after)| before.subscriptions != after.subscriptions) {
        refolded.changed.push(number.in_full().to_owned());
    }
    watch.after(store, latest, now)?;
    Ok(refolded)
}

/// Reads a notice's message again; tells whether it says something else. Of a message whose bytes were purged there is
/// what was read of it then.
fn read_again(rules: &Rules, row: &mut Row, raw: Option<&Raw>) -> bool {
    // An operator's own row is no message, and all its times are meant.
    let Some(then) = row.notice().filter(|then| then.own.is_none()) else { return false };
    let now = match raw.and_then(|raw| rules.read_again(raw, row.received_at)) {
        Some(Reading::Notice(now)) => {
            // What an operator's settings meant then stands, and whose it is.
            let (reg_type, msisdn) = (then.content.reg_type, then.content.msisdn.clone());
            Notice { content: Content { reg_type, msisdn, ..now.content }, ..*now }
        }
        Some(_) => return false,
        None => odd::doubted(then.clone(), row.received_at),
    };
    row.take(&now);
    let times = |notice: &Notice| (notice.event_at, notice.subscribe_at(), notice.expire_at());
    times(&then) != times(&now) || then.name != now.name
}

/// Gives each notice its identity; how many were conflicts and are none any more. What an operator has laid aside comes
/// last: it keeps its repeats away, and nobody else.
fn take_identities(store: &mut impl Store, rules: &Rules, rows: &mut [Row]) -> Result<u64, StoreError> {
    // Asked for at once; they may be others' when their turn comes.
    each(rows.iter().filter_map(Row::notice), |notice| {
        store.holder(&conflict_key(&notice, rules))?;
        holder(store, &notice)
    })?;
    let mut settled = 0;
    for is_aside in [false, true] {
        for row in rows.iter_mut().filter(|row| (row.outcome == Outcome::Discarded) == is_aside) {
            settled += u64::from(take_identity(store, rules, row)?);
        }
    }
    Ok(settled)
}

/// Makes a notice the holder of its identity, if nobody is; tells whether it was a conflict until then.
fn take_identity(store: &mut impl Store, rules: &Rules, row: &mut Row) -> Result<bool, StoreError> {
    let Some(notice) = row.notice() else { return Ok(false) };
    let was_conflict = row.outcome == Outcome::Parked(Reason::Conflict);
    let Holder { key, row: held, .. } = holder(store, &notice)?;
    if let Some(held) = held {
        let key = conflict_key(&notice, rules);
        if was_conflict && held.id != row.id && store.holder(&key)?.is_none() {
            store.assign(&key, row.id)?;
        }
        return Ok(false);
    }
    store.assign(&key, row.id)?;
    if was_conflict {
        let judgement = judge::judge(&notice, &rules.catalog, &rules.book, rules.policy, row.received_at);
        row.odd = judge::odd(&notice, &judgement);
        (row.outcome, row.scope) = match judgement {
            // What it did, the fold tells.
            Judgement::Stands(change) => (Outcome::Superseded, Some(scope(&change))),
            Judgement::Ignored => (Outcome::Ignored, None),
            Judgement::Parked(reason) => (Outcome::Parked(reason), None),
        };
        if row.outcome == Outcome::Parked(Reason::RecordOnly) {
            foresee::write(store, rules, row.id, row.outcome, &notice, row.received_at)?;
        }
    }
    Ok(was_conflict)
}

type Folded = (String, ServiceState, ServiceState);

/// Folds each service of a number, and says of what was superseded and is not any more what it does now.
fn fold(
    store: &mut impl Store,
    disorder_ms: i64,
    rows: &mut [Row],
    before: &[ServiceState],
) -> Result<Vec<Folded>, StoreError> {
    let mut places = Vec::new();
    let events = each(rows.iter().enumerate(), |(at, row)| {
        let event = {
            let store = std::cell::RefCell::new(&mut *store);
            row.event(&|id| store.borrow_mut().terms(id))?
        };
        places.extend(event.is_some().then_some(at));
        Ok(event)
    })?;
    let events: Vec<Event> = events.into_iter().flatten().collect();
    let mut services: Vec<String> =
        events.iter().flat_map(|event| event.change.services()).map(str::to_owned).collect();
    services.extend(before.iter().filter_map(service_of));
    services.sort_unstable();
    services.dedup();
    let mut outcomes: Vec<Option<Outcome>> = vec![None; events.len()];
    let mut after = Vec::with_capacity(services.len());
    for service_id in &services {
        let (state, effects) = decide::fold_each(service_id, &events, disorder_ms);
        for (outcome, effect) in outcomes.iter_mut().zip(effects) {
            let here = effect.map(|(effect, is_superseded)| match effect {
                Effect::ToldAgain => Outcome::NoChange,
                _ if is_superseded => Outcome::Superseded,
                Effect::Changed => Outcome::Applied,
                Effect::Unchanged => Outcome::NoChange,
            });
            // One effect is enough to call it applied, as where it is recorded.
            *outcome = [*outcome, here].into_iter().flatten().min();
        }
        after.push(state);
    }
    for (at, outcome) in places.into_iter().zip(outcomes) {
        let outcome = outcome.unwrap_or(Outcome::NoChange);
        // What it did when it came stays told, unless it was said to be without effect and has one, or the reverse.
        if rows[at].outcome == Outcome::Superseded || outcome == Outcome::NoChange {
            rows[at].outcome = outcome;
        }
    }
    let state_of = |service_id: &str| {
        let stored = before.iter().find(|state| service_of(state).as_deref() == Some(service_id));
        stored.cloned().unwrap_or_default()
    };
    let folded = |(service_id, after): (String, ServiceState)| {
        let mut before = state_of(&service_id);
        before.past = in_order(before.past);
        (service_id, before, ServiceState { past: in_order(after.past.clone()), ..after })
    };
    Ok(services.into_iter().zip(after).map(folded).collect())
}

/// Of a register's end, only its offer tells whether it can be meant.
fn believe(store: &mut impl Store, rules: &Rules, row: &mut Row) -> Result<(), StoreError> {
    if row.is_operators() {
        return Ok(());
    }
    let Some(terms) = row.scope.as_deref().and_then(|scope| scope.strip_prefix('t')?.parse().ok()) else {
        return Ok(());
    };
    let (Some(notice), terms) = (row.notice(), store.terms(terms)?) else { return Ok(()) };
    row.odd = judge::odd_of(&notice, &terms, rules.policy, row.received_at);
    Ok(())
}

pub(super) fn service_of(state: &ServiceState) -> Option<String> {
    state.subscriptions.first().map(|held| held.terms.service_id.clone())
}
