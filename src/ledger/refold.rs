//! Makes an older ledger's folds again, number by number, after a step of the schema by which notices are read or
//! ordered otherwise: each message is read anew from its bytes, where they are still there, what was a conflict and is
//! none any more is judged, and what follows for devices is done. No notice can be kept meanwhile, for it would be
//! folded into what is about to change; whoever sends one is told to come again.
//!
//! How far it has come is in the ledger with each commit, so that it goes on where it was broken off. Several gateways
//! may be at it: a step that another has done is left.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use sqlx::Row as _;

use super::commit::{Done, Work};
use super::fulfil::holding::states;
use super::fulfil::watch::Watch;
use super::journal::{Outcome, Row, scope};
use super::raw::Raw;
use super::record::{Holder, holder};
use super::repair::is_operators;
use super::store::Store;
use super::tables::Records as _;
use super::tables::refold::Refold;
use super::verify::NUMBERS;
use super::{Ledger, NotKept, Rules, StoreError};
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::subscription::decide::{self, Effect, Event};
use crate::subscription::judge::{self, Judgement, Reason};
use crate::subscription::notice::{self, Notice, Reading};
use crate::subscription::{Run, ServiceState};
use crate::wire;

/// Numbers in one commit.
const TOGETHER: i64 = 200;

/// After every number: no number begins with it.
const DONE: &str = "~";

/// Whether folds are still to be made again: as long as they are, nothing else is written.
#[derive(Debug, Default)]
pub(super) struct Pending(AtomicBool);

impl Pending {
    pub(super) fn is_pending(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The next numbers, as far as the folds were made again when they were looked for.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) after: String,
    pub(super) numbers: Vec<Msisdn>,
}

/// What came of it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Refolded {
    /// Numbers that were looked at.
    pub numbers: u64,
    /// Notices that were read otherwise than before.
    pub read_otherwise: u64,
    /// Conflicts that are notices of their own now.
    pub settled: u64,
    /// Numbers that hold something else than before.
    pub changed: Vec<String>,
}

impl Refolded {
    fn add(&mut self, more: Self) {
        self.numbers += more.numbers;
        self.read_otherwise += more.read_otherwise;
        self.settled += more.settled;
        self.changed.extend(more.changed);
    }
}

impl Ledger {
    /// Whether folds are still to be made again.
    #[must_use]
    pub fn is_refolding(&self) -> bool {
        self.0.writer.pending().is_pending()
    }

    /// Looks whether they are.
    pub(super) async fn look_for_refold(&self) -> Result<(), StoreError> {
        let is_pending = self.refolded_after().await?.is_some();
        self.0.writer.pending().0.store(is_pending, Ordering::Relaxed);
        Ok(())
    }

    /// Makes all folds again that are still to be; at once where none is. `progress` is told after each commit what was
    /// done so far.
    ///
    /// # Errors
    /// [`NotKept`]: called again, it goes on where it was.
    pub async fn refold(&self, mut progress: impl FnMut(&Refolded)) -> Result<Refolded, NotKept> {
        let mut refolded = Refolded::default();
        while let Some(after) = self.refolded_after().await? {
            let rows = sqlx::query(NUMBERS).bind(&after).bind(TOGETHER).fetch_all(&self.0.pool).await;
            let rows = rows.map_err(StoreError::from)?;
            let number = |row: &sqlx::any::AnyRow| Ok(Msisdn::from_canonical(row.try_get(0)?));
            let numbers = rows.iter().map(number).collect::<Result<_, sqlx::Error>>();
            let part = Part { after, numbers: numbers.map_err(StoreError::from)? };
            match self.0.writer.submit(Work::Refold(part, self.0.clock.now())).await? {
                Done::Refolded(done) => refolded.add(done),
                _ => return Err(NotKept::Stopped),
            }
            progress(&refolded);
        }
        self.0.writer.pending().0.store(false, Ordering::Relaxed);
        Ok(refolded)
    }

    /// How far they were made again; none where all are.
    async fn refolded_after(&self) -> Result<Option<String>, StoreError> {
        let sql = "/* refold */ SELECT after FROM refold WHERE id = 1 AND after <> $1";
        Ok(sqlx::query_scalar(sql).bind(DONE).fetch_optional(&self.0.pool).await?)
    }
}

/// Does one part.
///
/// # Errors
/// The engine's.
pub(super) fn perform(
    store: &mut impl Store,
    rules: &Rules,
    part: &Part,
    now: Timestamp,
) -> Result<Refolded, StoreError> {
    let mut refolded = Refolded::default();
    let at: Option<Refold> = store.get(1_i64)?;
    if at.is_none_or(|at| at.after != part.after) {
        return Ok(refolded);
    }
    // What one number lacks of its rows is fetched together with what the others lack.
    let mut lacks = false;
    for number in &part.numbers {
        match of_number(store, rules, number, now) {
            Ok(done) => refolded.add(done),
            Err(StoreError::Unfetched) => lacks = true,
            Err(error) => return Err(error),
        }
    }
    if lacks {
        return Err(StoreError::Unfetched);
    }
    let after = part.numbers.last().map_or(DONE, |last| last.in_full()).to_owned();
    store.save(&Refold { after })?;
    Ok(refolded)
}

fn of_number(
    store: &mut impl Store,
    rules: &Rules,
    number: &Msisdn,
    now: Timestamp,
) -> Result<Refolded, StoreError> {
    let mut refolded = Refolded { numbers: 1, ..Refolded::default() };
    let rows = store.history(number)?;
    let before = states(store, number)?;
    let mut watch = Watch::default();
    watch.whole(store, number, &before)?;
    let Some(latest) = rows.iter().map(|row| row.id).max() else { return Ok(refolded) };
    let mut raws = Vec::with_capacity(rows.len());
    for row in &rows {
        raws.push(store.raw(row.id)?);
    }
    let mut now_rows = Vec::with_capacity(rows.len());
    for (row, raw) in rows.iter().zip(raws) {
        let mut row = row.clone();
        refolded.read_otherwise += u64::from(read_again(rules, &mut row, raw.as_ref()));
        refolded.settled += u64::from(take_identity(store, rules, &mut row)?);
        now_rows.push(row);
    }
    let folded = fold(store, rules, number, &mut now_rows, &before)?;
    for (old, new) in rows.iter().zip(&now_rows) {
        if old != new {
            store.update(new)?;
        }
    }
    for (service_id, before, after) in &folded {
        if before != after {
            write(store, number, service_id, after)?;
        }
    }
    if folded.iter().any(|(_, before, after)| before.subscriptions != after.subscriptions) {
        refolded.changed.push(number.in_full().to_owned());
    }
    watch.after(store, latest, now)?;
    Ok(refolded)
}

/// Reads a notice's message again; tells whether it says something else. A message whose bytes were purged is looked
/// at as it was read then.
fn read_again(rules: &Rules, row: &mut Row, raw: Option<&Raw>) -> bool {
    let Some(then) = row.notice() else { return false };
    let message = raw.and_then(|raw| wire::request::notify(&raw.method, &raw.query, &raw.sent()).ok());
    let read = message.map(|message| notice::read(&message, &rules.reads, row.received_at));
    let Some(Reading::Notice(now)) = read else { return false };
    // What an operator's settings meant then stands.
    let reg_type = then.content.reg_type;
    let now = Notice { content: notice::Content { reg_type, ..now.content }, ..*now };
    row.take(&now);
    let times = |notice: &Notice| (notice.event_at, notice.subscribe_at(), notice.expire_at());
    times(&then) != times(&now) || then.name != now.name
}

/// Makes a notice the holder of its identity, if nobody is; tells whether it was a conflict until then.
fn take_identity(store: &mut impl Store, rules: &Rules, row: &mut Row) -> Result<bool, StoreError> {
    let Some(notice) = row.notice().filter(|_| row.outcome != Outcome::Discarded) else { return Ok(false) };
    let Holder { key, row: held, .. } = holder(store, &notice)?;
    if held.is_some() {
        return Ok(false);
    }
    store.hold(&key, row.id)?;
    let was_conflict = row.outcome == Outcome::Parked(Reason::Conflict);
    if was_conflict {
        let judgement = judge::judge(&notice, &rules.catalog, &rules.book, rules.policy, row.received_at);
        row.odd = judge::odd(&notice, &judgement);
        (row.outcome, row.scope) = match judgement {
            Judgement::Stands(change) => (Outcome::Applied, Some(scope(&change))),
            Judgement::Ignored => (Outcome::Ignored, None),
            Judgement::Parked(reason) => (Outcome::Parked(reason), None),
        };
    }
    Ok(was_conflict)
}

type Folded = (String, ServiceState, ServiceState);

/// Folds each service of a number from its rows, and says of what was superseded and is not any more what it does now.
fn fold(
    store: &mut impl Store,
    rules: &Rules,
    number: &Msisdn,
    rows: &mut [Row],
    before: &[ServiceState],
) -> Result<Vec<Folded>, StoreError> {
    let disorder_ms = rules.policy.queue_disorder_ms;
    let mut events: Vec<(usize, Event)> = Vec::new();
    // What is read as another number now stands in that one's fold, whose turn comes later: spellings that were not
    // known begin with 00 or 840.
    let own = |row: &&mut Row| row.msisdn.as_ref() == Some(number);
    for (at, row) in rows.iter_mut().enumerate().filter(|(_, row)| own(row)) {
        believe(store, rules, row)?;
        let event = {
            let store = std::cell::RefCell::new(&mut *store);
            row.event(&|id| store.borrow_mut().terms(id))?
        };
        events.extend(event.map(|event| (at, event)));
    }
    let mut services: Vec<String> =
        events.iter().flat_map(|(_, event)| event.change.services()).map(str::to_owned).collect();
    services.extend(before.iter().filter_map(service_of));
    services.sort_unstable();
    services.dedup();
    let all: Vec<Event> = events.iter().map(|(_, event)| event.clone()).collect();
    for (at, event) in &events {
        let outcomes = event.change.services().into_iter().map(|service_id| {
            let (_, effect) = decide::fold_with(service_id, &all, event, disorder_ms);
            match effect {
                Effect::ToldAgain => Outcome::NoChange,
                _ if decide::is_superseded(service_id, event, &all, disorder_ms) => Outcome::Superseded,
                Effect::Changed => Outcome::Applied,
                Effect::Unchanged => Outcome::NoChange,
            }
        });
        let outcome = outcomes.min().unwrap_or(Outcome::NoChange);
        // What it did when it came stays told, unless it was said to be without effect and has one, or the reverse.
        if rows[*at].outcome == Outcome::Superseded || outcome == Outcome::NoChange {
            rows[*at].outcome = outcome;
        }
    }
    let state_of = |service_id: &str| {
        let stored = before.iter().find(|state| service_of(state).as_deref() == Some(service_id));
        stored.cloned().unwrap_or_default()
    };
    let folded = |service_id: String| {
        let after = decide::fold(&service_id, &all, disorder_ms);
        let mut before = state_of(&service_id);
        before.past = in_order(before.past);
        (service_id, before, ServiceState { past: in_order(after.past.clone()), ..after })
    };
    Ok(services.into_iter().map(folded).collect())
}

/// Of a register's end, only its offer tells whether it can be meant.
fn believe(store: &mut impl Store, rules: &Rules, row: &mut Row) -> Result<(), StoreError> {
    if is_operators(row) {
        return Ok(());
    }
    let Some(terms) = row.scope.as_deref().and_then(|scope| scope.strip_prefix('t')?.parse().ok()) else {
        return Ok(());
    };
    let (Some(notice), terms) = (row.notice(), store.terms(terms)?) else { return Ok(()) };
    row.odd = judge::odd_of(&notice, &terms, rules.policy, row.received_at);
    Ok(())
}

fn in_order(mut past: Vec<Run>) -> Vec<Run> {
    past.sort_by(|a, b| (&a.terms.package_id, a.founder).cmp(&(&b.terms.package_id, b.founder)));
    past
}

fn service_of(state: &ServiceState) -> Option<String> {
    state.subscriptions.first().map(|held| held.terms.service_id.clone())
}

fn write(
    store: &mut impl Store,
    number: &Msisdn,
    service_id: &str,
    state: &ServiceState,
) -> Result<(), StoreError> {
    store.clear(number, service_id)?;
    for subscription in &state.subscriptions {
        store.put(number, subscription, &state.newest)?;
    }
    state.past.iter().try_for_each(|run| store.add_past(number, run))
}
