//! What would become of a notice that is kept and not applied (`carrier.record_only`): said with it from the first
//! moment, and again when the rules change, so that a trial period shows what is missing in the catalog.
//!
//! It is judged by itself: what other notices of the trial would have done before it is not looked at.

use std::time::Duration;

use sqlx::Row as _;
use tokio::time::sleep;

use super::commit::Deed;
use super::journal::Outcome;
use super::records::Records;
use super::store::{Lock, Store};
use super::tables::foreseen::Foreseen;
use super::{Ledger, NotKept, Rules, StoreError};
use crate::clock::Timestamp;
use crate::ids::NoticeId;
use crate::subscription::judge::{self, Judgement, Policy, Reason};
use crate::subscription::notice::Notice;

/// Every word there is.
pub const WOULD_BE: [&str; 5] = ["applied", "ignored", "held", "unmapped", "ambiguous"];

/// Notices foreseen in one go, and the pause after it: those that come meanwhile do not wait.
const TOGETHER: i64 = 256;
const PAUSE: Duration = Duration::from_millis(20);

/// Notices kept without effect that were not foreseen by these rules yet.
const OTHERWISE: &str = "/* foreseen otherwise */ SELECT n.id FROM notice n LEFT JOIN foreseen f \
    ON f.notice_id = n.id WHERE n.outcome = 'parked' AND n.reason = 'record_only' AND n.id > $1 \
    AND (f.rules IS NULL OR f.rules <> $2) ORDER BY n.id LIMIT $3";

/// What would become of a notice if it were applied.
fn would_be(rules: &Rules, notice: &Notice, received_at: Timestamp) -> &'static str {
    let policy = Policy { record_only: false, ..rules.policy };
    match judge::judge(notice, &rules.catalog, &rules.book, policy, received_at) {
        Judgement::Stands(_) => "applied",
        Judgement::Ignored => "ignored",
        Judgement::Parked(reason) => reason.as_str(),
    }
}

/// Writes down what would become of a notice that is kept without effect, or forgets it of one that was judged.
///
/// # Errors
/// The engine's.
pub(super) fn write(
    store: &mut impl Store,
    rules: &Rules,
    id: NoticeId,
    outcome: Outcome,
    notice: &Notice,
    received_at: Timestamp,
) -> Result<(), StoreError> {
    let waits = outcome == Outcome::Parked(Reason::RecordOnly);
    let would_be = waits.then(|| would_be(rules, notice, received_at).to_owned());
    store.save(&Foreseen { notice: id, would_be, rules: rules.fingerprint().to_owned() })
}

/// A notice that is foreseen again.
struct Foresee(NoticeId);

impl Deed for Foresee {
    type Answer = ();

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::OPERATORS]
    }

    fn perform(&self, store: &mut impl Store, rules: &Rules) -> Result<(), StoreError> {
        let row = store.notice(self.0)?;
        let row = row.filter(|row| row.outcome == Outcome::Parked(Reason::RecordOnly));
        match row.as_ref().and_then(|row| Some((row, row.notice()?))) {
            Some((row, notice)) => write(store, rules, row.id, row.outcome, &notice, row.received_at),
            None => Ok(()),
        }
    }
}

impl Ledger {
    /// Foresees all notices that are kept without effect by the rules in force, in small commits; how many there
    /// were that had been foreseen by others, or not at all.
    ///
    /// # Errors
    /// [`NotKept`] from the first that failed; the others wait for the next time.
    pub async fn foresee_again(&self) -> Result<u64, NotKept> {
        let rules = self.fingerprint();
        let (mut after, mut foreseen) = (0, 0);
        loop {
            let ids = self.foreseen_otherwise(&rules, after).await?;
            let Some(last) = ids.last() else { return Ok(foreseen) };
            after = last.0;
            foreseen += self.write_all(ids.into_iter().map(Foresee)).await?.len() as u64;
            sleep(PAUSE).await;
        }
    }

    async fn foreseen_otherwise(&self, rules: &str, after: i64) -> Result<Vec<NoticeId>, StoreError> {
        let query = sqlx::query(OTHERWISE).bind(after).bind(rules).bind(TOGETHER);
        let rows = query.fetch_all(&self.0.pool).await?;
        rows.iter().map(|row| Ok(NoticeId(row.try_get("id")?))).collect()
    }
}
