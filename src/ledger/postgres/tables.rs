//! The tables of fulfilment on a server: rows fetched and written by the array, one statement for each
//! table and column, made from the table's columns.
//!
//! Tasks and codes are taken by claims and draws without any lock but their rows'; so whoever is going
//! to write has the rows that it reads for itself. These are asked for in the order of their keys.

use tokio_postgres::Row;

use super::link::Ask;
use super::overlay::{Cells, Changed, Column, Fetched, Wanted};
use crate::ledger::StoreError;
use crate::ledger::due::Claim;
use crate::ledger::due::{CLAIMABLE, TAKE};
use crate::ledger::need::Need;
use crate::ledger::tables::{Cell, Record, Table, Type};
use crate::outbox::Task;
use crate::stock::Code;

/// A kind of answer.
pub(super) enum Part {
    Rows(Column),
    Lists(Column),
    Numbers(&'static Table),
    Stock,
    Claim,
}

/// Asks for all that is wanted, but for what comes with identities (`devices`).
pub(super) fn asks(wanted: &Wanted, to_write: bool) -> Vec<(Part, Ask<'_>)> {
    let rows =
        wanted.rows.iter().map(|(of, values)| (Part::Rows(*of), look_up(*of, values.iter(), to_write)));
    let lists =
        wanted.lists.iter().map(|(of, values)| (Part::Lists(*of), look_up(*of, values.iter(), to_write)));
    let mut asks: Vec<_> = rows.chain(lists).collect();
    asks.extend(wanted.numbers.iter().map(|(table, count)| (Part::Numbers(table), numbers(table, *count))));
    asks.extend(wanted.need.iter().map(|need| (Part::Stock, stock(need))));
    asks.extend(wanted.claim.iter().map(|claim| (Part::Claim, self::claim(claim))));
    asks
}

/// Takes an answer.
pub(super) fn take(
    part: &Part,
    found: &[Row],
    wanted: &Wanted,
    into: &mut Fetched,
) -> Result<(), StoreError> {
    match part {
        Part::Rows(column) => {
            let keys = wanted.rows.get(column).into_iter().flatten();
            into.rows.extend(keys.map(|key| ((column.table, key.clone()), None)));
            for row in found {
                let row = cells(column.table, row)?;
                into.rows.insert((column.table, row[0].clone()), Some(row));
            }
        }
        Part::Lists(column) => {
            let values = wanted.lists.get(column).into_iter().flatten();
            into.lists.extend(values.map(|value| ((*column, value.clone()), Vec::new())));
            for row in found {
                let row = cells(column.table, row)?;
                let list = into.lists.entry((*column, row[column.place].clone())).or_default();
                list.push(row[0].clone());
                into.rows.insert((column.table, row[0].clone()), Some(row));
            }
        }
        Part::Numbers(table) => {
            let numbers = into.numbers.entry(table).or_default();
            for row in found {
                numbers.push(row.try_get(0)?);
            }
        }
        Part::Stock => into.stock = Some(found.first().map(|row| cells(Code::TABLE, row)).transpose()?),
        Part::Claim => {
            let claimed = found.iter().map(|row| cells(Task::TABLE, row)).collect::<Result<_, _>>()?;
            into.claimed = Some(claimed);
        }
    }
    Ok(())
}

fn look_up<'c>(column: Column, values: impl Iterator<Item = &'c Cell>, to_write: bool) -> Ask<'c> {
    let table = column.table;
    let (by, of) = table.columns[column.place];
    let is_taken = to_write && [Task::TABLE.name, Code::TABLE.name].contains(&table.name);
    let sql = format!(
        "/* {} by {by} */ SELECT {} FROM {} WHERE {by} = ANY($1) ORDER BY {}{}",
        table.name,
        table.names(),
        table.name,
        table.key(),
        if is_taken { " FOR UPDATE" } else { "" },
    );
    with(Ask::new(sql), of, values)
}

fn numbers(table: &Table, count: usize) -> Ask<'static> {
    let name = table.name;
    let sql = format!("/* {name} ids */ SELECT nextval('{name}_id_seq') FROM generate_series(1, $1::bigint)");
    Ask::new(sql).with(i64::try_from(count).unwrap_or(i64::MAX))
}

fn stock(need: &Need) -> Ask<'_> {
    let sql = format!("{} FOR UPDATE SKIP LOCKED", Need::sql());
    let ask = Ask::new(sql).with(&need.provider).with(need.kind.word());
    let ask = ask.with(i64::from(need.days_min)).with(need.now.0).with(need.storage());
    ask.with(need.retention_days())
}

/// One statement for all providers. What another is taking up just now is passed over.
fn claim(claim: &Claim) -> Ask<'_> {
    let (names, of_one) = (Task::TABLE.names(), CLAIMABLE.replace("$1", "room.provider"));
    let sql = format!(
        "/* task claim */ {TAKE}, token = $4, due_at = $5 WHERE id IN (SELECT one.id \
         FROM unnest($1::text[], $3::bigint[]) AS room (provider, tasks_max) CROSS JOIN LATERAL \
         ({of_one} LIMIT room.tasks_max FOR UPDATE OF t SKIP LOCKED) AS one) RETURNING {names}"
    );
    let providers: Vec<&str> = claim.rooms.iter().map(|room| room.provider.as_str()).collect();
    let rooms: Vec<i64> = claim.rooms.iter().map(|room| i64::from(room.tasks_max)).collect();
    let ask = Ask::new(sql).with(providers).with(claim.now.0).with(rooms);
    ask.with(&claim.token).with(claim.leased_until.0)
}

/// What writes all that changed.
pub(super) fn writes(changed: &Changed) -> Vec<Ask<'_>> {
    let mut asks = Vec::new();
    for (table, rows) in &changed.rows {
        let arrays = |(place, (_, of)): (usize, &(&str, Type))| match of {
            Type::Int => format!("${}::bigint[]", place + 1),
            Type::Text => format!("${}::text[]", place + 1),
        };
        let arrays: Vec<String> = table.columns.iter().enumerate().map(arrays).collect();
        let sql = format!(
            "/* {} write */ INSERT INTO {} ({}) SELECT * FROM unnest({}) {}",
            table.name,
            table.name,
            table.names(),
            arrays.join(", "),
            table.overwrite()
        );
        let columns = table.columns.iter().enumerate();
        asks.push(columns.fold(Ask::new(sql), |ask, (place, (_, of))| {
            with(ask, *of, rows.values().map(|row| &row[place]))
        }));
    }
    asks.extend(changed.purge.iter().map(|(old, at)| Ask::new(old.sql()).with(at.0)));
    asks
}

fn with<'c>(ask: Ask<'c>, of: Type, cells: impl Iterator<Item = &'c Cell>) -> Ask<'c> {
    match of {
        Type::Int => ask.with(ints(cells)),
        Type::Text => ask.with(texts(cells)),
    }
}

fn cells(table: &Table, row: &Row) -> Result<Cells, StoreError> {
    let cell = |(place, (_, of)): (usize, &(&str, Type))| {
        Ok(match of {
            Type::Int => row.try_get::<_, Option<i64>>(place)?.into(),
            Type::Text => row.try_get::<_, Option<String>>(place)?.into(),
        })
    };
    table.columns.iter().enumerate().map(cell).collect()
}

fn ints<'c>(cells: impl Iterator<Item = &'c Cell>) -> Vec<Option<i64>> {
    cells.map(|cell| if let Cell::Int(value) = cell { Some(*value) } else { None }).collect()
}

fn texts<'c>(cells: impl Iterator<Item = &'c Cell>) -> Vec<Option<&'c str>> {
    cells.map(|cell| if let Cell::Text(text) = cell { Some(text.as_str()) } else { None }).collect()
}
