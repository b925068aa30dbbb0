//! A copy's side on SQLite. Statements run on a thread that may block, so that the other side goes on
//! meanwhile.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, TransactionBehavior, params_from_iter};

use super::row::{Row, Value};
use super::table::{Found, Kind, Range, Table};
use crate::ledger::dialect::Dialect;
use crate::ledger::sqlite::{address, connect, look};
use crate::ledger::{OpenError, StoreError, migrate};

/// How long somebody else may still have the target open: an earlier copy's process that is ending.
const ALONE_WITHIN: Duration = Duration::from_secs(3);

const CATALOG: &str = "SELECT t.name, c.name, c.type, c.pk FROM sqlite_schema t, pragma_table_info(t.name) c \
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// An open file.
pub(super) struct Side {
    path: PathBuf,
    connection: Arc<Mutex<Connection>>,
}

impl Side {
    fn new(path: &Path, connection: Connection) -> Self {
        Self { path: path.to_owned(), connection: Arc::new(Mutex::new(connection)) }
    }

    pub(super) async fn source(path: &Path) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::Missing(path.to_owned()));
        }
        look(path)?;
        migrate::check(&address(path), Dialect::Sqlite).await?;
        Ok(Self::new(path, connect::reader(path)?))
    }

    /// Opens the file for this connection alone: that fails while a gateway has it open, even one that
    /// is doing nothing.
    pub(super) async fn target(path: &Path) -> Result<Option<Self>, OpenError> {
        let side = Self::new(path, connect::alone(path, ALONE_WITHIN)?);
        match side.run(|connection| Ok(connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?)).await {
            Ok(()) => Ok(Some(side)),
            Err(StoreError::Sqlite(error)) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the file free again, since who comes now sees the mark and is told so. What is copied is
    /// synced by the way, not at each commit: [`Self::settle`] sees to it that all of it is.
    pub(super) async fn marked(&mut self) -> Result<(), StoreError> {
        let path = self.path.clone();
        self.run(move |connection| {
            *connection = Connection::open_in_memory()?;
            *connection = connect::writer(&path)?;
            connection.pragma_update(None, "wal_autocheckpoint", 1000)?;
            Ok(connection.pragma_update(None, "synchronous", "NORMAL")?)
        })
        .await
    }

    pub(super) async fn finish(&self) -> Result<(), StoreError> {
        // A commit in this mode syncs the log, and with it all commits before. New rows are numbered
        // after the largest by themselves.
        self.run(|connection| Ok(connection.pragma_update(None, "synchronous", "FULL")?)).await
    }

    pub(super) async fn close(self) {
        // The last connection takes the log into the file.
        drop(tokio::task::spawn_blocking(move || drop(self.connection)).await);
    }

    pub(super) async fn catalog(&self) -> Result<Vec<Found>, StoreError> {
        self.run(|connection| {
            let mut statement = connection.prepare(CATALOG)?;
            let found = statement.query_map([], |row| {
                let key = Some(row.get(3)?).filter(|place| *place > 0);
                let kind = kind(&row.get::<_, String>(2)?);
                // BINARY is the order of every column that names no other, and none does.
                Ok(Found { table: row.get(0)?, column: row.get(1)?, kind, key, bytewise: true })
            })?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    pub(super) async fn query(
        &self,
        sql: String,
        parameters: Vec<Value>,
        kinds: Vec<Kind>,
    ) -> Result<Vec<Row>, StoreError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(&sql)?;
            let mut rows = statement.query(params_from_iter(parameters))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let values = kinds.iter().enumerate().map(|(at, kind)| value(row.get_ref(at)?, *kind));
                found.push(values.collect::<Result<Row, StoreError>>()?);
            }
            Ok(found)
        })
        .await
    }

    pub(super) async fn replace(
        &self,
        table: &Table,
        range: &Range,
        rows: Vec<Row>,
    ) -> Result<(), StoreError> {
        let places: Vec<String> = (1..=table.columns.len()).map(|at| format!("${at}")).collect();
        let insert = format!("{} VALUES ({})", table.insert(), places.join(", "));
        let (delete, bounds) = (table.delete(range), range.parameters());
        self.run(move |connection| {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.prepare_cached(&delete)?.execute(params_from_iter(bounds))?;
            for row in rows {
                tx.prepare_cached(&insert)?.execute(params_from_iter(row))?;
            }
            Ok(tx.commit()?)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.connection);
        let run = move || work(&mut connection.lock().unwrap_or_else(PoisonError::into_inner));
        let done = tokio::task::spawn_blocking(run).await;
        done.unwrap_or_else(|_| Err(StoreError::broken("a statement of the copy stopped")))
    }
}

fn kind(declared: &str) -> Option<Kind> {
    match declared {
        "BIGINT" | "INTEGER" => Some(Kind::Integer),
        "TEXT" => Some(Kind::Text),
        "BLOB" => Some(Kind::Bytes),
        _ => None,
    }
}

/// SQLite keeps in a column what it was given, whatever was declared.
fn value(value: ValueRef<'_>, kind: Kind) -> Result<Value, StoreError> {
    match (value, kind) {
        (ValueRef::Null, _) => Ok(Value::Null),
        (ValueRef::Integer(number), Kind::Integer) => Ok(Value::Integer(number)),
        (ValueRef::Text(text), Kind::Text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(_) => Err(StoreError::broken("a text is not UTF-8")),
        },
        (ValueRef::Blob(bytes), Kind::Bytes) => Ok(Value::Bytes(bytes.to_vec())),
        _ => Err(StoreError::broken("a value is not of its column's type")),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}
