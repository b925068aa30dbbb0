//! Recording one message: is it known, what becomes of it, and what that changes. Runs inside the
//! writer's transaction and may run again, so it depends on nothing but its arguments.

use super::commit::Deed;
use super::fold::stand;
use super::fulfil::watch::Watch;
use super::identity::{Holder, conflict_key, find, holder};
use super::journal::{Outcome, Row, scope};
use super::raw::Raw;
use super::received::Received;
use super::store::{Lock, Store};
use super::{Rules, StoreError, foresee};
use crate::clock::Timestamp;
use crate::ids::NoticeId;
use crate::subscription::judge::{self, Judgement, Policy, Reason};
use crate::subscription::notice::{self, Glimpse, Notice, Reading, RegType};
use crate::subscription::odd::Odd;

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
    /// What was remarkable about it.
    pub remarks: Remarks,
}

/// What is remarkable about a notice that is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Remarks {
    /// Its times that are not believed.
    pub odd: Odd,
    /// Another number's, or another kind's, has the same queueID.
    pub queue_id_reused: bool,
    /// It is newer than what was known, by more than queueIDs may be in disorder, and its queueID is lower.
    pub queue_id_went_back: bool,
}

/// Kept for ever, exactly once.
impl Deed for Received {
    type Answer = Recorded;

    fn locks(&self) -> Vec<Lock> {
        self.number().map(Lock::number).into_iter().collect()
    }

    fn folds(&self) -> bool {
        true
    }

    fn received(&self) -> Option<&Received> {
        Some(self)
    }

    fn may_owe(&self, recorded: &Recorded) -> bool {
        recorded.may_owe
    }

    fn perform(&self, store: &mut impl Store, rules: &Rules) -> Result<Recorded, StoreError> {
        record(store, rules, self)
    }
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
    let Holder { key, row, is_shared } = holder(store, notice)?;
    let Some(row) = row else {
        return first_receipt(store, rules, received, notice, &key, is_shared);
    };
    let same = row.notice().is_some_and(|n| n.content.says_the_same(&notice.content, &rules.catalog));
    if same { again(store, rules, received, row, notice) } else { conflict(store, rules, received, notice) }
}

fn first_receipt(
    store: &mut impl Store,
    rules: &Rules,
    received: &Received,
    notice: &Notice,
    key: &str,
    is_shared: bool,
) -> Result<Recorded, StoreError> {
    let judgement = judge::judge(notice, &rules.catalog, &rules.book, rules.policy, received.received_at);
    let odd = judge::odd(notice, &judgement);
    let mut watch = Watch::default();
    let Entered { outcome, scope, went_back } =
        enter(store, rules, &mut watch, notice, judgement, received.received_at)?;
    let row = Row { scope, odd, ..row(received, Row::of_notice(notice, outcome)) };
    let id = insert(store, key, &row, &received.raw)?;
    let may_owe = watch.after(store, id, received.received_at)?;
    if outcome == Outcome::Parked(Reason::RecordOnly) {
        foresee::write(store, rules, id, outcome, notice, received.received_at)?;
    }
    let queue_id_reused = is_shared && notice.queue_id().is_some();
    let remarks = Remarks { odd, queue_id_reused, queue_id_went_back: went_back };
    Ok(Recorded { id, outcome, repeated: false, may_owe, remarks })
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
    let remarks = Remarks::default();
    Ok(Recorded { id: row.id, outcome: row.outcome, repeated: true, may_owe, remarks })
}

/// Judges a row again and writes down what became of it; tells whether that is something else.
pub(super) fn rejudge(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    row: &mut Row,
    policy: Policy,
) -> Result<bool, StoreError> {
    let Some(mut notice) = row.notice() else { return Ok(false) };
    // The journal has one word for what is to be ignored and for what is not known.
    if rules.reads.reg_type(&notice.reg_type_sent) == RegType::Ignored {
        notice.content.reg_type = RegType::Ignored;
    }
    let judgement = judge::judge(&notice, &rules.catalog, &rules.book, policy, row.received_at);
    let before = row.outcome;
    row.odd = judge::odd(&notice, &judgement);
    let entered = enter(store, rules, watch, &notice, judgement, row.received_at)?;
    (row.outcome, row.scope) = (entered.outcome, entered.scope);
    store.update(row)?;
    if before == Outcome::Parked(Reason::RecordOnly) {
        foresee::write(store, rules, row.id, row.outcome, &notice, row.received_at)?;
    }
    Ok(row.outcome != before)
}

/// Kept beside the holder of its identity, once for each content.
fn conflict(
    store: &mut impl Store,
    rules: &Rules,
    received: &Received,
    notice: &Notice,
) -> Result<Recorded, StoreError> {
    let key = conflict_key(notice, rules);
    let row = row(received, Row::of_notice(notice, Outcome::Parked(Reason::Conflict)));
    keep_once(store, &key, &row, &received.raw)
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
        return Ok(Recorded { id, outcome, repeated: true, may_owe: false, remarks: Remarks::default() });
    }
    let id = insert(store, key, row, raw)?;
    let remarks = Remarks { odd: row.odd, ..Remarks::default() };
    Ok(Recorded { id, outcome: row.outcome, repeated: false, may_owe: false, remarks })
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
    store.assign(key, id)?;
    Ok(id)
}

/// What a judged notice did.
pub(super) struct Entered {
    pub(super) outcome: Outcome,
    /// What it says in the fold, where it stands in it.
    pub(super) scope: Option<String>,
    /// See [`Remarks::queue_id_went_back`].
    went_back: bool,
}

/// Lets a judged notice take effect. What that means for devices follows when the caller has `watch` look after it.
pub(super) fn enter(
    store: &mut impl Store,
    rules: &Rules,
    watch: &mut Watch,
    notice: &Notice,
    judgement: Judgement,
    received_at: Timestamp,
) -> Result<Entered, StoreError> {
    let outcome = match judgement {
        Judgement::Ignored => Outcome::Ignored,
        Judgement::Parked(reason) => Outcome::Parked(reason),
        Judgement::Stands(change) => {
            let scope = Some(scope(&change));
            let event = judge::event(notice, change, received_at);
            let (outcome, went_back) = stand(store, rules, watch, &notice.content.msisdn, &event)?;
            if outcome == Outcome::Applied {
                watch.registered(&notice.content.msisdn, &event.change);
            }
            return Ok(Entered { outcome, scope, went_back });
        }
    };
    Ok(Entered { outcome, scope: None, went_back: false })
}
