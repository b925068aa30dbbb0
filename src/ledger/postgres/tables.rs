//! The tables of fulfilment on a server: rows fetched and written by the array, one statement for each
//! table and column, made from the table's columns.
//!
//! Tasks and codes are taken by claims and draws without any lock but their rows'; so whoever is going
//! to write has the rows that it reads for itself. These are asked for in the order of their keys.

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Row};

use super::overlay::{Cells, Changed, Column, Fetched, Wanted};
use crate::clock::Timestamp;
use crate::ledger::StoreError;
use crate::ledger::fulfil::claim::{CLAIMABLE, TAKE};
use crate::ledger::fulfil::{Claim, Code, Need, Task};
use crate::ledger::tables::{Cell, Record, Table, Type};

const TASK_IDS: &str = "/* task ids */ SELECT nextval('task_id_seq') FROM generate_series(1, $1::bigint)";

/// Nonces forgotten in one write: 500.
const PURGE: &str = "/* nonce purge */ DELETE FROM nonce WHERE key IN \
    (SELECT key FROM nonce WHERE until <= $1 LIMIT 500)";

/// Fetches all that is wanted, but for what the first trip brings (`devices`).
pub(super) async fn fetch(
    connection: &mut PgConnection,
    wanted: Wanted,
    to_write: bool,
    into: &mut Fetched,
) -> Result<(), StoreError> {
    for (column, values) in wanted.rows {
        let values: Vec<Cell> = values.into_iter().collect();
        let rows = look_up(connection, column, &values, to_write).await?;
        into.rows.extend(values.into_iter().map(|key| ((column.table, key), None)));
        into.rows.extend(rows.into_iter().map(|row| ((column.table, row[0].clone()), Some(row))));
    }
    for (column, values) in wanted.lists {
        let values: Vec<Cell> = values.into_iter().collect();
        let rows = look_up(connection, column, &values, to_write).await?;
        into.lists.extend(values.into_iter().map(|value| ((column, value), Vec::new())));
        for row in rows {
            let list = into.lists.entry((column, row[column.place].clone())).or_default();
            list.push(row[0].clone());
            into.rows.insert((column.table, row[0].clone()), Some(row));
        }
    }
    if wanted.tasks > 0 {
        let count = i64::try_from(wanted.tasks).unwrap_or(i64::MAX);
        let found = sqlx::query(TASK_IDS).bind(count).fetch_all(&mut *connection).await?;
        for row in found {
            into.tasks.push(row.try_get(0)?);
        }
    }
    if let Some(need) = wanted.need {
        into.stock = Some(stock(connection, &need).await?);
    }
    if let Some(claim) = wanted.claim {
        into.claimed = Some(self::claim(connection, &claim).await?);
    }
    Ok(())
}

async fn look_up(
    connection: &mut PgConnection,
    column: Column,
    values: &[Cell],
    to_write: bool,
) -> Result<Vec<Cells>, StoreError> {
    let table = column.table;
    let (by, of) = table.columns[column.place];
    let is_taken = to_write && [Task::TABLE.name, Code::TABLE.name].contains(&table.name);
    let sql = format!(
        "/* {} by {by} */ SELECT {} FROM {} WHERE {by} = ANY($1) ORDER BY {}{}",
        table.name,
        table.names(),
        table.name,
        table.key(),
        if is_taken { " FOR UPDATE" } else { "" },
    );
    let query = sqlx::query(AssertSqlSafe(sql));
    let query = match of {
        Type::Int => query.bind(ints(values.iter())),
        Type::Text => query.bind(texts(values.iter())),
    };
    let found = query.fetch_all(connection).await?;
    found.iter().map(|row| cells(table, row)).collect()
}

async fn stock(connection: &mut PgConnection, need: &Need) -> Result<Option<Cells>, StoreError> {
    let sql = format!("{} FOR UPDATE SKIP LOCKED", Need::sql());
    let query = sqlx::query(AssertSqlSafe(sql)).bind(&need.provider).bind(need.kind.word());
    let query = query.bind(i64::from(need.days_min)).bind(need.now.0).bind(need.storage());
    let found = query.bind(need.retention_days()).fetch_optional(connection).await?;
    found.map(|row| cells(Code::TABLE, &row)).transpose()
}

/// One statement for all providers. What another is taking up just now is passed over.
async fn claim(connection: &mut PgConnection, claim: &Claim) -> Result<Vec<Cells>, StoreError> {
    let (names, of_one) = (Task::TABLE.names(), CLAIMABLE.replace("$1", "room.provider"));
    let sql = format!(
        "/* task claim */ {TAKE}, token = $4, due_at = $5 WHERE id IN (SELECT one.id \
         FROM unnest($1::text[], $3::bigint[]) AS room (provider, tasks_max) CROSS JOIN LATERAL \
         ({of_one} LIMIT room.tasks_max FOR UPDATE OF t SKIP LOCKED) AS one) RETURNING {names}"
    );
    let providers: Vec<&str> = claim.rooms.iter().map(|room| room.provider.as_str()).collect();
    let rooms: Vec<i64> = claim.rooms.iter().map(|room| i64::from(room.tasks_max)).collect();
    let query = sqlx::query(AssertSqlSafe(sql)).bind(providers).bind(claim.now.0).bind(rooms);
    let found = query.bind(&claim.token).bind(claim.leased_until.0).fetch_all(connection).await?;
    found.iter().map(|row| cells(Task::TABLE, row)).collect()
}

/// Writes what changed.
pub(super) async fn flush(connection: &mut PgConnection, changed: &Changed) -> Result<(), StoreError> {
    for (table, rows) in &changed.rows {
        let arrays = |(place, (_, of)): (usize, &(&str, Type))| match of {
            Type::Int => format!("${}::bigint[]", place + 1),
            Type::Text => format!("${}::text[]", place + 1),
        };
        let arrays: Vec<String> = table.columns.iter().enumerate().map(arrays).collect();
        let sql = format!(
            "/* {} write */ INSERT INTO {} ({}) SELECT * FROM unnest({}) {}",
            table.name,
            table.name,
            table.names(),
            arrays.join(", "),
            table.overwrite()
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for (place, (_, of)) in table.columns.iter().enumerate() {
            let column = rows.values().map(|row| &row[place]);
            query = match of {
                Type::Int => query.bind(ints(column)),
                Type::Text => query.bind(texts(column)),
            };
        }
        query.execute(&mut *connection).await?;
    }
    purge(connection, changed.purge).await
}

async fn purge(connection: &mut PgConnection, until: Option<Timestamp>) -> Result<(), StoreError> {
    if let Some(until) = until {
        sqlx::query(PURGE).bind(until.0).execute(connection).await?;
    }
    Ok(())
}

fn cells(table: &Table, row: &PgRow) -> Result<Cells, StoreError> {
    let cell = |(place, (_, of)): (usize, &(&str, Type))| {
        Ok(match of {
            Type::Int => row.try_get::<Option<i64>, _>(place)?.into(),
            Type::Text => row.try_get::<Option<String>, _>(place)?.into(),
        })
    };
    table.columns.iter().enumerate().map(cell).collect()
}

fn ints<'c>(cells: impl Iterator<Item = &'c Cell>) -> Vec<Option<i64>> {
    cells.map(|cell| if let Cell::Int(value) = cell { Some(*value) } else { None }).collect()
}

fn texts<'c>(cells: impl Iterator<Item = &'c Cell>) -> Vec<Option<&'c str>> {
    cells.map(|cell| if let Cell::Text(text) = cell { Some(text.as_str()) } else { None }).collect()
}
