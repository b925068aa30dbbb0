//! A small client for PostgreSQL and the databases that tests make with it. Not for use inside a
//! runtime: it brings its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row as _};
use tokio::runtime::Runtime;

use super::Row;

/// One connection.
pub struct Client {
    // Dropped before the runtime that it lives by.
    connection: PgConnection,
    runtime: Runtime,
}

impl Client {
    pub fn open(url: &str) -> sqlx::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let connection = runtime.block_on(PgConnection::connect(url))?;
        Ok(Self { connection, runtime })
    }

    /// Runs statements; answers what they find.
    pub fn rows(&mut self, sql: &str) -> sqlx::Result<Vec<Row>> {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let rows = self.runtime.block_on(query.fetch_all(&mut self.connection))?;
        // Statements without parameters are answered in text, whatever the column's type.
        let text = |row: &sqlx::postgres::PgRow| (0..row.len()).map(|at| row.try_get_unchecked(at)).collect();
        rows.iter().map(text).collect()
    }

    /// What a query finds in its first row's first column.
    pub fn value(&mut self, sql: &str) -> sqlx::Result<String> {
        let first = self.rows(sql)?.into_iter().flatten().next().flatten();
        first.ok_or(sqlx::Error::RowNotFound)
    }
}

/// The server that tests make their databases on.
pub fn base() -> String {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/target/postgres/url");
    let url = std::env::var("SDP_GATEWAY_TEST_POSTGRES").or_else(|_| std::fs::read_to_string(file));
    let url =
        url.unwrap_or_else(|_| panic!("there is no PostgreSQL server for tests: run tests/postgres start"));
    url.trim().to_owned()
}

/// The same server's database of another name, over plain TCP.
pub fn database_at(base: &str, name: &str) -> String {
    let server = base.split('?').next().unwrap_or_default();
    let (server, _) = server.rsplit_once('/').expect("a URL with a database");
    format!("{server}/{name}?sslmode=disable")
}

/// What declares tables as partitions, as operators get it.
pub const PARTITIONS: &str = include_str!("../../docs/partitions.sql");

/// Makes an empty database on a server; answers its URL. With `SDP_GATEWAY_TEST_PARTITIONS=1` the tables that
/// can be partitioned are declared in it.
pub fn make_database(base: &str) -> String {
    static MADE: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_micros();
    let name = format!("test_{}_{now}_{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let mut client = Client::open(base).unwrap_or_else(|error| {
        panic!("the PostgreSQL server for tests does not answer: run tests/postgres start ({error})")
    });
    client.rows(&format!("CREATE DATABASE {name}")).expect("a database");
    let url = database_at(base, &name);
    match std::env::var("SDP_GATEWAY_TEST_PARTITIONS").as_deref() {
        Ok("1") => {
            drop(Client::open(&url).and_then(|mut client| client.rows(PARTITIONS)).expect("partitions"))
        }
        Err(std::env::VarError::NotPresent) => {}
        other => panic!("SDP_GATEWAY_TEST_PARTITIONS is not 1: {other:?}"),
    }
    url
}

/// Drops a database and throws out who uses it. A failure leaves it to the end of the server.
pub fn drop_database(url: &str) {
    let name = url.split('?').next().unwrap_or_default().rsplit('/').next().unwrap_or_default();
    let done = Client::open(&database_at(url, "postgres"))
        .and_then(|mut client| client.rows(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
    if let Err(error) = done {
        eprintln!("{name} is still there: {error}");
    }
}

/// Holds all tables against writing, for as long as the client is there.
pub fn hold(url: &str) -> Client {
    let mut client = Client::open(url).expect("the ledger");
    let tables =
        client.rows("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()");
    let tables: Vec<String> = tables.expect("tables").into_iter().flatten().flatten().collect();
    assert!(!tables.is_empty(), "there is nothing to hold");
    client.rows(&format!("BEGIN; LOCK TABLE {} IN EXCLUSIVE MODE", tables.join(", "))).expect("the lock");
    client
}
