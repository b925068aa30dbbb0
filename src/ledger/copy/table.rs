//! A table as the catalog of its ledger describes it, and the statements that copy it. Nothing is
//! listed by hand but what is not copied: so no table of a later step can be forgotten.

use super::row::{Row, Value};
use crate::ledger::StoreError;

/// Tables that are each ledger's own: the steps that made it, its writers' sessions and gateways, its
/// health checks, and the mark of a copy into it.
const NOT_COPIED: [&str; 5] = ["_sqlx_migrations", "writer", "gateway", "probe", super::mark::TABLE];

/// Rows read at a time, and of tables whose rows hold bytes: a message may have many.
const ROWS_MAX: usize = 5000;
const ROWS_OF_BYTES_MAX: usize = 500;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Text,
    Bytes,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// A table that is copied. Columns in the order of their names; `key` has the places of those of the
/// primary key, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) key: Vec<usize>,
}

/// A column as an engine's catalog has it.
pub(super) struct Found {
    pub(super) table: String,
    pub(super) column: String,
    /// `None`: a type that is no ledger's.
    pub(super) kind: Option<Kind>,
    /// Its place in the primary key.
    pub(super) key: Option<i64>,
    /// Whether it is ordered by its bytes.
    pub(super) bytewise: bool,
}

/// The part of a table between two keys, the first excluded and the second included.
#[derive(Debug, Clone, Default)]
pub(super) struct Range {
    pub(super) after: Option<Row>,
    pub(super) upto: Option<Row>,
}

/// All tables to copy, by name.
///
/// # Errors
/// A table that cannot be copied.
pub(super) fn tables(found: Vec<Found>) -> Result<Vec<Table>, StoreError> {
    let mut found: Vec<Found> =
        found.into_iter().filter(|column| !NOT_COPIED.contains(&column.table.as_str())).collect();
    found.sort_by(|a, b| (&a.table, &a.column).cmp(&(&b.table, &b.column)));
    found.chunk_by(|a, b| a.table == b.table).map(Table::of).collect()
}

impl Table {
    fn of(found: &[Found]) -> Result<Self, StoreError> {
        let name = &found[0].table;
        let broken = |what: &str| StoreError::broken(format!("table {name} cannot be copied: {what}"));
        let mut key = Vec::new();
        let mut columns = Vec::with_capacity(found.len());
        for (at, column) in found.iter().enumerate() {
            let named = |what: &str| broken(&format!("its column {} {what}", column.column));
            let kind = column.kind.ok_or_else(|| named("is of an unknown type"))?;
            if let Some(place) = column.key {
                if !column.bytewise {
                    return Err(named("is not ordered by its bytes"));
                }
                key.push((place, at));
            }
            columns.push(Column { name: column.column.clone(), kind });
        }
        if key.is_empty() {
            return Err(broken("it has no primary key"));
        }
        key.sort_unstable();
        Ok(Self { name: name.clone(), columns, key: key.into_iter().map(|(_, at)| at).collect() })
    }

    /// How many rows to read at a time.
    pub(super) fn rows_max(&self) -> usize {
        let has_bytes = self.columns.iter().any(|column| column.kind == Kind::Bytes);
        if has_bytes { ROWS_OF_BYTES_MAX } else { ROWS_MAX }
    }

    /// The key of one of its rows.
    pub(super) fn key_of(&self, row: &[Value]) -> Row {
        self.key.iter().map(|at| row[*at].clone()).collect()
    }

    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.columns.iter().map(|column| column.kind).collect()
    }

    /// Reads the first rows of a range; its last parameter is how many.
    pub(super) fn select(&self, range: &Range) -> String {
        let (table, columns, key) = (quoted(&self.name), self.column_names(), self.key_names());
        let (condition, used) = self.within(range);
        format!("/* copy read */ SELECT {columns} FROM {table}{condition} ORDER BY {key} LIMIT ${}", used + 1)
    }

    /// Removes a range.
    pub(super) fn delete(&self, range: &Range) -> String {
        format!("/* copy remove */ DELETE FROM {}{}", quoted(&self.name), self.within(range).0)
    }

    /// Begins an insertion.
    pub(super) fn insert(&self) -> String {
        format!("/* copy insert */ INSERT INTO {} ({})", quoted(&self.name), self.column_names())
    }

    pub(super) fn count(&self) -> String {
        format!("/* copy count */ SELECT count(*) FROM {}", quoted(&self.name))
    }

    pub(super) fn any_row(&self) -> String {
        format!("/* copy any */ SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1) AS t", quoted(&self.name))
    }

    /// The condition of a range, and how many parameters it has.
    fn within(&self, range: &Range) -> (String, usize) {
        let key = self.key_names();
        let (mut conditions, mut used) = (Vec::new(), 0);
        for (sign, bound) in [(">", &range.after), ("<=", &range.upto)] {
            if bound.is_some() {
                let parameters = (1..=self.key.len()).map(|at| format!("${}", used + at));
                let parameters = parameters.collect::<Vec<_>>().join(", ");
                conditions.push(format!("({key}) {sign} ({parameters})"));
                used += self.key.len();
            }
        }
        let condition = conditions.join(" AND ");
        let condition = if used == 0 { condition } else { format!(" WHERE {condition}") };
        (condition, used)
    }

    fn key_names(&self) -> String {
        self.key.iter().map(|at| quoted(&self.columns[*at].name)).collect::<Vec<_>>().join(", ")
    }

    fn column_names(&self) -> String {
        self.columns.iter().map(|column| quoted(&column.name)).collect::<Vec<_>>().join(", ")
    }
}

impl Range {
    /// The parameters of its condition.
    pub(super) fn parameters(&self) -> Vec<Value> {
        self.after.iter().chain(&self.upto).flatten().cloned().collect()
    }
}

/// A name as both engines take it, whatever word it is.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
