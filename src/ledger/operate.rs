//! What an operator may do to a kept message: have it judged again, or lay it aside.

use super::fulfil::watch::Watch;
use super::journal::{Outcome, Row};
use super::record::{Holder, conflict_key, holder, refold, rejudge};
use super::store::Store;
use super::{Rules, StoreError, foresee};
use crate::clock::Timestamp;
use crate::ids::NoticeId;
use crate::subscription::judge::Reason;
use crate::subscription::notice::{self, Reading};
use crate::wire;

/// An operator's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Judge it again, as contract section 7 says for each reason.
    Retry,
    /// Lay a parked or ignored one aside: repeats of it are not judged again.
    Discard,
    /// Say what would become of one that is kept without effect, by the rules in force.
    Foresee,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operated {
    /// The row is other than before.
    Changed,
    /// Nothing changed; why, as a sentence.
    Unchanged(&'static str),
    /// There is no such notice.
    Unknown,
}

/// Does it.
///
/// # Errors
/// The engine's; nothing has changed then.
pub(super) fn operate(
    store: &mut impl Store,
    rules: &Rules,
    operation: Operation,
    id: NoticeId,
    now: Timestamp,
) -> Result<Operated, StoreError> {
    let Some(mut row) = store.notice(id)? else { return Ok(Operated::Unknown) };
    let (mut watch, before) = (Watch::default(), row.outcome);
    let changed = match operation {
        Operation::Retry => retry(store, rules, &mut watch, &mut row)?,
        Operation::Discard => discard(store, rules, &mut row)?,
        Operation::Foresee => return foreseen(store, rules, &row),
    };
    watch.after(store, id, now)?;
    if changed {
        return Ok(Operated::Changed);
    }
    let is_purged = store.raw(id)?.is_none();
    Ok(Operated::Unchanged(why(operation, before, is_purged)))
}

/// Why nothing changed of a notice that had this outcome.
fn why(operation: Operation, before: Outcome, is_purged: bool) -> &'static str {
    match (operation, before) {
        (Operation::Retry, Outcome::Applied) => "it is applied, there is nothing to judge again",
        (Operation::Retry, Outcome::NoChange) => "it was judged and said nothing new",
        (Operation::Retry, Outcome::Superseded) => "it was judged and is older than what is known",
        (Operation::Retry, Outcome::Parked(Reason::Unmapped)) => "still no offer of the catalog fits it",
        (Operation::Retry, Outcome::Parked(Reason::Ambiguous)) => {
            "still several offers of the catalog fit it"
        }
        (Operation::Retry, Outcome::Parked(Reason::Held | Reason::RecordOnly)) => "it is judged as before",
        (Operation::Retry, Outcome::Parked(Reason::Conflict)) => "its fields were not kept",
        (Operation::Retry, _) if is_purged => "its bytes were purged, it cannot be read again",
        (Operation::Retry, Outcome::Parked(Reason::Unreadable)) => "it still cannot be read as a notice",
        (Operation::Retry, Outcome::Parked(Reason::WrongMessage)) => "it still is another module's message",
        (Operation::Retry, Outcome::Parked(Reason::UnknownRegType)) => "its regType still is neither 1 nor 2",
        (Operation::Retry, Outcome::Discarded) => "it says the same as another notice",
        (Operation::Retry, Outcome::Ignored) => "the settings still ignore what failed at the carrier",
        (_, Outcome::Discarded) => "it is laid aside already",
        (_, _) => "only what is parked or ignored can be laid aside",
    }
}

fn foreseen(store: &mut impl Store, rules: &Rules, row: &Row) -> Result<Operated, StoreError> {
    let changed = foresee::again(store, rules, row)?;
    Ok(if changed { Operated::Changed } else { Operated::Unchanged("it would become the same as before") })
}

fn discard(store: &mut impl Store, rules: &Rules, row: &mut Row) -> Result<bool, StoreError> {
    let may = matches!(row.outcome, Outcome::Parked(_) | Outcome::Ignored);
    let was_foreseen = row.outcome == Outcome::Parked(Reason::RecordOnly);
    if may {
        row.outcome = Outcome::Discarded;
        store.update(row)?;
    }
    if let Some(notice) = row.notice().filter(|_| was_foreseen) {
        foresee::write(store, rules, row.id, row.outcome, &notice, row.received_at)?;
    }
    Ok(may)
}

fn retry(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
) -> Result<bool, StoreError> {
    match row.outcome {
        Outcome::Parked(Reason::Held | Reason::RecordOnly | Reason::Unmapped | Reason::Ambiguous) => {
            rejudge(store, rules, watch, row, rules.policy.applying())
        }
        Outcome::Parked(Reason::Conflict) => overrule(store, rules, watch, row),
        Outcome::Applied | Outcome::NoChange | Outcome::Superseded => Ok(false),
        Outcome::Parked(_) | Outcome::Discarded | Outcome::Ignored => read_again(store, rules, watch, row),
    }
}

/// A conflict's content rules from now on: it takes the identity, and what held it becomes the
/// conflict.
fn overrule(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
) -> Result<bool, StoreError> {
    let Some(notice) = row.notice() else { return Ok(false) };
    let Holder { key, row: held, .. } = holder(store, &notice)?;
    if let Some(held) = held.filter(|held| held.id != row.id) {
        yield_to(store, rules, watch, held)?;
    }
    store.hold(&key, row.id)?;
    rejudge(store, rules, watch, row, rules.policy)?;
    Ok(true)
}

/// Takes a holder out of the fold and parks it as the conflict it has become.
fn yield_to(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    mut loser: Row,
) -> Result<(), StoreError> {
    let event = {
        let store = std::cell::RefCell::new(&mut *store);
        loser.event(&|id| store.borrow_mut().terms(id))?
    };
    let Some(notice) = loser.notice() else { return Ok(()) };
    (loser.outcome, loser.scope) = (Outcome::Parked(Reason::Conflict), None);
    store.update(&loser)?;
    store.hold(&conflict_key(&notice), loser.id)?;
    match event {
        Some(event) => refold(store, rules, watch, &notice.content.msisdn, &event.change),
        None => Ok(()),
    }
}

/// Reads the message's bytes again: the reader, the catalog or the settings may have changed.
fn read_again(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
) -> Result<bool, StoreError> {
    let Some(raw) = store.raw(row.id)? else { return Ok(false) };
    let read = wire::request::notify(&raw.method, &raw.query, &raw.sent());
    let reading = read.map(|message| notice::read(&message, &rules.reads, row.received_at));
    let notice = match reading {
        Ok(Reading::Notice(notice)) => notice,
        Ok(Reading::WrongMessage(_)) => return put_back(store, row, Reason::WrongMessage),
        Ok(Reading::Unreadable(_)) | Err(_) => return put_back(store, row, Reason::Unreadable),
    };
    let Holder { key, row: held, .. } = holder(store, &notice)?;
    let held = held.filter(|held| held.id != row.id);
    let before = row.outcome;
    row.take(&notice);
    // Out of the words that mean "no notice", so that the row can be judged as one.
    row.outcome = Outcome::Parked(Reason::Conflict);
    let Some(held) = held else {
        store.hold(&key, row.id)?;
        rejudge(store, rules, watch, row, rules.policy)?;
        return Ok(row.outcome != before);
    };
    let is_repeat =
        held.notice().is_some_and(|held| held.content.says_the_same(&notice.content, &rules.catalog));
    let changed = !is_repeat && before != row.outcome;
    if changed {
        store.hold(&conflict_key(&notice), row.id)?;
        store.update(row)?;
    }
    Ok(changed)
}

/// A discarded message that is still no notice waits for an operator again.
fn put_back(store: &mut impl Store, row: &mut Row, reason: Reason) -> Result<bool, StoreError> {
    let changed = row.outcome != Outcome::Parked(reason);
    if changed {
        row.outcome = Outcome::Parked(reason);
        store.update(row)?;
    }
    Ok(changed)
}
