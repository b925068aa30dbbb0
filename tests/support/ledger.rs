//! The ledger that belongs to a test's folder, on either engine: SQLite below the folder, or, with
//! `SDP_GATEWAY_TEST_LEDGER=postgres`, a database of its own. Tests look at it and hold it through here.

#[path = "postgres.rs"]
pub mod postgres;

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::PATIENCE;

/// In a folder: the URL of the PostgreSQL database that its gateways use.
const URL_FILE: &str = "ledger.url";

/// A row; what is not text is as the engine writes it.
pub type Row = Vec<Option<String>>;

/// Where a folder's ledger is.
pub enum Ledger {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Ledger {
    /// The ledger of a folder's gateways; its database is made when first asked for.
    pub fn of(folder: &Path) -> Self {
        static MAKING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = MAKING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let file = folder.join(URL_FILE);
        if let Ok(url) = std::fs::read_to_string(&file) {
            return Self::Postgres(url);
        }
        if !is_postgres() {
            return Self::Sqlite(folder.join("data/gateway.db"));
        }
        let url = postgres::make_database(&postgres::base());
        std::fs::write(file, &url).expect("written");
        Self::Postgres(url)
    }

    /// As `ledger.url` names it.
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite://{}", path.display()),
            Self::Postgres(url) => url.clone(),
        }
    }

    /// What a query finds.
    pub fn rows(&self, sql: &str) -> Vec<Row> {
        match self {
            Self::Sqlite(path) => sqlite_rows(path, sql).expect(sql),
            Self::Postgres(url) => postgres::Client::open(url).and_then(|mut c| c.rows(sql)).expect(sql),
        }
    }

    /// Runs a statement that both engines know.
    pub fn execute(&self, sql: &str) {
        match self {
            Self::Sqlite(path) => sqlite(path).execute_batch(sql).expect(sql),
            Self::Postgres(url) => {
                postgres::Client::open(url).and_then(|mut c| c.rows(sql)).expect(sql);
            }
        }
    }

    /// Keeps everyone else from writing, but not from reading, until it is dropped.
    pub fn hold(&self) -> Held {
        match self {
            Self::Sqlite(path) => {
                let connection = sqlite(path);
                connection.execute_batch("BEGIN IMMEDIATE").expect("the lock");
                Held::Sqlite(connection)
            }
            Self::Postgres(url) => Held::Postgres(postgres::hold(url)),
        }
    }

    /// The file itself is undamaged. A PostgreSQL server answers for its own files.
    pub fn check_whole(&self) {
        if let Self::Sqlite(_) = self {
            assert_eq!(self.rows("PRAGMA integrity_check"), [[Some("ok".to_owned())]]);
        }
    }
}

/// Whoever holds the ledger.
#[expect(dead_code, reason = "they hold by being there")]
pub enum Held {
    Sqlite(rusqlite::Connection),
    Postgres(postgres::Client),
}

fn is_postgres() -> bool {
    match std::env::var("SDP_GATEWAY_TEST_LEDGER").as_deref() {
        Ok("postgres") => true,
        Ok("sqlite") | Err(std::env::VarError::NotPresent) => false,
        other => panic!("SDP_GATEWAY_TEST_LEDGER is neither sqlite nor postgres: {other:?}"),
    }
}

/// What the environment of a folder's commands must say, so that they use its ledger. Nothing on SQLite,
/// where the default is right, and where the settings themselves say which ledger is meant.
pub fn url_for(folder: &Path, settings: &str) -> Option<String> {
    let own = settings.parse::<toml::Table>().ok();
    if own.is_some_and(|table| table.get("ledger").is_some_and(|ledger| ledger.get("url").is_some())) {
        return None;
    }
    match Ledger::of(folder) {
        Ledger::Sqlite(_) => None,
        Ledger::Postgres(url) => Some(url),
    }
}

fn sqlite(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).expect("the ledger");
    connection.busy_timeout(PATIENCE).expect("patience");
    connection
}

fn sqlite_rows(path: &Path, sql: &str) -> rusqlite::Result<Vec<Row>> {
    use rusqlite::types::Value;
    let connection = sqlite(path);
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let text = |value: Value| match value {
        Value::Null => None,
        Value::Integer(number) => Some(number.to_string()),
        Value::Real(number) => Some(number.to_string()),
        Value::Text(text) => Some(text),
        Value::Blob(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
    };
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|at| row.get(at).map(text)).collect();
    statement.query_map([], row)?.collect()
}

/// A test's folder; its database goes with it.
pub struct Folder {
    files: tempfile::TempDir,
    /// Whether the database is another's, who drops it.
    borrowed: bool,
}

impl Folder {
    /// With a ledger of its own.
    pub fn new() -> Self {
        Self { files: tempfile::tempdir().expect("a folder"), borrowed: false }
    }

    /// Whose gateways use this PostgreSQL database, whatever the engine under test.
    pub fn on(url: &str) -> Self {
        let files = tempfile::tempdir().expect("a folder");
        std::fs::write(files.path().join(URL_FILE), url).expect("written");
        Self { files, borrowed: true }
    }

    pub fn path(&self) -> &Path {
        self.files.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Ok(url) = std::fs::read_to_string(self.path().join(URL_FILE))
            && !self.borrowed
        {
            postgres::drop_database(&url);
        }
    }
}
