//! Makes a ledger's folds again, number by number, and does what follows for devices: after a step of the schema by
//! which notices are read or ordered otherwise, and where a gateway starts with another `carrier.queue_disorder_max_s`.
//! After such a step each message is read anew from its bytes, where they are still there, and what was a conflict and
//! is none any more is judged. No notice can be kept meanwhile, for it would be folded into what is about to change;
//! whoever sends one is told to come again.
//!
//! The setting that the folds are made under is the ledger's own, and every transaction that folds goes by it: commands
//! and other gateways with other settings make the same folds. It is the only one that a fold reads. What else is set
//! was copied when a notice was judged: an offer's terms with its zone, grace and clock skew, times as they were read,
//! what its regType meant, and which end was not believed.
//!
//! How far it has come is in the ledger with each commit, so that it goes on where it was broken off. Several gateways
//! may be at it: a step that another has done is left.

mod number;

use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::Serialize;
use sqlx::Row as _;
use tokio::time::sleep;

use super::commit::Deed;
use super::folded::{SETTING, setting};
use super::fulfil::holding::states;
use super::fulfil::watch::Watch;
use super::journal::Row;
use super::records::Records as _;
use super::store::{Lock, Store};
use super::tables::device::DeviceRow;
use super::tables::each;
use super::tables::refold::{DONE, KEY, Refold};
use super::verify::NUMBERS;
use super::{Ledger, NotKept, OpenError, Rules, StoreError, postgres, sqlite};
use crate::clock::Timestamp;
use crate::config::LedgerUrl;
use crate::ids::Msisdn;
use crate::outbox::Task;
use number::{How, of_number, service_of};

/// Numbers in one commit.
const TOGETHER: i64 = 200;

/// How long between two looks whether others are done.
const LOOKED_AGAIN: Duration = Duration::from_secs(1);

/// Numbers in one commit that get another spelling.
const RESPELLED_TOGETHER: usize = 8;

/// Numbers that may be spelled otherwise by now: they were kept with the country's code and what stood around it.
const RESPELLED: &str = "/* refold spellings */ SELECT msisdn FROM notice \
    WHERE msisdn >= '0084' AND msisdn < '0085' OR msisdn >= '840' AND msisdn < '841' \
    UNION SELECT msisdn FROM subscription \
    WHERE msisdn >= '0084' AND msisdn < '0085' OR msisdn >= '840' AND msisdn < '841' \
    UNION SELECT msisdn FROM device \
    WHERE msisdn >= '0084' AND msisdn < '0085' OR msisdn >= '840' AND msisdn < '841' ORDER BY 1";

/// The next numbers, as far as the folds were made again when they were looked for.
struct Part {
    after: String,
    numbers: Vec<Msisdn>,
    step: Step,
    now: Timestamp,
}

/// What is done with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// What they have becomes that of the number that they spell.
    Respell,
    /// Their folds are made again.
    Fold,
}

impl Deed for Part {
    type Answer = Refolded;

    /// The numbers whose rows it writes.
    fn locks(&self) -> Vec<Lock> {
        let spelled = self.numbers.iter().filter_map(spelled).filter(|_| self.step == Step::Respell);
        let spelled: Vec<Msisdn> = spelled.collect();
        self.numbers.iter().chain(&spelled).map(Lock::number).collect()
    }

    fn goes_alone(&self) -> bool {
        true
    }

    fn folds(&self) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, rules: &Rules) -> Result<Refolded, StoreError> {
        refold(store, rules, self)
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
        self.0.refolding.load(Ordering::Relaxed)
    }

    /// Has all folds be made again where they were made under another setting than this process has: nothing is
    /// written before that is [done](Self::refold).
    ///
    /// # Errors
    /// The engine's.
    pub async fn fold_as_set(&self) -> Result<(), OpenError> {
        let own = self.0.rules.load().policy.queue_disorder_ms;
        if self.folded_ms().await? != Some(own) {
            match &self.0.url {
                LedgerUrl::Sqlite(path) => sqlite::begin_refold(path, own).await?,
                LedgerUrl::Postgres(url) => postgres::begin_refold(url, own).await?,
            }
        }
        Ok(self.look_for_refold().await?)
    }

    /// `carrier.queue_disorder_max_s` as the ledger's folds are made under it, in milliseconds, where that is another
    /// than this process has.
    ///
    /// # Errors
    /// The engine's.
    pub async fn folded_otherwise(&self) -> Result<Option<i64>, StoreError> {
        let own = self.0.rules.load().policy.queue_disorder_ms;
        Ok(self.folded_ms().await?.filter(|folded| *folded != own))
    }

    async fn folded_ms(&self) -> Result<Option<i64>, StoreError> {
        let folded: Option<Option<i64>> = sqlx::query_scalar(SETTING).fetch_optional(&self.0.pool).await?;
        Ok(folded.flatten())
    }

    /// Waits until others have made all folds again, for whoever does not do it.
    pub async fn brought_over(&self) {
        while self.is_refolding() {
            sleep(LOOKED_AGAIN).await;
            // A ledger that fails is told of by those who write.
            let _ = self.look_for_refold().await;
        }
    }

    /// Looks whether folds are still to be made again.
    ///
    /// # Errors
    /// The engine's.
    pub(super) async fn look_for_refold(&self) -> Result<(), StoreError> {
        let is_pending = self.refolded_after().await?.is_some();
        self.0.refolding.store(is_pending, Ordering::Relaxed);
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
            // Where messages are not read anew nothing is left to be spelled otherwise, and nothing is found.
            self.respell(&after).await?;
        }
        while let Some(after) = self.refolded_after().await? {
            let numbers = self.numbers(sqlx::query(NUMBERS).bind(&after).bind(TOGETHER)).await?;
            match self.part(after.clone(), numbers, Step::Fold).await {
                Ok(part) => refolded.add(part),
                // Another that is at it lets nobody else in, and comes further: so there is nothing to give up for.
                Err(_) if self.refolded_after().await?.as_ref() != Some(&after) => {}
                Err(error) => return Err(error),
            }
            progress(&refolded);
        }
        self.0.refolding.store(false, Ordering::Relaxed);
        Ok(refolded)
    }

    /// Gives what is kept under another spelling of a number to the number, before any fold is made again.
    async fn respell(&self, after: &str) -> Result<(), NotKept> {
        let mut numbers = self.numbers(sqlx::query(RESPELLED)).await?;
        numbers.retain(|number| spelled(number).is_some());
        for numbers in numbers.chunks(RESPELLED_TOGETHER) {
            self.part(after.to_owned(), numbers.to_vec(), Step::Respell).await?;
        }
        Ok(())
    }

    /// Goes past the door that is closed to all others meanwhile ([`Self::write`]).
    async fn part(&self, after: String, numbers: Vec<Msisdn>, step: Step) -> Result<Refolded, NotKept> {
        let part = Part { after, numbers, step, now: self.0.clock.now() };
        self.0.writer.hand_over(part)?.answer().await
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

fn refold(store: &mut impl Store, rules: &Rules, part: &Part) -> Result<Refolded, StoreError> {
    let mut refolded = Refolded::default();
    let at: Option<Refold> = store.get(KEY)?;
    let Some(at) = at.filter(|at| at.after == part.after) else { return Ok(refolded) };
    let how = How { reads: at.reads, disorder_ms: setting(Some(&at), rules) };
    // What one number lacks of its rows is fetched together with what the others lack.
    each(&part.numbers, |number| match part.step {
        Step::Respell => respell(store, number, part.now),
        Step::Fold => of_number(store, rules, how, number, part.now).map(|done| refolded.add(done)),
    })?;
    if part.step == Step::Fold {
        let after = part.numbers.last().map_or(DONE, |last| last.in_full()).to_owned();
        // The next time is for a setting's sake, unless a step of the schema says otherwise.
        let reads = at.reads && after != DONE;
        store.save(&Refold { after, queue_disorder_ms: Some(how.disorder_ms), reads })?;
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
