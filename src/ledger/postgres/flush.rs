//! Writes what a batch changed. All that a batch of new notices writes is one statement; the rarer
//! changes follow, one statement for each kind that there is.

use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use sqlx::{Postgres, query};

use super::sets::{Changed, Fetched};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::journal::Row;
use crate::ledger::raw::Raw;
use crate::ledger::{StoreError, standing};
use crate::subscription::order::Newest;
use crate::subscription::{Run, Subscription};

/// New identities, notices and messages, and all subscriptions: four tables in one trip. An identity
/// that somebody else took meanwhile fails the batch, which is then tried again.
const NEW: &str = "/* batch new */ WITH \
    identities AS (INSERT INTO identity (key, notice_id) SELECT * FROM unnest($1::text[], $2::bigint[])), \
    raws AS (INSERT INTO notice_raw (notice_id, method, path, query, content_type, body, status, reply) \
        SELECT * FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[], \
        $9::bigint[], $10::text[])), \
    subscriptions AS (INSERT INTO subscription AS s (msisdn, service_id, package_id, terms_id, standing, founder, \
        starts_at, expires_at, lapses_at, ended_at, auto_renew, channel, reg_id, updated_at, newest_queue, \
        newest_queue_at, newest_other_at) \
        SELECT * FROM unnest($11::text[], $12::text[], $13::text[], $14::bigint[], $15::text[], $16::bigint[], \
        $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::text[], $23::text[], \
        $24::bigint[], $25::text[], $26::bigint[], $27::bigint[]) \
        ON CONFLICT (msisdn, service_id, package_id) DO UPDATE SET terms_id = excluded.terms_id, \
        standing = excluded.standing, founder = excluded.founder, starts_at = excluded.starts_at, \
        expires_at = excluded.expires_at, lapses_at = excluded.lapses_at, ended_at = excluded.ended_at, \
        auto_renew = excluded.auto_renew, channel = excluded.channel, reg_id = excluded.reg_id, \
        updated_at = excluded.updated_at, newest_queue = excluded.newest_queue, \
        newest_queue_at = excluded.newest_queue_at, newest_other_at = excluded.newest_other_at) \
    INSERT INTO notice (id, received_at, caller, kind, outcome, reason, answer, count, identity, msisdn, queue_id, \
        reg_type, reg_id, service_id, package_id, service_code, package_code, channel, price, event_at, \
        subscribe_at, expire_at, auto_renew, failed, scope) \
        SELECT * FROM unnest($28::bigint[], $29::bigint[], $30::text[], $31::text[], $32::text[], $33::text[], \
        $34::bigint[], $35::bigint[], $36::text[], $37::text[], $38::text[], $39::text[], $40::text[], $41::text[], \
        $42::text[], $43::text[], $44::text[], $45::text[], $46::text[], $47::bigint[], $48::bigint[], \
        $49::bigint[], $50::bigint[], $51::bigint[], $52::text[])";

const MOVED: &str = "/* identity moved */ UPDATE identity i SET notice_id = k.id \
    FROM unnest($1::text[], $2::bigint[]) AS k (key, id) WHERE i.key = k.key";

const COUNTED: &str = "/* notice counted */ UPDATE notice n SET count = n.count + k.more \
    FROM unnest($1::bigint[], $2::bigint[]) AS k (id, more) WHERE n.id = k.id";

const UPDATED: &str = "/* notice updated */ UPDATE notice n SET kind = k.kind, outcome = k.outcome, \
    reason = k.reason, identity = k.identity, msisdn = k.msisdn, queue_id = k.queue_id, reg_type = k.reg_type, \
    reg_id = k.reg_id, service_id = k.service_id, package_id = k.package_id, service_code = k.service_code, \
    package_code = k.package_code, channel = k.channel, price = k.price, event_at = k.event_at, \
    subscribe_at = k.subscribe_at, expire_at = k.expire_at, auto_renew = k.auto_renew, failed = k.failed, \
    scope = k.scope \
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], \
    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::bigint[], \
    $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::text[]) AS k (id, kind, outcome, reason, \
    identity, msisdn, queue_id, reg_type, reg_id, service_id, package_id, service_code, package_code, channel, \
    price, event_at, subscribe_at, expire_at, auto_renew, failed, scope) WHERE n.id = k.id";

const CLEARED: [&str; 2] = [
    "/* subscription cleared */ DELETE FROM subscription s USING unnest($1::text[], $2::text[]) \
     AS k (msisdn, service_id) WHERE s.msisdn = k.msisdn AND s.service_id = k.service_id",
    "/* past_run cleared */ DELETE FROM past_run s USING unnest($1::text[], $2::text[]) \
     AS k (msisdn, service_id) WHERE s.msisdn = k.msisdn AND s.service_id = k.service_id",
];

const PAST: &str = "/* past_run added */ INSERT INTO past_run (msisdn, service_id, package_id, founder, terms_id, \
    starts_at, expires_at, lapses_at, ended_at, auto_renew) \
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], \
    $8::bigint[], $9::bigint[], $10::bigint[])";

type Statement<'q> = Query<'q, Postgres, PgArguments>;

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
    let is_new = |key: &String| fetched.identities.get(key).is_none_or(Option::is_none);
    let (new, moved): (Vec<_>, Vec<_>) = changed.identities.iter().partition(|(key, _)| is_new(key));
    if !(new.is_empty() && changed.inserted.is_empty() && changed.puts.is_empty()) {
        let statement = raws(identities(query(NEW), &new), changed.inserted.values());
        let statement = notices(subscriptions(statement, changed), changed.inserted.values());
        statement.execute(&mut *connection).await?;
    }
    if !moved.is_empty() {
        identities(query(MOVED), &moved).execute(&mut *connection).await?;
    }
    if !changed.updated.is_empty() {
        updated(changed.updated.values().collect()).execute(&mut *connection).await?;
    }
    if !changed.counted.is_empty() {
        let (ids, more): (Vec<i64>, Vec<i64>) =
            changed.counted.iter().map(|(id, more)| (id.0, *more)).unzip();
        query(COUNTED).bind(ids).bind(more).execute(&mut *connection).await?;
    }
    if !changed.past.is_empty() {
        past(&changed.past).execute(&mut *connection).await?;
    }
    Ok(())
}

fn services(changed: &Changed) -> (Vec<&str>, Vec<&str>) {
    changed.cleared.iter().map(|(number, service)| (number.in_full(), service.as_str())).unzip()
}

fn identities<'q>(statement: Statement<'q>, rows: &[(&'q String, &NoticeId)]) -> Statement<'q> {
    let (keys, ids): (Vec<&str>, Vec<i64>) = rows.iter().map(|(key, id)| (key.as_str(), id.0)).unzip();
    statement.bind(keys).bind(ids)
}

fn raws<'q>(statement: Statement<'q>, rows: impl Iterator<Item = &'q (Row, Raw)>) -> Statement<'q> {
    let rows: Vec<_> = rows.collect();
    let text = |of: fn(&Raw) -> &str| -> Vec<&'q str> { rows.iter().map(|(_, raw)| of(raw)).collect() };
    let types: Vec<Option<&str>> = rows.iter().map(|(_, raw)| raw.content_type.as_deref()).collect();
    let bodies: Vec<&[u8]> = rows.iter().map(|(_, raw)| &raw.body[..]).collect();
    let statuses: Vec<i64> = rows.iter().map(|(_, raw)| i64::from(raw.status)).collect();
    statement
        .bind(rows.iter().map(|(row, _)| row.id.0).collect::<Vec<_>>())
        .bind(text(|raw| &raw.method))
        .bind(text(|raw| &raw.path))
        .bind(text(|raw| &raw.query))
        .bind(types)
        .bind(bodies)
        .bind(statuses)
        .bind(text(|raw| &raw.reply))
}

fn subscriptions<'q>(statement: Statement<'q>, changed: &'q Changed) -> Statement<'q> {
    let rows: Vec<_> = changed.puts.iter().collect();
    let text = |of: fn(&Subscription) -> Option<&str>| -> Vec<Option<&'q str>> {
        rows.iter().map(|(_, (held, _))| of(held)).collect()
    };
    let run = |of: fn(&Run) -> Option<i64>| -> Vec<Option<i64>> {
        rows.iter().map(|(_, (held, _))| held.run.as_ref().and_then(of)).collect()
    };
    let newest = |of: fn(&Newest) -> Option<Timestamp>| -> Vec<Option<i64>> {
        rows.iter().map(|(_, (_, newest))| of(newest).map(|at| at.0)).collect()
    };
    let queues: Vec<Option<String>> =
        rows.iter().map(|(_, (_, newest))| newest.queue.map(|value| value.to_string())).collect();
    let renews =
        rows.iter().map(|(_, (held, _))| i64::from(held.run.as_ref().is_some_and(|run| run.auto_renew)));
    statement
        .bind(rows.iter().map(|((number, ..), _)| number.in_full()).collect::<Vec<_>>())
        .bind(rows.iter().map(|((_, service, _), _)| service.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|((.., package), _)| package.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, (held, _))| held.terms.id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, (held, _))| standing::as_str(held.standing)).collect::<Vec<_>>())
        .bind(run(|run| Some(run.founder)))
        .bind(run(|run| Some(run.starts_at.0)))
        .bind(run(|run| Some(run.expires_at.0)))
        .bind(run(|run| Some(run.lapses_at.0)))
        .bind(run(|run| run.ended_at.map(|at| at.0)))
        .bind(renews.collect::<Vec<_>>())
        .bind(text(|held| held.channel.as_deref()))
        .bind(text(|held| held.reg_id.as_deref()))
        .bind(rows.iter().map(|(_, (held, _))| held.updated_at.0).collect::<Vec<_>>())
        .bind(queues)
        .bind(newest(|newest| newest.queue_at))
        .bind(newest(|newest| newest.other_at))
}

fn notices<'q>(statement: Statement<'q>, rows: impl Iterator<Item = &'q (Row, Raw)>) -> Statement<'q> {
    let rows: Vec<&Row> = rows.map(|(row, _)| row).collect();
    let number = |of: fn(&Row) -> i64| -> Vec<i64> { rows.iter().map(|row| of(row)).collect() };
    let statement = statement
        .bind(number(|row| row.id.0))
        .bind(number(|row| row.received_at.0))
        .bind(rows.iter().map(|row| row.caller.as_str()).collect::<Vec<_>>());
    let statement = told(statement, &rows)
        .bind(number(|row| row.answer))
        .bind(number(|row| row.count))
        .bind(rows.iter().map(|row| row.identity.as_str()).collect::<Vec<_>>());
    said(statement, &rows)
}

fn updated(rows: Vec<&Row>) -> Statement<'_> {
    let ids = rows.iter().map(|row| row.id.0).collect::<Vec<_>>();
    let statement = told(query(UPDATED).bind(ids), &rows)
        .bind(rows.iter().map(|row| row.identity.as_str()).collect::<Vec<_>>());
    said(statement, &rows)
}

/// What became of notices.
fn told<'q>(statement: Statement<'q>, rows: &[&'q Row]) -> Statement<'q> {
    let reasons = rows.iter().map(|row| row.outcome.reason().map(|reason| reason.as_str()));
    statement
        .bind(rows.iter().map(|row| row.kind()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.outcome.as_str()).collect::<Vec<_>>())
        .bind(reasons.collect::<Vec<Option<&str>>>())
}

/// What notices say.
fn said<'q>(statement: Statement<'q>, rows: &[&'q Row]) -> Statement<'q> {
    let text =
        |of: fn(&Row) -> Option<&str>| -> Vec<Option<&'q str>> { rows.iter().map(|row| of(row)).collect() };
    let time = |of: fn(&Row) -> Option<Timestamp>| -> Vec<Option<i64>> {
        rows.iter().map(|row| of(row).map(|at| at.0)).collect()
    };
    statement
        .bind(text(|row| row.msisdn.as_ref().map(Msisdn::in_full)))
        .bind(text(|row| row.queue_id.as_deref()))
        .bind(text(|row| row.reg_type.as_deref()))
        .bind(text(|row| row.reg_id.as_deref()))
        .bind(text(|row| row.sent.service_id.as_deref()))
        .bind(text(|row| row.sent.package_id.as_deref()))
        .bind(text(|row| row.sent.service_code.as_deref()))
        .bind(text(|row| row.sent.package_code.as_deref()))
        .bind(text(|row| row.channel.as_deref()))
        .bind(text(|row| row.price.as_deref()))
        .bind(time(|row| row.event_at))
        .bind(time(|row| row.subscribe_at))
        .bind(time(|row| row.expire_at))
        .bind(rows.iter().map(|row| i64::from(row.auto_renew)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| i64::from(row.failed)).collect::<Vec<_>>())
        .bind(text(|row| row.scope.as_deref()))
}

fn past<'q>(rows: &'q [(Msisdn, Run)]) -> Statement<'q> {
    let text = |of: fn(&Run) -> &str| -> Vec<&'q str> { rows.iter().map(|(_, run)| of(run)).collect() };
    let number =
        |of: fn(&Run) -> Option<i64>| -> Vec<Option<i64>> { rows.iter().map(|(_, run)| of(run)).collect() };
    query(PAST)
        .bind(rows.iter().map(|(number, _)| number.in_full()).collect::<Vec<_>>())
        .bind(text(|run| &run.terms.service_id))
        .bind(text(|run| &run.terms.package_id))
        .bind(number(|run| Some(run.founder)))
        .bind(number(|run| Some(run.terms.id)))
        .bind(number(|run| Some(run.starts_at.0)))
        .bind(number(|run| Some(run.expires_at.0)))
        .bind(number(|run| Some(run.lapses_at.0)))
        .bind(number(|run| run.ended_at.map(|at| at.0)))
        .bind(number(|run| Some(i64::from(run.auto_renew))))
}
