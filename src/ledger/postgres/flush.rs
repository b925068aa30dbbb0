//! Writes what a batch changed. All that a batch of new notices writes is one statement; the rarer
//! changes are one statement for each kind that there is.

use sqlx::postgres::PgConnection;
use sqlx::query;

use super::records::{Identity, Record};
use super::sets::{Changed, Fetched};
use crate::ids::NoticeId;
use crate::ledger::StoreError;
use crate::ledger::journal::Row;

/// New identities, notices and messages, and all subscriptions with past runs: five tables in one trip.
/// An identity that somebody else took meanwhile fails the batch, which is then tried again.
const NEW: &str = "/* batch new */ WITH \
    identities AS (INSERT INTO identity SELECT * FROM unnest($1::identity[])), \
    raws AS (INSERT INTO notice_raw SELECT * FROM unnest($2::notice_raw[])), \
    subscriptions AS (INSERT INTO subscription AS s SELECT * FROM unnest($3::subscription[]) \
        ON CONFLICT (msisdn, service_id, package_id) DO UPDATE SET terms_id = excluded.terms_id, \
        standing = excluded.standing, founder = excluded.founder, starts_at = excluded.starts_at, \
        expires_at = excluded.expires_at, lapses_at = excluded.lapses_at, ended_at = excluded.ended_at, \
        auto_renew = excluded.auto_renew, channel = excluded.channel, reg_id = excluded.reg_id, \
        updated_at = excluded.updated_at, newest_queue = excluded.newest_queue, \
        newest_queue_at = excluded.newest_queue_at, newest_other_at = excluded.newest_other_at), \
    past AS (INSERT INTO past_run SELECT * FROM unnest($4::past_run[])) \
    INSERT INTO notice SELECT * FROM unnest($5::notice[])";

const MOVED: &str = "/* identity moved */ UPDATE identity i SET notice_id = k.notice_id \
    FROM unnest($1::identity[]) AS k WHERE i.key = k.key";

const COUNTED: &str = "/* notice counted */ UPDATE notice n SET count = n.count + k.more \
    FROM unnest($1::bigint[], $2::bigint[]) AS k (id, more) WHERE n.id = k.id";

/// Receipts are counted by `COUNTED`, and what came at first stays.
const UPDATED: &str = "/* notice updated */ UPDATE notice n SET kind = k.kind, outcome = k.outcome, \
    reason = k.reason, identity = k.identity, msisdn = k.msisdn, queue_id = k.queue_id, reg_type = k.reg_type, \
    reg_id = k.reg_id, service_id = k.service_id, package_id = k.package_id, service_code = k.service_code, \
    package_code = k.package_code, channel = k.channel, price = k.price, event_at = k.event_at, \
    subscribe_at = k.subscribe_at, expire_at = k.expire_at, auto_renew = k.auto_renew, failed = k.failed, \
    scope = k.scope FROM unnest($1::notice[]) AS k WHERE n.id = k.id";

const CLEARED: [&str; 2] = [
    "/* subscription cleared */ DELETE FROM subscription s USING unnest($1::text[], $2::text[]) \
     AS k (msisdn, service_id) WHERE s.msisdn = k.msisdn AND s.service_id = k.service_id",
    "/* past_run cleared */ DELETE FROM past_run s USING unnest($1::text[], $2::text[]) \
     AS k (msisdn, service_id) WHERE s.msisdn = k.msisdn AND s.service_id = k.service_id",
];

/// Writes all of it.
pub(super) async fn flush(
    connection: &mut PgConnection,
    fetched: &Fetched,
    changed: &Changed,
) -> Result<(), StoreError> {
    if !changed.cleared.is_empty() {
        for sql in CLEARED {
            let (numbers, services) = services(changed);
            query(sql).bind(numbers).bind(services).execute(&mut *connection).await?;
        }
    }
    let is_new = |key: &str| fetched.identities.get(key).is_none_or(Option::is_none);
    let (new, moved): (Vec<_>, Vec<_>) = identities(changed).partition(|identity| is_new(identity.0.0));
    let is_idle = changed.inserted.is_empty() && changed.puts.is_empty() && changed.past.is_empty();
    if !(new.is_empty() && is_idle) {
        self::new(connection, new, changed).await?;
    }
    if !moved.is_empty() {
        query(MOVED).bind(moved).execute(&mut *connection).await?;
    }
    if !changed.updated.is_empty() {
        let rows: Vec<Record<&Row>> = changed.updated.values().map(Record).collect();
        query(UPDATED).bind(rows).execute(&mut *connection).await?;
    }
    if !changed.counted.is_empty() {
        let (ids, more): (Vec<i64>, Vec<i64>) =
            changed.counted.iter().map(|(id, more)| (id.0, *more)).unzip();
        query(COUNTED).bind(ids).bind(more).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn new(
    connection: &mut PgConnection,
    identities: Vec<Record<Identity<'_>>>,
    changed: &Changed,
) -> Result<(), StoreError> {
    let inserted = || changed.inserted.values();
    let puts = changed.puts.iter().map(|((number, ..), (held, newest))| Record((number, held, newest)));
    query(NEW)
        .bind(identities)
        .bind(inserted().map(|(row, raw)| Record((row.id, raw))).collect::<Vec<_>>())
        .bind(puts.collect::<Vec<_>>())
        .bind(changed.past.iter().map(|(number, run)| Record((number, run))).collect::<Vec<_>>())
        .bind(inserted().map(|(row, _)| Record(row)).collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

fn identities(changed: &Changed) -> impl Iterator<Item = Record<Identity<'_>>> {
    changed.identities.iter().map(|(key, id): (&String, &NoticeId)| Record((key.as_str(), *id)))
}

fn services(changed: &Changed) -> (Vec<&str>, Vec<&str>) {
    changed.cleared.iter().map(|(number, service)| (number.in_full(), service.as_str())).unzip()
}
