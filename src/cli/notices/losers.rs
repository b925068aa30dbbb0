//! Which notices a retry of conflicts would put in the wrong: told, and agreed to, before it happens.

use super::super::caller::consent;
use super::super::{Failure, tell};
use super::{Chosen, next_page};
use crate::ids::NoticeId;
use crate::ledger::journal::Outcome;
use crate::ledger::read::{Filter, Kept};
use crate::ledger::{Ledger, StoreError};
use crate::subscription::judge::Reason;

/// So many losers are told one by one.
const TOLD_MAX: usize = 20;

/// Those who lose, told as far as they are few.
#[derive(Default)]
struct Losers {
    lines: Vec<String>,
    count: usize,
}

/// Tells who would lose, and asks.
///
/// # Errors
/// The ledger's; [`consent`]'s.
pub(super) async fn agree(ledger: &Ledger, chosen: &Chosen) -> Result<(), Failure> {
    let losers = losers(ledger, chosen).await?;
    let Some(last) = losers.lines.last() else { return Ok(()) };
    let rest = losers.count - losers.lines.len();
    let what = match losers.count {
        1 => last.clone(),
        _ => {
            losers.lines.iter().for_each(tell);
            let more = if rest > 0 { format!(" ({rest} more than are named here)") } else { String::new() };
            format!("{} notices would become conflicts{more}", losers.count)
        }
    };
    if chosen.yes && losers.count == 1 {
        tell(&what);
    }
    consent(chosen.yes, &what)
}

async fn losers(ledger: &Ledger, chosen: &Chosen) -> Result<Losers, StoreError> {
    let mut losers = Losers::default();
    for id in &chosen.ids {
        if let Some(kept) = ledger.notice(NoticeId(*id)).await? {
            losers.add(ledger, &kept).await?;
        }
    }
    let (conflict, parked) = (Reason::Conflict.as_str(), "parked");
    let mut filter = chosen.filter.filter();
    let other = |word: &Option<String>, wanted| word.as_deref().is_some_and(|word| word != wanted);
    if !chosen.all || other(&filter.outcome, parked) || other(&filter.reason, conflict) {
        return Ok(losers);
    }
    filter = Filter { outcome: Some(parked.to_owned()), reason: Some(conflict.to_owned()), ..filter };
    let mut after = NoticeId(0);
    while let Some(page) = next_page(ledger, &filter, &mut after).await? {
        for kept in &page {
            losers.add(ledger, kept).await?;
        }
    }
    Ok(losers)
}

impl Losers {
    /// Adds whoever would lose to a notice, where it is a conflict.
    async fn add(&mut self, ledger: &Ledger, winner: &Kept) -> Result<(), StoreError> {
        let is_conflict = winner.outcome == Outcome::Parked(Reason::Conflict);
        let Some(holder) = winner.holder.filter(|_| is_conflict) else { return Ok(()) };
        let Some(loser) = ledger.notice(holder).await? else { return Ok(()) };
        self.count += 1;
        if self.lines.len() < TOLD_MAX {
            self.lines.push(line(winner, &loser));
        }
        Ok(())
    }
}

fn line(winner: &Kept, loser: &Kept) -> String {
    let number = |kept: &Kept| kept.msisdn.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let outcome = match loser.outcome.reason() {
        Some(reason) => reason.as_str(),
        None => loser.outcome.as_str(),
    };
    format!(
        "notice {} ({}) would rule, and notice {} ({}), which is {outcome} now, would become the conflict",
        winner.id,
        number(winner),
        loser.id,
        number(loser)
    )
}
