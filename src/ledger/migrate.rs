//! The schema and its versions.

mod declared;

use std::borrow::Cow;
use std::path::Path;

use sqlx::SqlSafeStr;
use sqlx::migrate::{AppliedMigration, Migrate, Migration, MigrationType, Migrator};

use super::copy::mark;
use super::dialect::Dialect;
use super::{MigrateError, OpenError, postgres, sqlite};
use crate::config::LedgerUrl;

/// Every step of the schema, oldest first: the files of `migrations/`, as the build found them. A released step is
/// never edited: its checksum is kept in the ledger.
const STEPS: &[(i64, &str, &str)] = include!(concat!(env!("OUT_DIR"), "/steps.rs"));

/// Makes the ledger where there is none and brings its schema up to date. Returns the versions it
/// had and has; 0 is none. A server's database must be there; only what is in it is made.
///
/// # Errors
/// A newer schema than this binary knows, a copy that is not finished, or the engine's failure.
pub async fn migrate(url: &LedgerUrl) -> Result<(i64, i64), OpenError> {
    let (mut connection, dialect) = make(url).await?;
    mark::refuse_unfinished(&mut connection, dialect).await?;
    let versions = bring_up(&mut connection, dialect).await?;
    // Whoever comes next must not take an embedded ledger's log for one that was left.
    sqlx::Connection::close(connection).await.map_err(MigrateError::Connect)?;
    Ok(versions)
}

/// The same for a copy, which finishes what it has begun.
pub(super) async fn migrate_target(url: &LedgerUrl) -> Result<(), OpenError> {
    let (mut connection, dialect) = make(url).await?;
    bring_up(&mut connection, dialect).await?;
    sqlx::Connection::close(connection).await.map_err(MigrateError::Connect)?;
    Ok(())
}

/// A connection to the ledger, whose file is made.
async fn make(url: &LedgerUrl) -> Result<(sqlx::AnyConnection, Dialect), OpenError> {
    match url {
        LedgerUrl::Sqlite(path) => {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                make_folder(folder).map_err(|error| OpenError::Folder(path.clone(), error))?;
            }
            sqlite::look(path)?;
            sqlite::create(path)?;
            Ok((connect(&sqlite::address(path), Dialect::Sqlite).await?, Dialect::Sqlite))
        }
        LedgerUrl::Postgres(url) => {
            let address = postgres::address(url).await?;
            Ok((connect(&address, Dialect::Postgres).await?, Dialect::Postgres))
        }
    }
}

async fn bring_up(connection: &mut sqlx::AnyConnection, dialect: Dialect) -> Result<(i64, i64), OpenError> {
    let (done, steps) = (applied(connection, dialect).await?, migrator(dialect));
    let before = version(&done);
    refuse_newer(before)?;
    // Where nothing is to be done nothing is asked for: who runs the gateway need not own the schema.
    if !steps.iter().all(|step| is_done(step, &done)) {
        if dialect == Dialect::Postgres {
            declared::refuse_others(connection, before).await?;
        }
        steps.run_direct(None, connection, false).await.map_err(MigrateError::Engine)?;
    }
    Ok((before, version(&applied(connection, dialect).await?)))
}

fn is_done(step: &Migration, done: &[AppliedMigration]) -> bool {
    done.iter().any(|done| done.version == step.version && done.checksum == step.checksum)
}

/// Makes a folder that is still there after a power cut: SQLite syncs the folder of its file, but not
/// the one above.
pub(super) fn make_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::File::open(above)?.sync_all()
}

/// Makes sure that the schema is the one this binary knows, and what is in it whole.
///
/// # Errors
/// Where it is older or newer, a copy into it is not finished, or the engine's failure.
pub(super) async fn check(address: &str, dialect: Dialect) -> Result<(), MigrateError> {
    let mut connection = connect(address, dialect).await?;
    let version = version(&applied(&mut connection, dialect).await?);
    refuse_newer(version)?;
    if version < newest() {
        return Err(MigrateError::Older);
    }
    mark::refuse_unfinished(&mut connection, dialect).await?;
    sqlx::Connection::close(connection).await.map_err(MigrateError::Connect)
}

/// The same of a ledger that is open: another gateway may have brought it up to date since.
///
/// # Errors
/// Where its version is another by now, or cannot be read.
pub(super) async fn check_again(pool: &sqlx::AnyPool) -> Result<(), MigrateError> {
    let version = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(pool).await;
    let version: i64 = version.map_err(MigrateError::Connect)?;
    refuse_newer(version)?;
    if version < newest() { Err(MigrateError::Older) } else { Ok(()) }
}

/// The version of the schema that this gateway works with.
#[must_use]
pub fn newest() -> i64 {
    STEPS[STEPS.len() - 1].0
}

fn refuse_newer(version: i64) -> Result<(), MigrateError> {
    if version > newest() { Err(MigrateError::Newer(version)) } else { Ok(()) }
}

async fn connect(address: &str, dialect: Dialect) -> Result<sqlx::AnyConnection, MigrateError> {
    sqlx::any::install_default_drivers();
    let connection = <sqlx::AnyConnection as sqlx::Connection>::connect(address).await;
    let mut connection = connection.map_err(MigrateError::Connect)?;
    if dialect == Dialect::Postgres {
        postgres::tell_migrating(&mut connection, address).await.map_err(MigrateError::Connect)?;
    }
    Ok(connection)
}

/// Where the steps that were taken are kept.
pub(super) const TABLE: &str = "_sqlx_migrations";

async fn applied(
    connection: &mut sqlx::AnyConnection,
    dialect: Dialect,
) -> Result<Vec<AppliedMigration>, MigrateError> {
    let found = sqlx::query_scalar(dialect.has_table()).bind(TABLE).fetch_one(&mut *connection).await;
    let found: i64 = found.map_err(MigrateError::Connect)?;
    if found == 0 {
        return Ok(Vec::new());
    }
    if let Some(version) = connection.dirty_version(TABLE).await.map_err(MigrateError::Engine)? {
        return Err(MigrateError::Engine(sqlx::migrate::MigrateError::Dirty(version)));
    }
    connection.list_applied_migrations(TABLE).await.map_err(MigrateError::Engine)
}

fn version(applied: &[AppliedMigration]) -> i64 {
    applied.iter().map(|step| step.version).max().unwrap_or(0)
}

fn migrator(dialect: Dialect) -> Migrator {
    let step = |(version, name, text): &(i64, &'static str, &'static str)| {
        let text = dialect.spell(text);
        let sql = |text: String| sqlx::AssertSqlSafe(text).into_sql_str();
        let as_released = sql(text.clone());
        let step = Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, as_released, false);
        // The checksum is the released step's, whatever is left alone of it.
        match dialect {
            Dialect::Sqlite => step,
            Dialect::Postgres => Migration { sql: sql(declared::lenient(&text)), ..step },
        }
    };
    Migrator::with_migrations(STEPS.iter().map(step).collect())
}
