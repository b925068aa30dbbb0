//! Reads what a batch wants: one statement for each kind of row, whatever their number.

use std::collections::HashMap;

use sqlx::Row;
use sqlx::postgres::{PgConnection, PgRow};

use super::batch::Batch;
use super::overlay;
use super::rows;
use super::sets::{Fetched, Service, Wanted};
use super::tables;
use super::terms::Known;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::journal::COLUMNS;

/// Who holds identities; and in the same trip, numbers for new rows (their key is null), and which
/// numbers have any device (their row is null).
const HOLDERS: &str = "/* identity holders */ SELECT key, notice_id FROM identity WHERE key = ANY($1) \
    UNION ALL SELECT NULL, nextval('notice_id_seq') FROM generate_series(1, $2::bigint) \
    UNION ALL SELECT d.msisdn, NULL FROM (SELECT DISTINCT msisdn FROM device WHERE msisdn = ANY($3)) AS d";

const RAWS: &str = "/* notice_raw some */ SELECT notice_id, method, path, query, content_type, body, status, reply \
    FROM notice_raw WHERE notice_id = ANY($1)";

const PASTS: &str = "/* past_run some */ SELECT p.msisdn, p.service_id, p.terms_id, p.founder, p.starts_at, \
    p.expires_at, p.lapses_at, p.ended_at, p.auto_renew FROM unnest($1::text[], $2::text[]) AS k (msisdn, service_id) \
    JOIN past_run p ON p.msisdn = k.msisdn AND p.service_id = k.service_id";

const SERVICES: &str = "/* services some */ SELECT s.msisdn, s.service_id FROM subscription s \
    WHERE s.msisdn = ANY($1) UNION SELECT p.msisdn, p.service_id FROM past_run p WHERE p.msisdn = ANY($1)";

/// Fetches all that a batch wants, and `ids` new numbers for the journal.
pub(super) async fn fetch(
    connection: &mut PgConnection,
    known: &Known,
    ids: usize,
    batch: &mut Batch<'_>,
) -> Result<(), StoreError> {
    let mut wanted = std::mem::take(&mut batch.wanted);
    let more = std::mem::take(&mut batch.overlay.wanted);
    let first = (std::mem::take(&mut wanted.identities), &more.devices);
    if !(first.0.is_empty() && first.1.is_empty() && ids == 0) {
        let identities = first.0.into_iter().collect();
        let into = (&mut batch.fetched, &mut batch.overlay.fetched);
        holders(connection, identities, ids, first.1.iter().collect(), into).await?;
    }
    journal(connection, known, wanted, &mut batch.fetched).await?;
    let to_write = batch.is_to_write();
    tables::fetch(connection, more, to_write, &mut batch.overlay.fetched).await
}

/// The same for the journal and its fold, but for identities.
pub(super) async fn journal(
    connection: &mut PgConnection,
    known: &Known,
    wanted: Wanted,
    into: &mut Fetched,
) -> Result<(), StoreError> {
    let Wanted { identities: _, notices, raws, states, histories, pasts, services, terms, locks: _ } = wanted;
    if !states.is_empty() {
        self::states(connection, known, states.into_iter().collect(), into).await?;
    }
    if !notices.is_empty() {
        self::notices(connection, notices.into_iter().collect(), into).await?;
    }
    if !histories.is_empty() {
        self::histories(connection, histories.into_iter().collect(), into).await?;
    }
    if !raws.is_empty() {
        self::raws(connection, raws.into_iter().collect(), into).await?;
    }
    if !pasts.is_empty() {
        self::pasts(connection, known, pasts.into_iter().collect(), into).await?;
    }
    if !services.is_empty() {
        self::services(connection, services.into_iter().collect(), into).await?;
    }
    let terms: Vec<i64> = terms.into_iter().collect();
    known.learn(connection, terms.clone()).await?;
    terms.into_iter().try_for_each(|id| known.named(id).map(drop))
}

async fn holders(
    connection: &mut PgConnection,
    identities: Vec<String>,
    ids: usize,
    numbers: Vec<&Msisdn>,
    (into, tables): (&mut Fetched, &mut overlay::Fetched),
) -> Result<(), StoreError> {
    let count = i64::try_from(ids).unwrap_or_default();
    let asked: Vec<&str> = numbers.iter().map(|number| number.in_full()).collect();
    let query = sqlx::query(HOLDERS).bind(&identities).bind(count).bind(asked);
    let found = query.fetch_all(connection).await?;
    into.identities.extend(identities.into_iter().map(|key| (key, None)));
    tables.devices.extend(numbers.into_iter().map(|number| (number.clone(), false)));
    for row in found {
        let (key, id): (Option<String>, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
        match (key, id) {
            (Some(key), Some(id)) => drop(into.identities.insert(key, Some(NoticeId(id)))),
            (None, Some(id)) => into.ids.push(NoticeId(id)),
            (Some(number), None) => drop(tables.devices.insert(Msisdn::from_canonical(number), true)),
            (None, None) => {}
        }
    }
    Ok(())
}

async fn states(
    connection: &mut PgConnection,
    known: &Known,
    services: Vec<Service>,
    into: &mut Fetched,
) -> Result<(), StoreError> {
    let (numbers, ids) = keys(&services);
    let sql = sqlx::AssertSqlSafe(format!(
        "/* subscription states */ SELECT s.msisdn, s.service_id, {} \
         FROM unnest($1::text[], $2::text[]) AS k (msisdn, service_id) \
         JOIN subscription s ON s.msisdn = k.msisdn AND s.service_id = k.service_id \
         ORDER BY s.msisdn, s.service_id, s.package_id",
        rows::SUBSCRIPTION
    ));
    let found = sqlx::query(sql).bind(numbers).bind(ids).fetch_all(&mut *connection).await?;
    learn(connection, known, &found).await?;
    into.states.extend(services.into_iter().map(|service| (service, Default::default())));
    for row in &found {
        if let Some(state) = into.states.get_mut(&service(row)?) {
            state.newest = state.newest.and(rows::newest(row, 2)?);
            state.subscriptions.push(rows::subscription(row, 2, known)?);
        }
    }
    Ok(())
}

async fn notices(
    connection: &mut PgConnection,
    ids: Vec<NoticeId>,
    into: &mut Fetched,
) -> Result<(), StoreError> {
    let sql = format!("/* notice some */ SELECT {COLUMNS} FROM notice WHERE id = ANY($1)");
    let keys: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(keys).fetch_all(connection).await?;
    into.notices.extend(ids.into_iter().map(|id| (id, None)));
    for row in &found {
        let row = rows::notice(row)?;
        into.notices.insert(row.id, Some(row));
    }
    Ok(())
}

async fn histories(
    connection: &mut PgConnection,
    numbers: Vec<Msisdn>,
    into: &mut Fetched,
) -> Result<(), StoreError> {
    let sql = format!(
        "/* notice histories */ SELECT {COLUMNS} FROM notice WHERE msisdn = ANY($1) AND scope IS NOT NULL"
    );
    let keys: Vec<&str> = numbers.iter().map(Msisdn::in_full).collect();
    let found = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(keys).fetch_all(connection).await?;
    into.histories.extend(numbers.iter().map(|number| (number.clone(), Vec::new())));
    for row in &found {
        let row = rows::notice(row)?;
        let history = row.msisdn.as_ref().and_then(|number| into.histories.get_mut(number));
        if let Some(history) = history {
            history.push(row.id);
        }
        into.notices.insert(row.id, Some(row));
    }
    Ok(())
}

async fn raws(
    connection: &mut PgConnection,
    ids: Vec<NoticeId>,
    into: &mut Fetched,
) -> Result<(), StoreError> {
    let keys: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let found = sqlx::query(RAWS).bind(keys).fetch_all(connection).await?;
    into.raws.extend(ids.into_iter().map(|id| (id, None)));
    for row in &found {
        into.raws.insert(NoticeId(row.try_get(0)?), Some(rows::raw(row)?));
    }
    Ok(())
}

async fn pasts(
    connection: &mut PgConnection,
    known: &Known,
    services: Vec<Service>,
    into: &mut Fetched,
) -> Result<(), StoreError> {
    let (numbers, ids) = keys(&services);
    let found = sqlx::query(PASTS).bind(numbers).bind(ids).fetch_all(&mut *connection).await?;
    learn(connection, known, &found).await?;
    let mut pasts: HashMap<Service, Vec<_>> =
        services.into_iter().map(|service| (service, Vec::new())).collect();
    for row in &found {
        pasts.entry(service(row)?).or_default().push(rows::past(row, 2, known)?);
    }
    into.pasts.extend(pasts);
    Ok(())
}

async fn services(
    connection: &mut PgConnection,
    numbers: Vec<Msisdn>,
    into: &mut Fetched,
) -> Result<(), StoreError> {
    let keys: Vec<&str> = numbers.iter().map(Msisdn::in_full).collect();
    let found = sqlx::query(SERVICES).bind(keys).fetch_all(connection).await?;
    into.services.extend(numbers.iter().map(|number| (number.clone(), Vec::new())));
    for row in &found {
        let (number, service_id) = service(row)?;
        into.services.entry(number).or_default().push(service_id);
    }
    Ok(())
}

/// Learns the terms that rows name in their third column.
pub(super) async fn learn(
    connection: &mut PgConnection,
    known: &Known,
    rows: &[PgRow],
) -> Result<(), StoreError> {
    let ids = rows.iter().map(|row| row.try_get(2)).collect::<Result<_, _>>()?;
    known.learn(connection, ids).await
}

fn service(row: &PgRow) -> Result<Service, StoreError> {
    Ok((Msisdn::from_canonical(row.try_get(0)?), row.try_get(1)?))
}

fn keys(services: &[Service]) -> (Vec<&str>, Vec<&str>) {
    services.iter().map(|(number, service_id)| (number.in_full(), service_id.as_str())).unzip()
}
