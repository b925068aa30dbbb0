//! The engine's own check of a file: whether its pages and rows are in order.

use std::time::Instant;

use rusqlite::{Connection, ErrorCode};

use crate::ledger::StoreError;

/// Faults that the check stops after.
const FAULTS_MAX: u32 = 100;

/// Steps of the check between two looks at the clock.
const STEPS: i32 = 1000;

/// Checks a whole file, which reads all of it; what is wrong, in SQLite's words. `None`: not through by `until`.
///
/// # Errors
/// Where it cannot be read. What is found to be damage is none.
pub(in crate::ledger) fn quick_check(
    connection: &Connection,
    until: Option<Instant>,
) -> Result<Option<Vec<String>>, StoreError> {
    if let Some(until) = until {
        connection.progress_handler(STEPS, Some(move || Instant::now() >= until))?;
    }
    let found = check(connection);
    if until.is_some() {
        connection.progress_handler(0, None::<fn() -> bool>)?;
    }
    match found {
        Ok(told) if told == ["ok"] => Ok(Some(Vec::new())),
        Ok(told) => Ok(Some(told.iter().flat_map(|told| told.lines()).map(str::to_owned).collect())),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::OperationInterrupted) => Ok(None),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Ok(Some(vec![error.to_string()])),
            _ => Err(error.into()),
        },
    }
}

fn check(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(&format!("PRAGMA quick_check({FAULTS_MAX})"))?;
    let rows = statement.query_map([], |row| row.get(0))?;
    rows.collect()
}
