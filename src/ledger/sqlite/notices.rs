//! The journal, and the messages as they came.

use std::sync::LazyLock;

use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, Statement, params};

use super::terms::terms;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::journal::{COLUMNS, Row, Sink, Source, assignments};
use crate::ledger::raw::Raw;
use crate::subscription::decide::Event;
use crate::subscription::terms::TermsBook;

/// The cells of a row have the places of its columns, whatever of them a statement takes.
static INSERT: LazyLock<String> = LazyLock::new(|| {
    let places: Vec<String> = COLUMNS.split(", ").zip(1..).map(|(_, place)| format!("?{place}")).collect();
    format!("/* notice insert */ INSERT INTO notice ({COLUMNS}) VALUES ({})", places.join(", "))
});

static UPDATE: LazyLock<String> = LazyLock::new(|| {
    let set = assignments(|place, _| format!("?{place}"));
    format!("/* notice update */ UPDATE notice SET {set} WHERE id = ?1")
});

const INSERT_RAW: &str = "/* notice_raw insert */ INSERT INTO notice_raw (notice_id, method, path, query, \
    content_type, body, status, reply, content_encoding) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

pub(super) fn insert(connection: &Connection, row: &Row, raw: Option<&Raw>) -> Result<NoticeId, StoreError> {
    execute(connection, &INSERT, row)?;
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
    execute(connection, &UPDATE, row)
}

/// Runs a statement over a row's cells.
fn execute(connection: &Connection, sql: &str, row: &Row) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    row.write(&mut Bound { statement: &mut statement, place: 0 })?;
    statement.raw_execute()?;
    Ok(())
}

/// The parameters of a statement.
struct Bound<'s, 'c> {
    statement: &'s mut Statement<'c>,
    place: usize,
}

impl Sink for Bound<'_, '_> {
    type Error = rusqlite::Error;

    fn int(&mut self, value: Option<i64>) -> Result<(), Self::Error> {
        self.place += 1;
        self.statement.raw_bind_parameter(self.place, value)
    }

    fn text(&mut self, value: Option<&str>) -> Result<(), Self::Error> {
        self.place += 1;
        self.statement.raw_bind_parameter(self.place, value)
    }
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
    Row::read(&mut Cells { row, place: 0 })
}

/// The cells of a row that was found.
struct Cells<'r, 's> {
    row: &'r SqlRow<'s>,
    place: usize,
}

impl Cells<'_, '_> {
    fn next<T: FromSql>(&mut self) -> Result<T, StoreError> {
        let value = self.row.get(self.place)?;
        self.place += 1;
        Ok(value)
    }
}

impl Source for Cells<'_, '_> {
    fn int_or_none(&mut self) -> Result<Option<i64>, StoreError> {
        self.next()
    }

    fn text_or_none(&mut self) -> Result<Option<String>, StoreError> {
        self.next()
    }
}
