//! Writes what a batch changed. All that a batch of new notices writes is one statement; the rarer
//! changes are one statement for each kind that there is.

use std::sync::LazyLock;

use super::link::Ask;
use super::records::{Identity, Record};
use super::sets::{Changed, Fetched};
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::journal::{Row, assignments};
use crate::subscription::Subscription;
use crate::subscription::order::Newest;

/// New identities, notices, messages and subscriptions: four tables in one statement. An identity that
/// somebody else took meanwhile fails the batch, which is then tried again.
const NEW: &str = "/* batch new */ WITH \
    identities AS (INSERT INTO identity SELECT * FROM unnest($1::identity[])), \
    raws AS (INSERT INTO notice_raw SELECT * FROM unnest($2::notice_raw[])), \
    subscriptions AS (INSERT INTO subscription SELECT * FROM unnest($3::subscription[])) \
    INSERT INTO notice SELECT * FROM unnest($4::notice[])";

/// Subscriptions of which there may be a row already.
const PUT: &str = "/* subscription put */ INSERT INTO subscription SELECT * FROM unnest($1::subscription[]) \
    ON CONFLICT (msisdn, service_id, package_id) DO UPDATE SET terms_id = excluded.terms_id, \
    standing = excluded.standing, founder = excluded.founder, starts_at = excluded.starts_at, \
    expires_at = excluded.expires_at, lapses_at = excluded.lapses_at, ended_at = excluded.ended_at, \
    auto_renew = excluded.auto_renew, channel = excluded.channel, reg_id = excluded.reg_id, \
    updated_at = excluded.updated_at, newest_queue = excluded.newest_queue, \
    newest_at = excluded.newest_at";

const PAST: &str = "/* past_run add */ INSERT INTO past_run SELECT * FROM unnest($1::past_run[])";

const MOVED: &str = "/* identity moved */ UPDATE identity i SET notice_id = k.notice_id \
    FROM unnest($1::identity[]) AS k WHERE i.key = k.key";

const COUNTED: &str = "/* notice counted */ UPDATE notice n SET count = n.count + k.more \
    FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS k (number, id, more) \
    WHERE n.msisdn = k.number AND n.id = k.id";

/// The same of rows without a number.
const COUNTED_BY_ID: &str = "/* notice counted by id */ UPDATE notice n SET count = n.count + k.more \
    FROM unnest($1::bigint[], $2::bigint[]) AS k (id, more) WHERE n.id = k.id";

/// Receipts are counted by `COUNTED`, and what came at first stays.
static UPDATED: LazyLock<String> = LazyLock::new(|| {
    let set = assignments(|_, name| format!("k.{name}"));
    format!("UPDATE notice n SET {set} FROM unnest($1::notice[]) AS k WHERE n.id = k.id")
});

const CLEARED: [&str; 2] = [
    "/* subscription cleared */ DELETE FROM subscription s USING unnest($1::text[], $2::text[]) \
     AS k (msisdn, service_id) WHERE s.msisdn = k.msisdn AND s.service_id = k.service_id",
    "/* past_run cleared */ DELETE FROM past_run s USING unnest($1::text[], $2::text[]) \
     AS k (msisdn, service_id) WHERE s.msisdn = k.msisdn AND s.service_id = k.service_id",
];

/// The same writes, of which the commit leaves nothing. What waits for the commit is made to speak before.
pub(super) fn undone(writes: Vec<Ask<'_>>) -> Vec<Ask<'_>> {
    let begin = std::iter::once(Ask::plain("SAVEPOINT rehearsal"));
    let end = Ask::plain("SET CONSTRAINTS ALL IMMEDIATE; ROLLBACK TO SAVEPOINT rehearsal");
    begin.chain(writes).chain(std::iter::once(end)).collect()
}

/// What writes all of it, in its order.
pub(super) fn asks<'c>(fetched: &'c Fetched, changed: &'c Changed) -> Vec<Ask<'c>> {
    let mut asks = Vec::new();
    if !changed.cleared.is_empty() {
        for sql in CLEARED {
            let (numbers, services) = services(changed);
            asks.push(Ask::new(sql).with(numbers).with(services));
        }
    }
    let is_free = |key: &str| fetched.identities.get(key).is_none_or(Option::is_none);
    let (new, moved): (Vec<_>, Vec<_>) = identities(changed).partition(|identity| is_free(identity.0.0));
    let (first, put): (Vec<_>, Vec<_>) = changed.puts.iter().partition(|((number, service, package), _)| {
        let state = fetched.states.get(&(number.clone(), service.clone()));
        state.is_some_and(|state| state.subscriptions.iter().all(|held| held.terms.package_id != *package))
    });
    if !(new.is_empty() && changed.inserted.is_empty() && first.is_empty()) {
        let inserted = || changed.inserted.values();
        let raws: Vec<_> =
            inserted().filter_map(|(row, raw)| Some(Record((row.id, raw.as_ref()?)))).collect();
        let rows: Vec<_> = inserted().map(|(row, _)| Record(row)).collect();
        asks.push(Ask::new(NEW).with(new).with(raws).with(subscriptions(first)).with(rows));
    }
    if !put.is_empty() {
        asks.push(Ask::new(PUT).with(subscriptions(put)));
    }
    if !changed.past.is_empty() {
        let past: Vec<_> = changed.past.iter().map(|(number, run)| Record((number, run))).collect();
        asks.push(Ask::new(PAST).with(past));
    }
    if !moved.is_empty() {
        asks.push(Ask::new(MOVED).with(moved));
    }
    asks.extend(updates(fetched, changed));
    asks
}

/// Changes of rows of the journal. Under their numbers, where they have had them before, so that each is looked
/// for in one partition.
fn updates<'c>(fetched: &'c Fetched, changed: &'c Changed) -> Vec<Ask<'c>> {
    let mut asks = Vec::new();
    let number = |id: &NoticeId| fetched.notices.get(id)?.as_ref()?.msisdn.as_ref();
    let (stay, move_on): (Vec<&Row>, Vec<&Row>) = changed
        .updated
        .values()
        .partition(|row| row.msisdn.is_some() && number(&row.id) == row.msisdn.as_ref());
    for (name, rows, also) in [("updated", stay, " AND n.msisdn = k.msisdn"), ("updated by id", move_on, "")]
    {
        if !rows.is_empty() {
            let rows: Vec<Record<&Row>> = rows.into_iter().map(Record).collect();
            asks.push(Ask::new(format!("/* notice {name} */ {}{also}", *UPDATED)).with(rows));
        }
    }
    let (mut numbers, mut of_numbers, mut others) =
        (Vec::new(), (Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
    for (id, more) in &changed.counted {
        let (ids, counts) = match number(id) {
            Some(number) => {
                numbers.push(number.in_full());
                &mut of_numbers
            }
            None => &mut others,
        };
        ids.push(id.0);
        counts.push(*more);
    }
    if !numbers.is_empty() {
        asks.push(Ask::new(COUNTED).with(numbers).with(of_numbers.0).with(of_numbers.1));
    }
    if !others.0.is_empty() {
        asks.push(Ask::new(COUNTED_BY_ID).with(others.0).with(others.1));
    }
    asks
}

/// Which row, and what is to be in it.
type Put<'c> = (&'c (Msisdn, String, String), &'c (Subscription, Newest));

fn subscriptions(puts: Vec<Put<'_>>) -> Vec<Record<(&Msisdn, &Subscription, &Newest)>> {
    puts.into_iter().map(|((number, ..), (held, newest))| Record((number, held, newest))).collect()
}

fn identities(changed: &Changed) -> impl Iterator<Item = Record<Identity<'_>>> {
    changed.identities.iter().map(|(key, id): (&String, &NoticeId)| Record((key.as_str(), *id)))
}

fn services(changed: &Changed) -> (Vec<&str>, Vec<&str>) {
    changed.cleared.iter().map(|(number, service)| (number.in_full(), service.as_str())).unzip()
}
