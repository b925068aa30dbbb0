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
use super::fulfil::Task;
use super::fulfil::holding::states;
use super::fulfil::watch::Watch;
use super::journal::{Outcome, Row, scope};
use super::raw::Raw;
use super::record::{Holder, conflict_key, holder};
use super::repair::is_operators;
use super::store::Store;
use super::tables::device::DeviceRow;
use super::tables::refold::Refold;
use super::tables::{Records as _, each};
use super::verify::NUMBERS;
use super::{Ledger, NotKept, Rules, StoreError, foresee};
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::subscription::decide::{self, Effect, Event};
use crate::subscription::judge::{self, Judgement, Reason};
use crate::subscription::notice::{self, Notice, Reading};
use crate::subscription::odd;
use crate::subscription::{Run, ServiceState};
use crate::wire;

/// Numbers in one commit.
const TOGETHER: i64 = 200;

/// Numbers in one commit that get another spelling.
const RESPELLED_TOGETHER: usize = 8;

/// Numbers that may be spelled otherwise by now: they were kept with the country's code and what stood around it.
const RESPELLED: &str = "/* refold spellings */ SELECT msisdn FROM notice \
    WHERE msisdn >= '0084' AND msisdn < '0085' OR msisdn >= '840' AND msisdn < '841' \
    UNION SELECT msisdn FROM subscription \
    WHERE msisdn >= '0084' AND msisdn < '0085' OR msisdn >= '840' AND msisdn < '841' \
    UNION SELECT msisdn FROM device \
    WHERE msisdn >= '0084' AND msisdn < '0085' OR msisdn >= '840' AND msisdn < '841' ORDER BY 1";

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
    after: String,
    numbers: Vec<Msisdn>,
    step: Step,
}

/// What is done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// What they have becomes that of the number that they spell.
    Respell,
    /// Their folds are made again.
    Fold,
}

impl Part {
    /// The numbers whose rows it writes.
    pub(super) fn written(&self) -> Vec<Msisdn> {
        let spelled = self.numbers.iter().filter_map(spelled).filter(|_| self.step == Step::Respell);
        self.numbers.iter().cloned().chain(spelled).collect()
    }
}

/// The number that one is a spelling of, where that is another.
fn spelled(number: &Msisdn) -> Option<Msisdn> {
    Msisdn::parse(number.in_full()).ok().filter(|spelled| spelled != number)
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
        if let Some(after) = self.refolded_after().await? {
            self.respell(&after).await?;
        }
        while let Some(after) = self.refolded_after().await? {
            let numbers = self.numbers(sqlx::query(NUMBERS).bind(&after).bind(TOGETHER)).await?;
            refolded.add(self.part(Part { after, numbers, step: Step::Fold }).await?);
            progress(&refolded);
        }
        self.0.writer.pending().0.store(false, Ordering::Relaxed);
        Ok(refolded)
    }

    /// Gives what is kept under another spelling of a number to the number, before any fold is made again.
    async fn respell(&self, after: &str) -> Result<(), NotKept> {
        let mut numbers = self.numbers(sqlx::query(RESPELLED)).await?;
        numbers.retain(|number| spelled(number).is_some());
        for numbers in numbers.chunks(RESPELLED_TOGETHER) {
            let (after, numbers) = (after.to_owned(), numbers.to_vec());
            self.part(Part { after, numbers, step: Step::Respell }).await?;
        }
        Ok(())
    }

    async fn part(&self, part: Part) -> Result<Refolded, NotKept> {
        match self.0.writer.submit(Work::Refold(part, self.0.clock.now())).await? {
            Done::Refolded(done) => Ok(done),
            _ => Err(NotKept::Stopped),
        }
    }

    async fn numbers(
        &self,
        query: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<Vec<Msisdn>, StoreError> {
        let rows = query.fetch_all(&self.0.pool).await?;
        let number = |row: &sqlx::any::AnyRow| Ok(Msisdn::from_canonical(row.try_get(0)?));
        Ok(rows.iter().map(number).collect::<Result<_, sqlx::Error>>()?)
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
    each(&part.numbers, |number| match part.step {
        Step::Respell => respell(store, number, now),
        Step::Fold => Ok(refolded.add(of_number(store, rules, number, now)?)),
    })?;
    if part.step == Step::Fold {
        let after = part.numbers.last().map_or(DONE, |last| last.in_full()).to_owned();
        store.save(&Refold { after })?;
    }
    Ok(refolded)
}

/// Gives all that a spelling has to the number that it spells. What it held ends on its devices, and begins again
/// there with the number's own fold: a right's name is made of the number too.
fn respell(store: &mut impl Store, from: &Msisdn, now: Timestamp) -> Result<(), StoreError> {
    let Some(to) = spelled(from) else { return Ok(()) };
    let (rows, before) = (store.history(from)?, states(store, from)?);
    let mut watch = Watch::default();
    watch.whole(store, from, &before)?;
    for state in &before {
        if let Some(service_id) = service_of(state) {
            store.clear(from, &service_id)?;
        }
    }
    for row in &rows {
        store.update(&Row { msisdn: Some(to.clone()), ..row.clone() })?;
    }
    if let Some(latest) = rows.iter().map(|row| row.id).max() {
        watch.after(store, latest, now)?;
    }
    for device in store.list::<DeviceRow>("msisdn", from.in_full())? {
        store.save(&DeviceRow { msisdn: Some(to.clone()), ..device })?;
    }
    for task in store.list::<Task>("msisdn", from.in_full())? {
        store.save(&Task { msisdn: Some(to.clone()), ..task })?;
    }
    Ok(())
}

fn of_number(
    store: &mut impl Store,
    rules: &Rules,
    number: &Msisdn,
    now: Timestamp,
) -> Result<Refolded, StoreError> {
    let mut refolded = Refolded { numbers: 1, ..Refolded::default() };
    let (rows, before) = (store.history(number)?, states(store, number)?);
    let mut watch = Watch::default();
    watch.whole(store, number, &before)?;
    let Some(latest) = rows.iter().map(|row| row.id).max() else { return Ok(refolded) };
    let raws = each(&rows, |row| store.raw(row.id))?;
    let mut now_rows = rows.clone();
    for (row, raw) in now_rows.iter_mut().zip(raws) {
        refolded.read_otherwise += u64::from(read_again(rules, row, raw.as_ref()));
    }
    refolded.settled = take_identities(store, rules, &mut now_rows)?;
    let folded = fold(store, rules, &mut now_rows, &before)?;
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

/// Reads a notice's message again; tells whether it says something else. Of a message whose bytes were purged there is
/// what was read of it then.
fn read_again(rules: &Rules, row: &mut Row, raw: Option<&Raw>) -> bool {
    let Some(then) = row.notice() else { return false };
    let message = raw.and_then(|raw| wire::request::notify(&raw.method, &raw.query, &raw.sent()).ok());
    let read = message.map(|message| notice::read(&message, &rules.reads, row.received_at));
    let now = match read {
        Some(Reading::Notice(now)) => {
            // What an operator's settings meant then stands, and whose it is.
            let (reg_type, msisdn) = (then.content.reg_type, then.content.msisdn.clone());
            Notice { content: notice::Content { reg_type, msisdn, ..now.content }, ..*now }
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
            store.hold(&key, row.id)?;
        }
        return Ok(false);
    }
    store.hold(&key, row.id)?;
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
    rules: &Rules,
    rows: &mut [Row],
    before: &[ServiceState],
) -> Result<Vec<Folded>, StoreError> {
    let disorder_ms = rules.policy.queue_disorder_ms;
    each(rows.iter_mut(), |row| believe(store, rules, row))?;
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
