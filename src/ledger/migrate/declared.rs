//! Tables that an operator has declared before the step that would make them, as partitions for instance: they
//! stay as they are, where they are what the step would have made.
//!
//! What that is, the server says itself: the steps make their tables once more as temporary ones, in a transaction
//! that is undone. Where a table differs, nothing is changed at all.

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor, Row};

use super::STEPS;
use crate::ledger::MigrateError;
use crate::ledger::dialect::Dialect;

/// What begins the making of a table in a step.
const MAKES: &str = "CREATE TABLE ";

/// A step as it is carried out: what was declared before is left alone.
pub(super) fn lenient(step: &str) -> String {
    let step = step.replace(MAKES, "CREATE TABLE IF NOT EXISTS ");
    let step = step.replace("CREATE INDEX ", "CREATE INDEX IF NOT EXISTS ");
    step.replace("CREATE UNIQUE INDEX ", "CREATE UNIQUE INDEX IF NOT EXISTS ")
}

/// What is there of a table, in words: its columns in their order, then its primary key. The journal's, whose
/// rows the server numbers, may have another key: partitions by number cannot be unique by the row's own alone.
const DESCRIBED: &str = "/* declared table */ SELECT * FROM (SELECT a.attnum::bigint AS place, \
    'column ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) \
    || CASE WHEN o.collname = 'C' THEN ' COLLATE \"C\"' ELSE '' END \
    || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END \
    || CASE WHEN a.attidentity <> '' THEN ' GENERATED AS IDENTITY' ELSE '' END AS what \
    FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_collation o ON o.oid = a.attcollation \
    WHERE a.attrelid = CAST($1 AS regclass) AND a.attnum > 0 AND NOT a.attisdropped \
    UNION ALL SELECT 100000, 'primary key ' || pg_get_indexdef(i.indexrelid, 1, true) \
    || coalesce(', ' || nullif(pg_get_indexdef(i.indexrelid, 2, true), ''), '') \
    || coalesce(', ' || nullif(pg_get_indexdef(i.indexrelid, 3, true), ''), '') \
    || coalesce(', ' || nullif(pg_get_indexdef(i.indexrelid, 4, true), ''), '') \
    FROM pg_catalog.pg_index i WHERE i.indrelid = CAST($1 AS regclass) AND i.indisprimary \
    AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute n WHERE n.attrelid = i.indrelid AND n.attidentity <> '') \
    ) AS t ORDER BY place";

/// Makes sure that tables which the steps from after a version would make, and which are there, are what they
/// would make.
///
/// # Errors
/// [`MigrateError::Declared`], or the engine's failure.
pub(super) async fn refuse_others(connection: &mut AnyConnection, done: i64) -> Result<(), MigrateError> {
    let mut declared = Vec::new();
    for (_, _, text) in STEPS.iter().filter(|(version, ..)| *version > done) {
        for name in made(text) {
            if is_there(connection, name).await? {
                declared.push(name);
            }
        }
    }
    if declared.is_empty() {
        return Ok(());
    }
    let mut tx = connection.begin().await.map_err(MigrateError::Connect)?;
    let found = compare(&mut tx, &declared).await;
    tx.rollback().await.map_err(MigrateError::Connect)?;
    found
}

/// The tables that a step makes.
fn made(step: &str) -> impl Iterator<Item = &str> {
    step.split(MAKES).skip(1).filter_map(|rest| rest.split_whitespace().next())
}

async fn is_there(connection: &mut AnyConnection, table: &str) -> Result<bool, MigrateError> {
    let sql = Dialect::Postgres.has_table();
    let found = sqlx::query_scalar(sql).bind(table).fetch_one(connection).await;
    found.map(|found: i64| found > 0).map_err(MigrateError::Connect)
}

/// Each table as it is at the step that makes it: later steps alter what was declared too.
async fn compare(connection: &mut AnyConnection, declared: &[&'static str]) -> Result<(), MigrateError> {
    for (_, _, text) in STEPS {
        let temporary = Dialect::Postgres.spell(text).replace(MAKES, "CREATE TEMPORARY TABLE ");
        connection.execute(AssertSqlSafe(temporary)).await.map_err(MigrateError::Connect)?;
        for table in made(text).filter(|table| declared.contains(table)) {
            let schema: String = sqlx::query_scalar("SELECT quote_ident(current_schema())")
                .fetch_one(&mut *connection)
                .await
                .map_err(MigrateError::Connect)?;
            let there = described(connection, &format!("{schema}.{table}")).await?;
            let wanted = described(connection, &format!("pg_temp.{table}")).await?;
            if there != wanted {
                return Err(difference(table, &there, &wanted));
            }
        }
    }
    Ok(())
}

async fn described(connection: &mut AnyConnection, table: &str) -> Result<Vec<String>, MigrateError> {
    let rows = sqlx::query(DESCRIBED).bind(table).fetch_all(connection).await;
    let rows = rows.map_err(MigrateError::Connect)?;
    rows.iter().map(|row| row.try_get("what")).collect::<Result<_, _>>().map_err(MigrateError::Connect)
}

fn difference(table: &'static str, there: &[String], wanted: &[String]) -> MigrateError {
    let at = there.iter().zip(wanted).take_while(|(there, wanted)| there == wanted).count();
    let word = |words: &[String]| words.get(at).cloned().unwrap_or_else(|| "nothing".to_owned());
    MigrateError::Declared { table, there: word(there), wanted: word(wanted) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_be_carried_out_over_tables_that_are_there() {
        for (version, _, text) in STEPS {
            let lenient = lenient(text);
            let ways = |text: &str, of: &str| text.matches(of).count();
            for made in ["TABLE", "INDEX"] {
                let all =
                    ways(text, &format!("CREATE {made} ")) + ways(text, &format!("CREATE UNIQUE {made} "));
                assert_eq!(ways(&lenient, &format!("{made} IF NOT EXISTS ")), all, "step {version}");
            }
        }
        let first: Vec<&str> = made(STEPS[0].2).collect();
        assert!(first.contains(&"notice") && first.contains(&"past_run"), "{first:?}");
    }
}
