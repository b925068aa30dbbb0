//! Recording one message: is it known, what becomes of it, and what that changes. Runs inside the
//! writer's transaction and may run again, so it depends on nothing but its arguments.

use super::StoreError;
use super::fulfil::watch::Watch;
use super::journal::{Outcome, Row, scope};
use super::raw::Raw;
use super::store::Store;
use super::{Rules, foresee, journal};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::subscription::decide::{self, Effect, Event};
use crate::subscription::judge::{self, Judgement, Policy, Reason};
use crate::subscription::notice::{self, Glimpse, Notice, Reading};
use crate::subscription::{ServiceState, decide::Change};

/// A message to be kept, with the answer it will get.
#[derive(Debug, Clone)]
pub struct Received {
    /// What it turned out to be.
    pub reading: Reading,
    /// The message as it came, and its answer.
    pub raw: Raw,
    /// Which caller brought it.
    pub caller: String,
    /// When it came.
    pub received_at: Timestamp,
    /// The `error_id` of the answer.
    pub answer: u8,
}

/// What was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// The journal's row.
    pub id: NoticeId,
    /// What became of it, then or now.
    pub outcome: Outcome,
    /// Whether it was known already.
    pub repeated: bool,
    /// Whether something may be owed to a provider for it.
    pub may_owe: bool,
}

/// Records one message.
///
/// # Errors
/// The engine's; nothing of the message is kept then.
pub(super) fn record(
    store: &mut impl Store,
    rules: &Rules,
    received: &Received,
) -> Result<Recorded, StoreError> {
    match &received.reading {
        Reading::Notice(notice) => record_notice(store, rules, received, notice),
        Reading::Unreadable(glimpse) => record_other(store, received, glimpse, Reason::Unreadable),
        Reading::WrongMessage(glimpse) => record_other(store, received, glimpse, Reason::WrongMessage),
    }
}

fn record_notice(
    store: &mut impl Store,
    rules: &Rules,
    received: &Received,
    notice: &Notice,
) -> Result<Recorded, StoreError> {
    let Some(holder) = store.holder(&notice.identity)? else {
        return first_receipt(store, rules, received, notice);
    };
    let row = find(store, holder)?;
    let same = row.notice().is_some_and(|n| n.content.says_the_same(&notice.content, &rules.catalog));
    if same { again(store, rules, received, row, notice) } else { conflict(store, received, notice) }
}

fn first_receipt(
    store: &mut impl Store,
    rules: &Rules,
    received: &Received,
    notice: &Notice,
) -> Result<Recorded, StoreError> {
    let judgement = judge::judge(notice, &rules.catalog, &rules.book, rules.policy);
    let mut watch = Watch::default();
    let (outcome, scope) = enter(store, &mut watch, notice, judgement, received.received_at)?;
    let row = Row { scope, ..row(received, Row::of_notice(notice, outcome)) };
    let id = insert(store, &notice.identity, &row, &received.raw)?;
    let may_owe = watch.after(store, id, received.received_at)?;
    if outcome == Outcome::Parked(Reason::RecordOnly) {
        foresee::write(store, rules, id, outcome, notice)?;
    }
    Ok(Recorded { id, outcome, repeated: false, may_owe })
}

/// A repeat has no second effect; but one that waits for the catalog or for the carrier's second
/// thoughts is judged again.
fn again(
    store: &mut impl Store,
    rules: &Rules,
    received: &Received,
    mut row: Row,
    notice: &Notice,
) -> Result<Recorded, StoreError> {
    store.count_again(row.id)?;
    // Onboarding's `record_only` is no reason to forget why it was parked.
    let waits = matches!(row.outcome, Outcome::Parked(Reason::Unmapped | Reason::Held));
    let mut may_owe = false;
    if waits && !rules.policy.record_only {
        row.failed = notice.failed;
        let mut watch = Watch::default();
        rejudge(store, rules, &mut watch, &mut row, rules.policy)?;
        may_owe = watch.after(store, row.id, received.received_at)?;
    }
    Ok(Recorded { id: row.id, outcome: row.outcome, repeated: true, may_owe })
}

/// Judges a row again and writes down what became of it; tells whether that is something else.
pub(super) fn rejudge(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
    policy: Policy,
) -> Result<bool, StoreError> {
    let Some(notice) = row.notice() else { return Ok(false) };
    let judgement = judge::judge(&notice, &rules.catalog, &rules.book, policy);
    let before = row.outcome;
    (row.outcome, row.scope) = enter(store, watch, &notice, judgement, row.received_at)?;
    store.update(row)?;
    if before == Outcome::Parked(Reason::RecordOnly) {
        foresee::write(store, rules, row.id, row.outcome, &notice)?;
    }
    Ok(row.outcome != before)
}

/// Kept beside the holder of its identity, once for each content.
fn conflict(store: &mut impl Store, received: &Received, notice: &Notice) -> Result<Recorded, StoreError> {
    let key = conflict_key(notice);
    let row = row(received, Row::of_notice(notice, Outcome::Parked(Reason::Conflict)));
    keep_once(store, &key, &row, &received.raw)
}

/// The identity that a conflicting content occupies.
pub(super) fn conflict_key(notice: &Notice) -> String {
    format!("c:{}", notice.content.fingerprint(&notice.identity))
}

fn record_other(
    store: &mut impl Store,
    received: &Received,
    glimpse: &Glimpse,
    reason: Reason,
) -> Result<Recorded, StoreError> {
    let raw = &received.raw;
    let query = if raw.method == "GET" { raw.query.as_bytes() } else { &[] };
    let key = format!("u:{}", notice::hash(&[query, &raw.body]));
    let row = Row { identity: key.clone(), ..row(received, Row::of_glimpse(glimpse, reason)) };
    keep_once(store, &key, &row, raw)
}

fn keep_once(store: &mut impl Store, key: &str, row: &Row, raw: &Raw) -> Result<Recorded, StoreError> {
    if let Some(id) = store.holder(key)? {
        store.count_again(id)?;
        let outcome = find(store, id)?.outcome;
        return Ok(Recorded { id, outcome, repeated: true, may_owe: false });
    }
    let id = insert(store, key, row, raw)?;
    Ok(Recorded { id, outcome: row.outcome, repeated: false, may_owe: false })
}

fn row(received: &Received, row: Row) -> Row {
    Row {
        received_at: received.received_at,
        caller: received.caller.clone(),
        answer: i64::from(received.answer),
        ..row
    }
}

fn insert(store: &mut impl Store, key: &str, row: &Row, raw: &Raw) -> Result<NoticeId, StoreError> {
    let id = store.insert(row, Some(raw))?;
    store.hold(key, id)?;
    Ok(id)
}

pub(super) fn find(store: &mut impl Store, id: NoticeId) -> Result<journal::Row, StoreError> {
    store
        .notice(id)?
        .ok_or_else(|| StoreError::broken(format!("an identity names notice {id}, which is missing")))
}

/// Lets a judged notice take effect: its outcome, and its scope where it stands in the fold. What that
/// means for devices follows when the caller has `watch` look after it.
pub(super) fn enter(
    store: &mut impl Store,
    watch: &mut Watch,
    notice: &Notice,
    judgement: Judgement,
    received_at: Timestamp,
) -> Result<(Outcome, Option<String>), StoreError> {
    Ok(match judgement {
        Judgement::Ignored => (Outcome::Ignored, None),
        Judgement::Parked(reason) => (Outcome::Parked(reason), None),
        Judgement::Stands(change) => {
            let scope = scope(&change);
            let event = judge::event(notice, change, received_at);
            (stand(store, watch, &notice.content.msisdn, &event)?, Some(scope))
        }
    })
}

/// Puts an event into the fold of every service it speaks of. One effect is enough to call it
/// applied; older than what is known only where that holds for all.
fn stand(
    store: &mut impl Store,
    watch: &mut Watch,
    number: &Msisdn,
    event: &Event,
) -> Result<Outcome, StoreError> {
    let mut outcome = Outcome::Superseded;
    for service_id in event.change.services() {
        let state = store.state(number, service_id)?;
        watch.before(store, number, &event.change, &state)?;
        let fast = !state.subscriptions.is_empty() && state.newest.is_before(&event.place);
        let here = if fast {
            step(store, number, service_id, state, event)?
        } else {
            insert_into_fold(store, number, service_id, &state, event)?
        };
        outcome = outcome.min(here);
    }
    Ok(outcome)
}

/// The fast path: the newest notice, arriving last.
fn step(
    store: &mut impl Store,
    number: &Msisdn,
    service_id: &str,
    before: ServiceState,
    event: &Event,
) -> Result<Outcome, StoreError> {
    let mut after = before.clone();
    let effect = decide::step(&mut after, service_id, event);
    let changed = after.subscriptions.iter().filter(|held| !before.subscriptions.contains(held));
    // A notice that says nothing new still moves the fold on: some row must say so.
    let witness = after.subscriptions.iter().take(usize::from(effect == Effect::Unchanged));
    for subscription in changed.chain(witness) {
        store.put(number, subscription, &after.newest)?;
    }
    for run in &after.past {
        store.add_past(number, run)?;
    }
    Ok(if effect == Effect::Changed { Outcome::Applied } else { Outcome::NoChange })
}

/// Any other arrival folds the whole history again.
fn insert_into_fold(
    store: &mut impl Store,
    number: &Msisdn,
    service_id: &str,
    before: &ServiceState,
    event: &Event,
) -> Result<Outcome, StoreError> {
    let mut events = store.events(number)?;
    events.push(event.clone());
    let after = decide::fold(service_id, &events);
    if !before.subscriptions.is_empty() {
        store.clear(number, service_id)?;
    }
    write(store, number, &after)?;
    Ok(if decide::is_superseded(service_id, event, &events) {
        Outcome::Superseded
    } else if after.subscriptions == before.subscriptions {
        Outcome::NoChange
    } else {
        Outcome::Applied
    })
}

/// Makes a service's state from the journal as it stands.
pub(super) fn refold(
    store: &mut impl Store,
    watch: &mut Watch,
    number: &Msisdn,
    change: &Change,
) -> Result<(), StoreError> {
    let events = store.events(number)?;
    for service_id in change.services() {
        let state = store.state(number, service_id)?;
        watch.before(store, number, change, &state)?;
        store.clear(number, service_id)?;
        write(store, number, &decide::fold(service_id, &events))?;
    }
    Ok(())
}

fn write(store: &mut impl Store, number: &Msisdn, state: &ServiceState) -> Result<(), StoreError> {
    for subscription in &state.subscriptions {
        store.put(number, subscription, &state.newest)?;
    }
    state.past.iter().try_for_each(|run| store.add_past(number, run))
}
