//! The tables of fulfilment as values: a record is a row of cells in the order of its table's columns,
//! and each engine reads and writes all of them by one mechanism. The journal and its fold, where
//! every microsecond counts, have statements of their own.

pub(super) mod aside;
pub(super) mod audit;
pub(super) mod breaker;
pub(super) mod code;
pub(super) mod coupon;
pub(super) mod coupon_count;
pub(super) mod device;
pub(super) mod duty;
pub(super) mod foreseen;
pub(super) mod gateway;
pub(super) mod nonce;
pub(super) mod order;
pub(super) mod payment;
pub(super) mod refold;
pub(super) mod service;
pub(super) mod task;
pub(super) mod transfer;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use super::StoreError;
use crate::clock::Timestamp;

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cell {
    Null,
    Int(i64),
    Text(String),
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Int,
    Text,
}

/// A table: its name and columns, of which the first is its key.
#[derive(Debug)]
pub struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [(&'static str, Type)],
}

/// There is one of each name.
impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Table {}

impl PartialOrd for Table {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Table {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name.cmp(other.name)
    }
}

impl Hash for Table {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl Table {
    /// The columns' names with commas between.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| *name).collect();
        names.join(", ")
    }

    /// The key's name.
    pub(super) fn key(&self) -> &'static str {
        self.columns[0].0
    }

    /// How a row that is there already takes the new one's values.
    pub(super) fn overwrite(&self) -> String {
        let taken: Vec<String> =
            self.columns[1..].iter().map(|(name, _)| format!("{name} = excluded.{name}")).collect();
        format!("ON CONFLICT ({}) DO UPDATE SET {}", self.key(), taken.join(", "))
    }

    /// Where a column stands.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub(super) fn place(&self, column: &str) -> Result<usize, StoreError> {
        let place = self.columns.iter().position(|(name, _)| *name == column);
        place.ok_or_else(|| StoreError::broken(format!("{} has no column {column}", self.name)))
    }
}

/// Which rows of a table are old at a time: those with an earlier one, or the same, in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Old {
    pub(super) table: &'static Table,
    pub(super) column: &'static str,
}

impl Old {
    /// Forgets the rows that are old at `$1`, so many as one write may: nobody waits long for it.
    pub(super) fn sql(&self) -> String {
        let (name, key, column) = (self.table.name, self.table.key(), self.column);
        format!(
            "/* {name} purge */ DELETE FROM {name} WHERE {key} IN \
             (SELECT {key} FROM {name} WHERE {column} <= $1 LIMIT {PURGED_MAX})"
        )
    }
}

/// Rows forgotten in one write.
const PURGED_MAX: u32 = 500;

/// Something kept as a row of a table.
pub(super) trait Record: Sized {
    /// Its table.
    const TABLE: &'static Table;

    /// The row.
    fn write(&self) -> Vec<Cell>;

    /// The record of a row.
    ///
    /// # Errors
    /// Where the row holds what no gateway wrote.
    fn read(row: &mut Cells) -> Result<Self, StoreError>;
}

/// Reads the record of a row.
///
/// # Errors
/// [`Record::read`]'s.
pub(super) fn read<R: Record>(cells: Vec<Cell>) -> Result<R, StoreError> {
    R::read(&mut Cells { table: R::TABLE, cells: cells.into_iter() })
}

/// Does something for each of several, and asks for all that was not fetched yet before it gives up:
/// so that a batch on a server needs one more round, not one for each.
///
/// # Errors
/// The engine's.
pub(super) fn each<T, R>(
    of: impl IntoIterator<Item = T>,
    mut what: impl FnMut(T) -> Result<R, StoreError>,
) -> Result<Vec<R>, StoreError> {
    let mut is_unfetched = false;
    let mut results = Vec::new();
    for item in of {
        match what(item) {
            Ok(result) => results.push(result),
            Err(StoreError::Unfetched) => is_unfetched = true,
            Err(error) => return Err(error),
        }
    }
    if is_unfetched { Err(StoreError::Unfetched) } else { Ok(results) }
}

/// A row being read, cell by cell.
pub(super) struct Cells {
    table: &'static Table,
    cells: std::vec::IntoIter<Cell>,
}

impl Cells {
    fn damaged(&self, what: &str) -> StoreError {
        let place = self.table.columns.len().saturating_sub(self.cells.len() + 1);
        let column = self.table.columns.get(place).map_or("?", |(name, _)| name);
        StoreError::broken(format!("{}.{column} {what}", self.table.name))
    }

    pub(super) fn int_or_none(&mut self) -> Result<Option<i64>, StoreError> {
        match self.cells.next() {
            Some(Cell::Int(value)) => Ok(Some(value)),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.damaged("is no number")),
        }
    }

    pub(super) fn text_or_none(&mut self) -> Result<Option<String>, StoreError> {
        match self.cells.next() {
            Some(Cell::Text(value)) => Ok(Some(value)),
            Some(Cell::Null) => Ok(None),
            _ => Err(self.damaged("is no text")),
        }
    }

    pub(super) fn int(&mut self) -> Result<i64, StoreError> {
        self.int_or_none()?.ok_or_else(|| self.damaged("is null"))
    }

    pub(super) fn small(&mut self) -> Result<u32, StoreError> {
        u32::try_from(self.int()?).map_err(|_| self.damaged("is out of range"))
    }

    pub(super) fn small_or_none(&mut self) -> Result<Option<u32>, StoreError> {
        let value = self.int_or_none()?.map(u32::try_from).transpose();
        value.map_err(|_| self.damaged("is out of range"))
    }

    /// An amount in minor units.
    pub(super) fn minor(&mut self) -> Result<u64, StoreError> {
        self.minor_or_none()?.ok_or_else(|| self.damaged("is null"))
    }

    pub(super) fn minor_or_none(&mut self) -> Result<Option<u64>, StoreError> {
        let value = self.int_or_none()?.map(u64::try_from).transpose();
        value.map_err(|_| self.damaged("is out of range"))
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        self.text_or_none()?.ok_or_else(|| self.damaged("is null"))
    }

    pub(super) fn time(&mut self) -> Result<Timestamp, StoreError> {
        self.int().map(Timestamp)
    }

    pub(super) fn time_or_none(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.int_or_none()?.map(Timestamp))
    }

    /// A text that stands for something.
    pub(super) fn word<T>(&mut self, meaning: impl Fn(&str) -> Option<T>) -> Result<T, StoreError> {
        let text = self.text()?;
        meaning(&text).ok_or_else(|| self.damaged("holds a word that no gateway wrote"))
    }

    pub(super) fn word_or_none<T>(
        &mut self,
        meaning: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, StoreError> {
        let Some(text) = self.text_or_none()? else { return Ok(None) };
        meaning(&text).map(Some).ok_or_else(|| self.damaged("holds a word that no gateway wrote"))
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        let text = self.text()?;
        serde_json::from_str(&text).map_err(|_| self.damaged("holds JSON that no gateway wrote"))
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Cell {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Self {
        Self::Int(value.into())
    }
}

impl From<Timestamp> for Cell {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.0)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&String> for Cell {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
