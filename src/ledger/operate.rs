//! What an operator may do to a kept message: have it judged again, or lay it aside. Who did it and why is written
//! down in the same transaction ([`super::audit`]).

use std::cell::RefCell;

use super::audit::{self, By, Standing};
use super::commit::Deed;
use super::fold::refold;
use super::fulfil::watch::Watch;
use super::identity::{Holder, conflict_key, holder};
use super::journal::{Outcome, Row};
use super::record::rejudge;
use super::repair;
use super::store::{Lock, Store};
use super::tables::aside::Aside;
use super::tables::audit::Action;
use super::{Rules, StoreError, aside, foresee};
use crate::clock::Timestamp;
use crate::ids::NoticeId;
use crate::subscription::judge::{self, Judgement, Reason};
use crate::subscription::notice::Reading;

/// An operator's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Judge it again, as contract section 7 says for each reason.
    Retry,
    /// Lay one aside, out of the fold where it stands in it: repeats of it are not judged again.
    Discard,
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

/// An operator's word about one notice.
#[derive(Debug, Clone)]
pub struct Operate {
    /// What to do.
    pub operation: Operation,
    /// With which notice.
    pub id: NoticeId,
    /// Who says so.
    pub by: By,
    /// The time.
    pub now: Timestamp,
}

impl Deed for Operate {
    type Answer = Operated;

    fn locks(&self) -> Vec<Lock> {
        vec![Lock::OPERATORS]
    }

    fn folds(&self) -> bool {
        true
    }

    fn may_owe(&self, _: &Operated) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, rules: &Rules) -> Result<Operated, StoreError> {
        operate(store, rules, self)
    }
}

fn operate(store: &mut impl Store, rules: &Rules, order: &Operate) -> Result<Operated, StoreError> {
    let (id, now) = (order.id, order.now);
    let Some(mut row) = store.notice(id)? else { return Ok(Operated::Unknown) };
    let action = match order.operation {
        Operation::Retry => Action::Retry,
        Operation::Discard => Action::Discard,
    };
    let before = Standing::of(store, Some(row.outcome), row.msisdn.as_ref(), now)?;
    let (mut watch, outcome) = (Watch::default(), row.outcome);
    let done = match order.operation {
        Operation::Discard => discard(store, rules, &mut watch, &mut row)?,
        Operation::Retry => retry(store, rules, &mut watch, &mut row)?,
    };
    watch.after(store, id, now)?;
    let Done::Changed { yielded } = done else {
        let is_purged = store.raw(id)?.is_none();
        return Ok(Operated::Unchanged(why(order.operation, outcome, is_purged)));
    };
    let after = Standing::of(store, Some(row.outcome), row.msisdn.as_ref(), now)?;
    let also = yielded.map(|loser| format!("notice {loser} is the conflict now"));
    let number = row.msisdn.as_ref();
    let repair = audit::Repair { action, by: &order.by, number, notice: id, now, also };
    audit::write(store, repair, &before, &after)?;
    Ok(Operated::Changed)
}

/// What came of it for the row.
enum Done {
    /// It is other than before; and so is the notice that held its identity, where there was one.
    Changed {
        yielded: Option<NoticeId>,
    },
    Unchanged,
}

impl From<bool> for Done {
    fn from(changed: bool) -> Self {
        if changed { Self::Changed { yielded: None } } else { Self::Unchanged }
    }
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
        (Operation::Retry, Outcome::Parked(Reason::Conflict)) => {
            "no one offer of the catalog fits it, so that it would rule and say nothing"
        }
        (Operation::Retry, _) if is_purged => "its bytes were purged, it cannot be read again",
        (Operation::Retry, Outcome::Parked(Reason::Unreadable)) => "it still cannot be read as a notice",
        (Operation::Retry, Outcome::Parked(Reason::WrongMessage)) => "it still is another module's message",
        (Operation::Retry, Outcome::Parked(Reason::UnknownRegType)) => "its regType still is neither 1 nor 2",
        (Operation::Retry, Outcome::Discarded) => "it says the same as another notice",
        (Operation::Retry, Outcome::Ignored) => "the settings still ignore what failed at the carrier",
        (_, Outcome::Discarded) => "it is laid aside already",
        (_, _) => "it stands as before",
    }
}

/// What stands in the fold is taken out of it. It keeps its identity: repeats of it are counted and do nothing.
fn discard(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
) -> Result<Done, StoreError> {
    if row.outcome == Outcome::Discarded {
        return Ok(Done::Unchanged);
    }
    let was_foreseen = row.outcome == Outcome::Parked(Reason::RecordOnly);
    aside::keep(store, row)?;
    take_out(store, rules, watch, row, Outcome::Discarded)?;
    if let Some(notice) = row.notice().filter(|_| was_foreseen) {
        foresee::write(store, rules, row.id, row.outcome, &notice, row.received_at)?;
    }
    Ok(true.into())
}

/// Gives a row an outcome without effect; what its number holds is made again without it, where it had one.
fn take_out(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
    outcome: Outcome,
) -> Result<(), StoreError> {
    let event = {
        let store = RefCell::new(&mut *store);
        row.event(&|id| store.borrow_mut().terms(id))?
    };
    (row.outcome, row.scope) = (outcome, None);
    store.update(row)?;
    match (event, &row.msisdn) {
        (Some(event), Some(number)) => refold(store, rules, watch, number, &event.change),
        _ => Ok(()),
    }
}

fn retry(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
) -> Result<Done, StoreError> {
    match row.outcome {
        Outcome::Parked(Reason::Held | Reason::RecordOnly | Reason::Unmapped | Reason::Ambiguous) => {
            rejudge(store, rules, watch, row, rules.policy.applying()).map(Done::from)
        }
        Outcome::Parked(Reason::Conflict) => overrule(store, rules, watch, row),
        Outcome::Applied | Outcome::NoChange | Outcome::Superseded => Ok(Done::Unchanged),
        Outcome::Discarded => match aside::kept(store, row.id)? {
            Some(aside) if aside.scope.is_some() => restore(store, rules, watch, row, Some(&aside)),
            // Laid aside before it was kept what it had been.
            None if row.is_operators() || audit::stood_in_fold(store, row.id)? => {
                restore(store, rules, watch, row, None)
            }
            _ => read_again(store, rules, watch, row),
        }
        .map(Done::from),
        Outcome::Parked(_) | Outcome::Ignored => read_again(store, rules, watch, row).map(Done::from),
    }
}

/// Puts a notice back that stood in the fold, whatever the settings say: as it stood, where that was kept, else as it is
/// judged now. Its fields are what was read of it, so that it does not matter whether its bytes were purged.
fn restore(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
    aside: Option<&Aside>,
) -> Result<bool, StoreError> {
    let Some(notice) = row.notice() else { return Ok(false) };
    if holder(store, &notice)?.row.is_some_and(|held| held.id != row.id) {
        store.assign(&conflict_key(&notice, rules), row.id)?;
        row.outcome = Outcome::Parked(Reason::Conflict);
        store.update(row)?;
        return Ok(true);
    }
    match aside {
        Some(aside) => aside::put_back(store, rules, watch, row, aside).map(|()| true),
        None => rejudge(store, rules, watch, row, repair::applying(rules.policy, row)),
    }
}

/// A conflict's content rules from now on: it takes the identity, and what held it becomes the
/// conflict.
fn overrule(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
) -> Result<Done, StoreError> {
    let Some(notice) = row.notice() else { return Ok(Done::Unchanged) };
    // Whatever the settings say: but what says nothing must not take the place of what does.
    let policy = rules.policy.applying();
    let judgement = judge::judge(&notice, &rules.catalog, &rules.book, policy, row.received_at);
    if !matches!(judgement, Judgement::Stands(_)) {
        return Ok(Done::Unchanged);
    }
    let Holder { key, row: held, .. } = holder(store, &notice)?;
    let held = held.filter(|held| held.id != row.id);
    let yielded = held.as_ref().map(|held| held.id);
    if let Some(held) = held {
        yield_to(store, rules, watch, held)?;
    }
    store.assign(&key, row.id)?;
    rejudge(store, rules, watch, row, policy)?;
    Ok(Done::Changed { yielded })
}

/// Takes a holder out of the fold and parks it as the conflict it has become.
fn yield_to(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    mut loser: Row,
) -> Result<(), StoreError> {
    let Some(notice) = loser.notice() else { return Ok(()) };
    store.assign(&conflict_key(&notice, rules), loser.id)?;
    // What was laid aside stays so.
    let is_aside = loser.outcome == Outcome::Discarded;
    let outcome = if is_aside { Outcome::Discarded } else { Outcome::Parked(Reason::Conflict) };
    take_out(store, rules, watch, &mut loser, outcome)
}

/// Reads the message's bytes again: the reader, the catalog or the settings may have changed.
fn read_again(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
) -> Result<bool, StoreError> {
    let Some(raw) = store.raw(row.id)? else { return Ok(false) };
    let notice = match rules.read_again(&raw, row.received_at) {
        Some(Reading::Notice(notice)) => notice,
        Some(Reading::WrongMessage(_)) => return put_back(store, row, Reason::WrongMessage),
        Some(Reading::Unreadable(_)) | None => return put_back(store, row, Reason::Unreadable),
    };
    let Holder { key, row: held, .. } = holder(store, &notice)?;
    let held = held.filter(|held| held.id != row.id);
    let before = row.outcome;
    row.take(&notice);
    // Out of the words that mean "no notice", so that the row can be judged as one.
    row.outcome = Outcome::Parked(Reason::Conflict);
    let Some(held) = held else {
        store.assign(&key, row.id)?;
        rejudge(store, rules, watch, row, rules.policy)?;
        return Ok(row.outcome != before);
    };
    let is_repeat =
        held.notice().is_some_and(|held| held.content.says_the_same(&notice.content, &rules.catalog));
    let changed = !is_repeat && before != row.outcome;
    if changed {
        store.assign(&conflict_key(&notice, rules), row.id)?;
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
