//! The tables of fulfilment: one mechanism for all, its statements made from each table's columns; and
//! the two that take rows no other may hold. One writer has the whole database, so nothing is locked.

use std::collections::HashMap;

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params, params_from_iter};

use crate::clock::Timestamp;
use crate::ledger::StoreError;
use crate::ledger::due::Claim;
use crate::ledger::due::{CLAIMABLE, TAKE};
use crate::ledger::need::Need;
use crate::ledger::tables::{Cell, Old, Record, Table};
use crate::outbox::Task;
use crate::stock::Code;

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Int(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

/// A row's values, whatever table it is of.
fn cells(row: &Row<'_>, columns: usize) -> rusqlite::Result<Vec<Cell>> {
    let cell = |place| match row.get_ref(place)? {
        ValueRef::Null => Ok(Cell::Null),
        ValueRef::Integer(value) => Ok(Cell::Int(value)),
        other => Ok(Cell::Text(other.as_str().map_err(rusqlite::Error::from)?.to_owned())),
    };
    (0..columns).map(cell).collect()
}

/// What is asked of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Verb {
    Get,
    By(usize),
    Write,
    Next,
}

/// Statements, each made of its table's columns once: making one takes longer than reading a row by it.
#[derive(Debug, Default)]
pub(super) struct Statements(HashMap<(&'static str, Verb), String>);

impl Statements {
    fn of(&mut self, table: &'static Table, verb: Verb) -> &str {
        self.0.entry((table.name, verb)).or_insert_with(|| statement(table, verb))
    }
}

fn statement(table: &Table, verb: Verb) -> String {
    let (name, key, names) = (table.name, table.key(), table.names());
    match verb {
        Verb::Get => format!("/* {name} get */ SELECT {names} FROM {name} WHERE {key} = $1"),
        Verb::By(column) => {
            let by = table.columns[column].0;
            format!("/* {name} by {by} */ SELECT {names} FROM {name} WHERE {by} = $1")
        }
        Verb::Write => {
            let values: Vec<String> = (1..=table.columns.len()).map(|place| format!("${place}")).collect();
            let (values, overwrite) = (values.join(", "), table.overwrite());
            format!("/* {name} write */ INSERT INTO {name} ({names}) VALUES ({values}) {overwrite}")
        }
        Verb::Next => format!("/* {name} next */ SELECT coalesce(max({key}), 0) + 1 FROM {name}"),
    }
}

pub(super) fn row(
    connection: &Connection,
    statements: &mut Statements,
    table: &'static Table,
    key: &Cell,
) -> Result<Option<Vec<Cell>>, StoreError> {
    let mut statement = connection.prepare_cached(statements.of(table, Verb::Get))?;
    Ok(statement.query_row([key], |row| cells(row, table.columns.len())).optional()?)
}

pub(super) fn rows(
    connection: &Connection,
    statements: &mut Statements,
    table: &'static Table,
    column: usize,
    value: &Cell,
) -> Result<Vec<Vec<Cell>>, StoreError> {
    let mut statement = connection.prepare_cached(statements.of(table, Verb::By(column)))?;
    let rows = statement.query_map([value], |row| cells(row, table.columns.len()))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(super) fn write(
    connection: &Connection,
    statements: &mut Statements,
    table: &'static Table,
    row: &[Cell],
) -> Result<(), StoreError> {
    connection.prepare_cached(statements.of(table, Verb::Write))?.execute(params_from_iter(row))?;
    Ok(())
}

pub(super) fn has_devices(connection: &Connection, number: &str) -> Result<bool, StoreError> {
    let sql = "/* device any */ SELECT 1 FROM device WHERE msisdn = $1 LIMIT 1";
    Ok(connection.prepare_cached(sql)?.exists([number])?)
}

pub(super) fn next_number(
    connection: &Connection,
    statements: &mut Statements,
    table: &'static Table,
) -> Result<i64, StoreError> {
    Ok(connection.prepare_cached(statements.of(table, Verb::Next))?.query_row([], |row| row.get(0))?)
}

pub(super) fn stock(connection: &Connection, need: &Need) -> Result<Option<Vec<Cell>>, StoreError> {
    let columns = Code::TABLE.columns.len();
    let mut statement = connection.prepare_cached(&Need::sql())?;
    let parameters = params![
        need.provider,
        need.kind.word(),
        need.days_min,
        need.now.0,
        need.storage(),
        need.retention_days()
    ];
    Ok(statement.query_row(parameters, |row| cells(row, columns)).optional()?)
}

pub(super) fn claim(connection: &Connection, claim: &Claim) -> Result<Vec<Vec<Cell>>, StoreError> {
    let (columns, names) = (Task::TABLE.columns.len(), Task::TABLE.names());
    let sql = format!(
        "/* task claim */ {TAKE}, token = $4, due_at = $5 WHERE id IN ({CLAIMABLE} LIMIT $3) RETURNING {names}"
    );
    // Its parameters do not stand in the order of their numbers.
    let sql = sql.replace('$', "?");
    let mut claimed = Vec::new();
    for room in claim.rooms.iter().filter(|room| room.tasks_max > 0) {
        let mut statement = connection.prepare_cached(&sql)?;
        let parameters =
            params![room.provider, claim.now.0, room.tasks_max, claim.token, claim.leased_until.0];
        for row in statement.query_map(parameters, |row| cells(row, columns))? {
            claimed.push(row?);
        }
    }
    Ok(claimed)
}

pub(super) fn purge(connection: &Connection, old: &Old, at: Timestamp) -> Result<(), StoreError> {
    connection.prepare_cached(&old.sql())?.execute([at.0])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::ledger::fulfil::Room;
    use crate::ledger::tables::Record;
    use crate::outbox::tests::{lease, task};
    use crate::outbox::{TaskAction, TaskState};

    /// The statement of a claim and the life of a task say the same, to the last cell of the row.
    #[track_caller]
    fn check(task: &Task, now: Timestamp) {
        let connection = Connection::open_in_memory().expect("a database");
        let table = format!("CREATE TABLE task ({}, PRIMARY KEY (id))", Task::TABLE.names());
        connection.execute_batch(&table).expect("a table");
        write(&connection, &mut Statements::default(), Task::TABLE, &task.write()).expect("a row");
        let rooms = vec![Room { provider: task.provider.clone(), tasks_max: 1, wants_state: false }];
        let asked = Claim { rooms, now, leased_until: lease().until, token: lease().token };
        let claimed = claim(&connection, &asked).expect("claimed");
        let expected: Vec<_> = task.clone().claimed(lease(), now).iter().map(Record::write).collect();
        assert_eq!(claimed, expected, "{task:?}");
    }

    #[test]
    fn a_claim_does_what_a_tasks_life_says() {
        for action in TaskAction::ALL {
            let due = task(1, action);
            for now in [due.due_at, due.due_at.plus_ms(-1)] {
                check(&due, now);
                check(&Task { doubt: true, ..due.clone() }, now);
            }
            let running = due.claimed(lease(), Timestamp(100)).expect("due");
            check(&running, lease().until);
            check(&running, lease().until.plus_ms(-1));
            for state in TaskState::ALL.into_iter().filter(|state| !state.is_open()) {
                check(&Task { state, ..running.clone() }, lease().until);
            }
        }
    }
}
