//! A copy's side on PostgreSQL.

use secrecy::SecretString;
use tokio_postgres::Row as Fields;
use tokio_postgres::error::SqlState;

use super::row::{Row, Value};
use super::table::{Found, Kind, Range, Table, quoted};
use crate::ledger::dialect::Dialect;
use crate::ledger::postgres::{Ask, Link, OPEN, address, connect};
use crate::ledger::{OpenError, StoreError, migrate};

/// Whole tables are read, in the order of their keys: never may the planner gather all rows of a range
/// to sort them. Commits need not wait for the disk until [`Side::settle`].
const SESSION: &str = "SET statement_timeout = 0; SET enable_bitmapscan = off; SET enable_sort = off; \
    SET synchronous_commit = off";

/// Rows that the server numbers are walked by that number: where their table is partitioned, its key must begin
/// with something else. All others are by their primary key.
const CATALOG: &str = "SELECT c.relname::text, a.attname::text, t.typname::text, \
    CASE WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_attribute n WHERE n.attrelid = c.oid AND n.attidentity <> '') \
    THEN CASE WHEN a.attidentity <> '' THEN 1::bigint END \
    ELSE array_position(i.indkey::int2[], a.attnum)::bigint END, coalesce(o.collname IN ('C', 'POSIX'), true) \
    FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema() \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
    LEFT JOIN pg_catalog.pg_collation o ON o.oid = a.attcollation \
    LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary \
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition";

/// Columns that the server numbers.
const NUMBERED: &str = "SELECT c.relname::text, a.attname::text FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema() \
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attidentity <> '' AND NOT a.attisdropped \
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition";

/// A session.
pub(super) struct Side(Box<Link>);

impl Side {
    pub(super) async fn source(url: &SecretString) -> Result<Self, OpenError> {
        migrate::check(&address(url).await?, Dialect::Postgres).await?;
        Self::open(url).await
    }

    async fn open(url: &SecretString) -> Result<Self, OpenError> {
        let mut side = Self(Box::new(connect(url).await?));
        side.0.ask(Ask::plain(SESSION)).await.map_err(StoreError::from)?;
        Ok(side)
    }

    /// Takes the lock that every session of a gateway shares. It is kept until the session ends.
    pub(super) async fn target(url: &SecretString) -> Result<Option<Self>, OpenError> {
        let mut side = Self::open(url).await?;
        match side.0.ask(Ask::new("SELECT pg_advisory_lock($1)").with(OPEN)).await {
            Ok(_) => Ok(Some(side)),
            Err(error) if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Ok(None),
            Err(error) => Err(StoreError::from(error).into()),
        }
    }

    pub(super) async fn finish(&mut self) -> Result<(), StoreError> {
        for row in self.0.ask(Ask::new(NUMBERED)).await? {
            let (table, column): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            // Nothing happens where the table is empty.
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence($1, $2), max({})) FROM {}",
                quoted(&column),
                quoted(&table)
            );
            self.0.ask(Ask::new(sql).with(quoted(&table)).with(column)).await?;
        }
        self.0.ask(Ask::plain("ANALYZE; SET synchronous_commit = on")).await?;
        Ok(())
    }

    pub(super) async fn close(self) {
        self.0.close().await;
    }

    pub(super) async fn catalog(&mut self) -> Result<Vec<Found>, StoreError> {
        let found = self.0.ask(Ask::new(CATALOG)).await?;
        let found = found.iter().map(|row| {
            let kind = kind(row.try_get(2)?);
            let (key, bytewise) = (row.try_get(3)?, row.try_get(4)?);
            Ok(Found { table: row.try_get(0)?, column: row.try_get(1)?, kind, key, bytewise })
        });
        found.collect()
    }

    pub(super) async fn query(
        &mut self,
        sql: String,
        parameters: Vec<Value>,
        kinds: &[Kind],
    ) -> Result<Vec<Row>, StoreError> {
        let rows = self.0.ask(bound(Ask::new(sql), parameters)).await?;
        let row = |row: &Fields| kinds.iter().enumerate().map(|(at, kind)| value(row, at, *kind)).collect();
        rows.iter().map(row).collect()
    }

    pub(super) async fn replace(
        &mut self,
        table: &Table,
        range: &Range,
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        refuse_nul(table, &rows)?;
        let delete = bound(Ask::new(table.delete(range)), range.parameters());
        let mut asks = vec![Ask::plain("BEGIN"), delete];
        if !rows.is_empty() {
            let arrays = table.columns.iter().enumerate();
            let arrays = arrays.map(|(at, column)| format!("${}::{}[]", at + 1, name(column.kind)));
            let arrays = arrays.collect::<Vec<_>>().join(", ");
            let sql = format!("{} SELECT * FROM unnest({arrays})", table.insert());
            let columns = table.columns.iter().enumerate();
            asks.push(columns.fold(Ask::new(sql), |ask, (at, column)| {
                array(ask, rows.iter().map(|row| &row[at]), column.kind)
            }));
        }
        asks.push(Ask::plain("COMMIT"));
        self.0.ask_all(asks).await?;
        Ok(())
    }
}

/// The one character that text here cannot have. No gateway writes it; one of old may have.
fn refuse_nul(table: &Table, rows: &[Row]) -> Result<(), StoreError> {
    let has_nul = |value: &Value| matches!(value, Value::Text(text) if text.contains('\0'));
    let found = rows.iter().find_map(|row| Some((row, row.iter().position(has_nul)?)));
    let Some((row, at)) = found else { return Ok(()) };
    let (name, column) = (&table.name, &table.columns[at].name);
    let key = table.key_of(row).iter().map(Value::shown).collect::<Vec<_>>().join(", ");
    let what = format!("{name} {key} has the character U+0000 in {column}, which PostgreSQL cannot keep");
    Err(StoreError::broken(what))
}

fn kind(type_name: &str) -> Option<Kind> {
    match type_name {
        "int8" => Some(Kind::Integer),
        "text" => Some(Kind::Text),
        "bytea" => Some(Kind::Bytes),
        _ => None,
    }
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Integer => "bigint",
        Kind::Text => "text",
        Kind::Bytes => "bytea",
    }
}

fn value(row: &Fields, at: usize, kind: Kind) -> Result<Value, StoreError> {
    let value = match kind {
        Kind::Integer => row.try_get::<_, Option<_>>(at)?.map(Value::Integer),
        Kind::Text => row.try_get::<_, Option<_>>(at)?.map(Value::Text),
        Kind::Bytes => row.try_get::<_, Option<_>>(at)?.map(Value::Bytes),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// Parameters, of which none is ever absent.
fn bound(ask: Ask<'_>, parameters: Vec<Value>) -> Ask<'_> {
    parameters.into_iter().fold(ask, |ask, value| match value {
        Value::Null => ask.with(None::<i64>),
        Value::Integer(number) => ask.with(number),
        Value::Text(text) => ask.with(text),
        Value::Bytes(bytes) => ask.with(bytes),
    })
}

/// One column of many rows.
fn array<'q>(ask: Ask<'q>, values: impl Iterator<Item = &'q Value>, kind: Kind) -> Ask<'q> {
    match kind {
        Kind::Integer => ask.with(values.map(Value::integer).collect::<Vec<_>>()),
        Kind::Text => {
            let text = |value: &'q Value| match value {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            };
            ask.with(values.map(text).collect::<Vec<_>>())
        }
        Kind::Bytes => {
            let bytes = |value: &'q Value| match value {
                Value::Bytes(bytes) => Some(bytes.as_slice()),
                _ => None,
            };
            ask.with(values.map(bytes).collect::<Vec<_>>())
        }
    }
}
