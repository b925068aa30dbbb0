//! Makes an older ledger's folds again, number by number, after a step of the schema by which notices are read or
//! ordered otherwise: each message is read anew from its bytes, where they are still there, what was a conflict and is
//! none any more is judged, and what follows for devices is done. No notice can be kept meanwhile, for it would be
//! folded into what is about to change; whoever sends one is told to come again.
//!
//! How far it has come is in the ledger with each commit, so that it goes on where it was broken off. Several gateways
//! may be at it: a step that another has done is left.

mod number;

use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;
use sqlx::Row as _;

use super::commit::{Done, Work};
use super::fulfil::Task;
use super::fulfil::holding::states;
use super::fulfil::watch::Watch;
use super::journal::Row;
use super::store::Store;
use super::tables::device::DeviceRow;
use super::tables::refold::Refold;
use super::tables::{Records as _, each};
use super::verify::NUMBERS;
use super::{Ledger, NotKept, Rules, StoreError};
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use number::{of_number, service_of};

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
        Step::Fold => of_number(store, rules, number, now).map(|done| refolded.add(done)),
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
