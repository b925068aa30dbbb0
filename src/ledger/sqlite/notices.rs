//! The journal, and the messages as they came.

use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};

use super::terms::terms;
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::journal::{COLUMNS, Kind, Outcome, Row};
use crate::ledger::raw::Raw;
use crate::subscription::decide::Event;
use crate::subscription::notice::SentIds;
use crate::subscription::odd::Odd;
use crate::subscription::terms::TermsBook;

const INSERT: &str = "/* notice insert */ INSERT INTO notice (received_at, caller, kind, outcome, reason, \
    answer, count, identity, msisdn, queue_id, reg_type, reg_id, service_id, package_id, service_code, \
    package_code, channel, price, event_at, subscribe_at, expire_at, auto_renew, failed, scope, start_at, odd) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
    $22, $23, $24, $25, $26)";

const UPDATE: &str = "/* notice update */ UPDATE notice SET kind = $1, outcome = $2, reason = $3, identity = $4, \
    msisdn = $5, queue_id = $6, reg_type = $7, reg_id = $8, service_id = $9, package_id = $10, \
    service_code = $11, package_code = $12, channel = $13, price = $14, event_at = $15, subscribe_at = $16, \
    expire_at = $17, auto_renew = $18, failed = $19, scope = $20, start_at = $21, odd = $22 WHERE id = $23";

const INSERT_RAW: &str = "/* notice_raw insert */ INSERT INTO notice_raw (notice_id, method, path, query, \
    content_type, body, status, reply, content_encoding) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(super) fn insert(connection: &Connection, row: &Row, raw: Option<&Raw>) -> Result<NoticeId, StoreError> {
    connection.prepare_cached(INSERT)?.execute(params![
        row.received_at.0,
        row.caller,
        row.kind.as_str(),
        row.outcome.as_str(),
        row.outcome.reason().map(|reason| reason.as_str()),
        row.answer,
        row.count,
        row.identity,
        row.msisdn.as_ref().map(Msisdn::in_full),
        row.queue_id,
        row.reg_type,
        row.reg_id,
        row.sent.service_id,
        row.sent.package_id,
        row.sent.service_code,
        row.sent.package_code,
        row.channel,
        row.price,
        row.event_at.map(|at| at.0),
        row.subscribe_at.map(|at| at.0),
        row.expire_at.map(|at| at.0),
        row.auto_renew,
        row.failed,
        row.scope,
        row.start_at.map(|at| at.0),
        row.odd.spelled(),
    ])?;
    let id = NoticeId(connection.last_insert_rowid());
    let Some(raw) = raw else { return Ok(id) };
    connection.prepare_cached(INSERT_RAW)?.execute(params![
        id.0,
        raw.method,
        raw.path,
        raw.query,
        raw.content_type,
        &raw.body[..],
        raw.status,
        raw.reply,
        raw.content_encoding,
    ])?;
    Ok(id)
}

pub(super) fn update(connection: &Connection, row: &Row) -> Result<(), StoreError> {
    connection.prepare_cached(UPDATE)?.execute(params![
        row.kind.as_str(),
        row.outcome.as_str(),
        row.outcome.reason().map(|reason| reason.as_str()),
        row.identity,
        row.msisdn.as_ref().map(Msisdn::in_full),
        row.queue_id,
        row.reg_type,
        row.reg_id,
        row.sent.service_id,
        row.sent.package_id,
        row.sent.service_code,
        row.sent.package_code,
        row.channel,
        row.price,
        row.event_at.map(|at| at.0),
        row.subscribe_at.map(|at| at.0),
        row.expire_at.map(|at| at.0),
        row.auto_renew,
        row.failed,
        row.scope,
        row.start_at.map(|at| at.0),
        row.odd.spelled(),
        row.id.0,
    ])?;
    Ok(())
}

pub(super) fn find(connection: &Connection, id: NoticeId) -> Result<Option<Row>, StoreError> {
    let sql = format!("/* notice one */ SELECT {COLUMNS} FROM notice WHERE id = $1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([id.0])?;
    rows.next()?.map(read).transpose()
}

pub(super) fn raw(connection: &Connection, id: NoticeId) -> Result<Option<Raw>, StoreError> {
    let sql = "/* notice_raw one */ SELECT method, path, query, content_type, body, status, reply, \
               content_encoding FROM notice_raw WHERE notice_id = $1";
    let mut statement = connection.prepare_cached(sql)?;
    let raw = statement.query_row([id.0], |row| {
        Ok(Raw {
            method: row.get(0)?,
            path: row.get(1)?,
            query: row.get(2)?,
            content_type: row.get(3)?,
            body: row.get::<_, Vec<u8>>(4)?.into(),
            status: row.get(5)?,
            reply: row.get(6)?,
            content_encoding: row.get(7)?,
        })
    });
    Ok(raw.optional()?)
}

pub(super) fn events(
    connection: &Connection,
    book: &TermsBook,
    number: &Msisdn,
) -> Result<Vec<Event>, StoreError> {
    let sql = format!(
        "/* notice fold */ SELECT {COLUMNS} FROM notice WHERE msisdn = $1 AND scope IS NOT NULL ORDER BY id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([number.in_full()])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.extend(read(row)?.event(&|id| terms(connection, book, id))?);
    }
    Ok(events)
}

pub(super) fn history(connection: &Connection, number: &Msisdn) -> Result<Vec<Row>, StoreError> {
    let sql = format!("/* notice history */ SELECT {COLUMNS} FROM notice WHERE msisdn = $1 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([number.in_full()])?;
    let mut history = Vec::new();
    while let Some(row) = rows.next()? {
        history.push(read(row)?);
    }
    Ok(history)
}

fn read(row: &SqlRow<'_>) -> Result<Row, StoreError> {
    let (outcome, reason): (String, Option<String>) = (row.get(3)?, row.get(4)?);
    let time = |column: usize| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp))
    };
    Ok(Row {
        id: NoticeId(row.get(0)?),
        received_at: Timestamp(row.get(1)?),
        caller: row.get(2)?,
        outcome: Outcome::parse(&outcome, reason.as_deref())
            .ok_or_else(|| StoreError::broken(format!("a notice has the outcome {outcome:?}")))?,
        answer: row.get(5)?,
        count: row.get(6)?,
        identity: row.get(7)?,
        msisdn: row.get::<_, Option<String>>(8)?.map(Msisdn::from_canonical),
        queue_id: row.get(9)?,
        reg_type: row.get(10)?,
        reg_id: row.get(11)?,
        sent: SentIds {
            service_id: row.get(12)?,
            package_id: row.get(13)?,
            service_code: row.get(14)?,
            package_code: row.get(15)?,
        },
        channel: row.get(16)?,
        price: row.get(17)?,
        event_at: time(18)?,
        subscribe_at: time(19)?,
        expire_at: time(20)?,
        auto_renew: row.get(21)?,
        failed: row.get(22)?,
        scope: row.get(23)?,
        kind: Kind::parse(row.get_ref(24)?.as_str().map_err(rusqlite::Error::from)?),
        start_at: time(25)?,
        odd: Odd::parse(row.get_ref(26)?.as_str_or_null().map_err(rusqlite::Error::from)?),
    })
}
