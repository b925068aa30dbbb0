//! The mark that a copy leaves in its target: whose copy it is, and whether it is whole. A table that
//! only targets have: a step of the schema would put it into every ledger.

use sqlx::{AnyConnection, AssertSqlSafe, Row as _};

use crate::ledger::MigrateError;
use crate::ledger::dialect::Dialect;

/// Where the mark is.
pub(in crate::ledger) const TABLE: &str = "copy";

pub(in crate::ledger) const UNFINISHED: &str =
    "/* mark unfinished */ SELECT source FROM copy WHERE finished_at IS NULL";

/// For whoever opens a ledger for anything but a copy into it.
///
/// # Errors
/// Where a copy into it is not finished, or the engine's failure.
pub(in crate::ledger) async fn refuse_unfinished(
    connection: &mut AnyConnection,
    dialect: Dialect,
) -> Result<(), MigrateError> {
    let find = AssertSqlSafe(dialect.has_table());
    let found = sqlx::query(find).bind(TABLE).fetch_one(&mut *connection).await;
    let is_marked: i64 = found.and_then(|row| row.try_get(0)).map_err(MigrateError::Connect)?;
    if is_marked == 0 {
        return Ok(());
    }
    let unfinished = sqlx::query(UNFINISHED).fetch_optional(connection).await;
    match unfinished.map_err(MigrateError::Connect)? {
        Some(row) => Err(MigrateError::Unfinished(row.try_get(0).map_err(MigrateError::Connect)?)),
        None => Ok(()),
    }
}
