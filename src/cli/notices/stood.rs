//! Which notices a retry puts back as they stood although they would be something else by today's catalog: told before
//! it happens.

use super::super::{Failure, tell};
use super::{Chosen, next_page};
use crate::ids::NoticeId;
use crate::ledger::journal::Outcome;
use crate::ledger::{Compare, Ledger};

/// So many are told one by one.
const TOLD_MAX: usize = 20;

/// Tells of those that are chosen.
///
/// # Errors
/// The ledger's.
pub(super) async fn tell_otherwise(ledger: &Ledger, chosen: &Chosen) -> Result<(), Failure> {
    let mut count = 0;
    for id in &chosen.ids {
        count += usize::from(tell_one(ledger, NoticeId(*id), count).await?);
    }
    let filter = chosen.filter.filter();
    if chosen.all && filter.outcome.as_deref() == Some(Outcome::Discarded.as_str()) {
        let mut after = NoticeId(0);
        while let Some(page) = next_page(ledger, &filter, &mut after).await? {
            for kept in &page {
                count += usize::from(tell_one(ledger, kept.id, count).await?);
            }
        }
    }
    if count > TOLD_MAX {
        tell(format!("and {} more like these", count - TOLD_MAX));
    }
    Ok(())
}

async fn tell_one(ledger: &Ledger, id: NoticeId, told: usize) -> Result<bool, Failure> {
    let Some(otherwise) = ledger.write(Compare(id)).await? else { return Ok(false) };
    if told < TOLD_MAX {
        let (then, now) = (otherwise.then, otherwise.now);
        tell(format!("notice {id} is put back as {then}; by today's catalog and settings it would be {now}"));
    }
    Ok(true)
}
