//! The fold's result: `subscription` with its newest run, and `past_run`.

use std::sync::Arc;

use rusqlite::{Connection, Row, params};

use super::terms::terms;
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::ledger::StoreError;
use crate::ledger::standing;
use crate::subscription::order::Newest;
use crate::subscription::terms::{Terms, TermsBook};
use crate::subscription::{Run, ServiceState, Subscription};

const STATE: &str = "/* subscription state */ SELECT terms_id, standing, founder, starts_at, expires_at, \
    lapses_at, ended_at, auto_renew, channel, reg_id, updated_at, newest_queue, newest_at \
    FROM subscription WHERE msisdn = $1 AND service_id = $2 ORDER BY package_id";

const PUT: &str = "/* subscription put */ INSERT INTO subscription (msisdn, service_id, package_id, terms_id, \
    standing, founder, starts_at, expires_at, lapses_at, ended_at, auto_renew, channel, reg_id, updated_at, \
    newest_queue, newest_at) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
    ON CONFLICT (msisdn, service_id, package_id) DO UPDATE SET terms_id = excluded.terms_id, \
    standing = excluded.standing, founder = excluded.founder, starts_at = excluded.starts_at, \
    expires_at = excluded.expires_at, lapses_at = excluded.lapses_at, ended_at = excluded.ended_at, \
    auto_renew = excluded.auto_renew, channel = excluded.channel, reg_id = excluded.reg_id, \
    updated_at = excluded.updated_at, newest_queue = excluded.newest_queue, \
    newest_at = excluded.newest_at";

const ADD_PAST: &str = "/* past_run add */ INSERT INTO past_run (msisdn, service_id, package_id, founder, \
    terms_id, starts_at, expires_at, lapses_at, ended_at, auto_renew) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

const PAST: &str = "/* past_run list */ SELECT terms_id, founder, starts_at, expires_at, lapses_at, ended_at, \
    auto_renew FROM past_run WHERE msisdn = $1 AND service_id = $2";

/// What a number holds of a service, without its past runs.
pub(super) fn state(
    connection: &Connection,
    book: &TermsBook,
    number: &Msisdn,
    service_id: &str,
) -> Result<ServiceState, StoreError> {
    let mut statement = connection.prepare_cached(STATE)?;
    let mut rows = statement.query([number.in_full(), service_id])?;
    let mut state = ServiceState::default();
    while let Some(row) = rows.next()? {
        let terms = terms(connection, book, row.get(0)?)?;
        state.newest = state.newest.and(newest(row)?);
        state.subscriptions.push(subscription(row, terms)?);
    }
    Ok(state)
}

fn subscription(row: &Row<'_>, terms: Arc<Terms>) -> Result<Subscription, StoreError> {
    let founder: Option<i64> = row.get(2)?;
    let run = founder.map(|founder| -> rusqlite::Result<Run> {
        Ok(Run {
            terms: Arc::clone(&terms),
            founder,
            starts_at: Timestamp(row.get(3)?),
            expires_at: Timestamp(row.get(4)?),
            lapses_at: Timestamp(row.get(5)?),
            ended_at: row.get::<_, Option<i64>>(6)?.map(Timestamp),
            auto_renew: row.get(7)?,
        })
    });
    Ok(Subscription {
        standing: standing::parse(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?,
        run: run.transpose()?,
        channel: row.get(8)?,
        reg_id: row.get(9)?,
        updated_at: Timestamp(row.get(10)?),
        terms,
    })
}

fn newest(row: &Row<'_>) -> Result<Newest, StoreError> {
    let queue = row.get_ref(11)?.as_str_or_null().map_err(rusqlite::Error::from)?;
    Ok(Newest {
        queue: queue.and_then(|text| text.parse().ok()),
        at: row.get::<_, Option<i64>>(12)?.map(Timestamp),
    })
}

pub(super) fn put(
    connection: &Connection,
    number: &Msisdn,
    held: &Subscription,
    newest: &Newest,
) -> Result<(), StoreError> {
    let run = held.run.as_ref();
    let time = |at: Option<Timestamp>| at.map(|at| at.0);
    connection.prepare_cached(PUT)?.execute(params![
        number.in_full(),
        held.terms.service_id,
        held.terms.package_id,
        held.terms.id,
        standing::as_str(held.standing),
        run.map(|run| run.founder),
        run.map(|run| run.starts_at.0),
        run.map(|run| run.expires_at.0),
        run.map(|run| run.lapses_at.0),
        time(run.and_then(|run| run.ended_at)),
        run.is_some_and(|run| run.auto_renew),
        held.channel,
        held.reg_id,
        held.updated_at.0,
        newest.queue.map(|value| value.to_string()),
        time(newest.at),
    ])?;
    Ok(())
}

pub(super) fn add_past(connection: &Connection, number: &Msisdn, run: &Run) -> Result<(), StoreError> {
    connection.prepare_cached(ADD_PAST)?.execute(params![
        number.in_full(),
        run.terms.service_id,
        run.terms.package_id,
        run.founder,
        run.terms.id,
        run.starts_at.0,
        run.expires_at.0,
        run.lapses_at.0,
        run.ended_at.map(|at| at.0),
        run.auto_renew,
    ])?;
    Ok(())
}

pub(super) fn past(
    connection: &Connection,
    book: &TermsBook,
    number: &Msisdn,
    service_id: &str,
) -> Result<Vec<Run>, StoreError> {
    let mut statement = connection.prepare_cached(PAST)?;
    let mut rows = statement.query([number.in_full(), service_id])?;
    let mut past = Vec::new();
    while let Some(row) = rows.next()? {
        past.push(Run {
            terms: terms(connection, book, row.get(0)?)?,
            founder: row.get(1)?,
            starts_at: Timestamp(row.get(2)?),
            expires_at: Timestamp(row.get(3)?),
            lapses_at: Timestamp(row.get(4)?),
            ended_at: row.get::<_, Option<i64>>(5)?.map(Timestamp),
            auto_renew: row.get(6)?,
        });
    }
    Ok(past)
}

pub(super) fn clear(connection: &Connection, number: &Msisdn, service_id: &str) -> Result<(), StoreError> {
    for sql in [
        "/* subscription clear */ DELETE FROM subscription WHERE msisdn = $1 AND service_id = $2",
        "/* past_run clear */ DELETE FROM past_run WHERE msisdn = $1 AND service_id = $2",
    ] {
        connection.prepare_cached(sql)?.execute([number.in_full(), service_id])?;
    }
    Ok(())
}

/// The services under which anything is stored for a number.
const SERVICES: &str = "/* services */ SELECT service_id FROM subscription WHERE msisdn = $1 \
    UNION SELECT service_id FROM past_run WHERE msisdn = $1";

pub(super) fn services(connection: &Connection, number: &Msisdn) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(SERVICES)?;
    let rows = statement.query_map([number.in_full()], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
