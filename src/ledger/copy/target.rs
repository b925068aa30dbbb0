//! What a copy finds in its target, and the mark ([`super::mark`]) that it writes there.

use super::CopyError;
use super::checksum::{Content, whole};
use super::row::Value;
use super::side::Side;
use super::table::{Kind, Table};
use crate::clock::Timestamp;
use crate::ledger::StoreError;

const MAKE: &str = "CREATE TABLE IF NOT EXISTS copy (id BIGINT NOT NULL PRIMARY KEY, source TEXT NOT NULL, \
    started_at BIGINT NOT NULL, finished_at BIGINT, checksum TEXT)";

const READ: &str = "/* mark read */ SELECT source, checksum FROM copy WHERE id = 1";

const BEGIN: &str = "/* mark begin */ INSERT INTO copy (id, source, started_at) VALUES (1, $1, $2) \
    ON CONFLICT (id) DO UPDATE SET source = excluded.source, started_at = excluded.started_at, \
    finished_at = NULL, checksum = NULL";

const FINISH: &str = "/* mark finish */ UPDATE copy SET finished_at = $1, checksum = $2 WHERE id = 1";

/// Tables that may have rows in a ledger that nobody has used: whoever opens it adds today's offers, and the setting
/// that folds are made under.
const FILLED_BY_OPENING: [&str; 2] = ["refold", "terms"];

/// What a target is before a copy.
pub(super) enum Found {
    /// Without rows of its own.
    Empty,
    /// An earlier run of this copy did not come to its end.
    Begun,
    /// An earlier run did, and left this checksum.
    Finished(String),
}

/// Looks whether a copy from `source` may go into this target. Changes nothing.
///
/// # Errors
/// [`CopyError`] where it may not.
pub(super) async fn find(
    target: &mut Side,
    is_marked: bool,
    tables: &[Table],
    source: &str,
) -> Result<Found, CopyError> {
    let rows =
        if is_marked { target.query(READ.into(), Vec::new(), &[Kind::Text; 2]).await? } else { Vec::new() };
    if let Some(row) = rows.into_iter().next() {
        let mut row = row.into_iter().map(Value::text);
        let (from, checksum) = (row.next().flatten().unwrap_or_default(), row.next().flatten());
        return match checksum {
            _ if from != source => Err(CopyError::Another(from)),
            None => Ok(Found::Begun),
            Some(checksum) => Ok(Found::Finished(checksum)),
        };
    }
    for table in tables.iter().filter(|table| !FILLED_BY_OPENING.contains(&table.name.as_str())) {
        if target.number(table.any_row()).await? > 0 {
            return Err(CopyError::NotEmpty(table.name.clone()));
        }
    }
    Ok(Found::Empty)
}

/// Marks the target as unfinished.
pub(super) async fn begin(target: &mut Side, source: &str, now: Timestamp) -> Result<(), StoreError> {
    target.query(MAKE.into(), Vec::new(), &[]).await?;
    let parameters = vec![Value::Text(source.to_owned()), Value::Integer(now.0)];
    target.query(BEGIN.into(), parameters, &[]).await.map(drop)
}

/// Marks the target as whole, with the checksum by which a later copy sees that nobody has written
/// to it since.
pub(super) async fn finish(
    target: &mut Side,
    contents: &[Content],
    now: Timestamp,
) -> Result<(), StoreError> {
    let parameters = vec![Value::Integer(now.0), Value::Text(whole(contents.iter()))];
    target.query(FINISH.into(), parameters, &[]).await.map(drop)
}
