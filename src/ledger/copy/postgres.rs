//! A copy's side on PostgreSQL.

use secrecy::SecretString;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Connection, Postgres, Row as _};

use super::row::{Row, Value};
use super::table::{Found, Kind, Range, Table, quoted};
use crate::ledger::dialect::Dialect;
use crate::ledger::postgres::{OPEN, address, connect};
use crate::ledger::{OpenError, StoreError, migrate};

/// Whole tables are read, in the order of their keys: never may the planner gather all rows of a range
/// to sort them. Commits need not wait for the disk until [`Side::settle`].
const SESSION: &str = "SET statement_timeout = 0; SET enable_bitmapscan = off; SET enable_sort = off; \
    SET synchronous_commit = off";

/// SQLSTATE of a lock that was not had in time.
const LOCK_NOT_AVAILABLE: &str = "55P03";

const CATALOG: &str = "SELECT c.relname::text, a.attname::text, t.typname::text, \
    array_position(i.indkey::int2[], a.attnum)::bigint, coalesce(o.collname IN ('C', 'POSIX'), true) \
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

type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// A session.
pub(super) struct Side(PgConnection);

impl Side {
    pub(super) async fn source(url: &SecretString) -> Result<Self, OpenError> {
        migrate::check(&address(url).await?, Dialect::Postgres).await?;
        Self::open(url).await
    }

    async fn open(url: &SecretString) -> Result<Self, OpenError> {
        let mut side = Self(connect(url).await?);
        sqlx::raw_sql(SESSION).execute(&mut side.0).await.map_err(StoreError::from)?;
        Ok(side)
    }

    /// Takes the lock that every session of a gateway shares. It is kept until the session ends.
    pub(super) async fn target(url: &SecretString) -> Result<Option<Self>, OpenError> {
        let mut side = Self::open(url).await?;
        let lock = sqlx::query("SELECT pg_advisory_lock($1)").bind(OPEN).execute(&mut side.0).await;
        match lock {
            Ok(_) => Ok(Some(side)),
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(LOCK_NOT_AVAILABLE) => {
                Ok(None)
            }
            Err(error) => Err(StoreError::from(error).into()),
        }
    }

    pub(super) async fn settle(&mut self) -> Result<(), StoreError> {
        for row in sqlx::query(NUMBERED).fetch_all(&mut self.0).await? {
            let (table, column): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            // Nothing happens where the table is empty.
            let sql = format!(
                "SELECT setval(pg_get_serial_sequence($1, $2), max({})) FROM {}",
                quoted(&column),
                quoted(&table)
            );
            let next = sqlx::query(AssertSqlSafe(sql)).bind(quoted(&table)).bind(column);
            next.execute(&mut self.0).await?;
        }
        sqlx::raw_sql("ANALYZE; SET synchronous_commit = on").execute(&mut self.0).await?;
        Ok(())
    }

    pub(super) async fn close(self) {
        // What is lost here is a farewell.
        let _ = self.0.close().await;
    }

    pub(super) async fn catalog(&mut self) -> Result<Vec<Found>, StoreError> {
        let found = sqlx::query(CATALOG).fetch_all(&mut self.0).await?;
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
        let statement = bound(sqlx::query(AssertSqlSafe(sql)), parameters);
        let rows = statement.fetch_all(&mut self.0).await?;
        let row = |row: &PgRow| kinds.iter().enumerate().map(|(at, kind)| value(row, at, *kind)).collect();
        rows.iter().map(row).collect()
    }

    pub(super) async fn replace(
        &mut self,
        table: &Table,
        range: &Range,
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        refuse_nul(table, &rows)?;
        sqlx::raw_sql("BEGIN").execute(&mut self.0).await?;
        let delete = sqlx::query(AssertSqlSafe(table.delete(range)));
        bound(delete, range.parameters()).execute(&mut self.0).await?;
        if !rows.is_empty() {
            let arrays = table.columns.iter().enumerate();
            let arrays = arrays.map(|(at, column)| format!("${}::{}[]", at + 1, name(column.kind)));
            let arrays = arrays.collect::<Vec<_>>().join(", ");
            let sql = format!("{} SELECT * FROM unnest({arrays})", table.insert());
            let mut insert = sqlx::query(AssertSqlSafe(sql));
            for (at, column) in table.columns.iter().enumerate() {
                insert = array(insert, rows.iter().map(|row| &row[at]), column.kind);
            }
            insert.execute(&mut self.0).await?;
        }
        sqlx::raw_sql("COMMIT").execute(&mut self.0).await?;
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

fn value(row: &PgRow, at: usize, kind: Kind) -> Result<Value, StoreError> {
    let value = match kind {
        Kind::Integer => row.try_get::<Option<_>, _>(at)?.map(Value::Integer),
        Kind::Text => row.try_get::<Option<_>, _>(at)?.map(Value::Text),
        Kind::Bytes => row.try_get::<Option<_>, _>(at)?.map(Value::Bytes),
    };
    Ok(value.unwrap_or(Value::Null))
}

/// Parameters, of which none is ever absent.
fn bound(statement: Statement<'_>, parameters: Vec<Value>) -> Statement<'_> {
    parameters.into_iter().fold(statement, |statement, value| match value {
        Value::Null => statement.bind(None::<i64>),
        Value::Integer(number) => statement.bind(number),
        Value::Text(text) => statement.bind(text),
        Value::Bytes(bytes) => statement.bind(bytes),
    })
}

/// One column of many rows.
fn array<'q>(statement: Statement<'q>, values: impl Iterator<Item = &'q Value>, kind: Kind) -> Statement<'q> {
    match kind {
        Kind::Integer => statement.bind(values.map(Value::integer).collect::<Vec<_>>()),
        Kind::Text => {
            let text = |value: &'q Value| match value {
                Value::Text(text) => Some(text.as_str()),
                _ => None,
            };
            statement.bind(values.map(text).collect::<Vec<_>>())
        }
        Kind::Bytes => {
            let bytes = |value: &'q Value| match value {
                Value::Bytes(bytes) => Some(bytes.as_slice()),
                _ => None,
            };
            statement.bind(values.map(bytes).collect::<Vec<_>>())
        }
    }
}
