//! Rows of the tables of fulfilment in one transaction's memory: what was fetched, and what the writes
//! made of it, by one mechanism for all tables.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::ledger::StoreError;
use crate::ledger::due::Claim;
use crate::ledger::need::Need;
use crate::ledger::tables::device::DeviceRow;
use crate::ledger::tables::{Cell, Old, Record, Table};
use crate::outbox::Task;

/// A row as its table has it.
pub(super) type Cells = Vec<Cell>;

/// Numbers fetched for each task that asked for one: who makes one task makes some.
pub(super) const SPARE: usize = 8;

/// A column that rows are looked up by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Column {
    pub(super) table: &'static Table,
    pub(super) place: usize,
}

/// What is to be fetched.
#[derive(Debug, Default, Clone)]
pub(super) struct Wanted {
    /// Numbers of which is to be known whether any device is theirs.
    pub(super) devices: HashSet<Msisdn>,
    pub(super) rows: BTreeMap<Column, BTreeSet<Cell>>,
    pub(super) lists: BTreeMap<Column, BTreeSet<Cell>>,
    /// How many numbers for new rows.
    pub(super) numbers: BTreeMap<&'static Table, usize>,
    pub(super) need: Option<Need>,
    pub(super) claim: Option<Claim>,
}

/// What was fetched. A key that is absent was not asked for; `None` was not found.
#[derive(Default)]
pub(super) struct Fetched {
    pub(super) devices: HashMap<Msisdn, bool>,
    pub(super) rows: HashMap<(&'static Table, Cell), Option<Cells>>,
    /// The keys of the rows with a value in a column.
    pub(super) lists: HashMap<(Column, Cell), Vec<Cell>>,
    /// Numbers for new rows.
    pub(super) numbers: HashMap<&'static Table, Vec<i64>>,
    pub(super) stock: Option<Option<Cells>>,
    pub(super) claimed: Option<Vec<Cells>>,
}

/// What the writes changed, in the order in which it is written.
#[derive(Default)]
pub(super) struct Changed {
    pub(super) rows: BTreeMap<&'static Table, BTreeMap<Cell, Cells>>,
    pub(super) purge: Vec<(&'static Old, Timestamp)>,
    /// How many numbers are used.
    numbers: HashMap<&'static Table, usize>,
}

impl Wanted {
    pub(super) fn is_empty(&self) -> bool {
        let Self { devices, rows, lists, numbers, need, claim } = self;
        devices.is_empty()
            && rows.is_empty()
            && lists.is_empty()
            && numbers.is_empty()
            && need.is_none()
            && claim.is_none()
    }
}

/// The three of one transaction.
#[derive(Default)]
pub(super) struct Overlay {
    pub(super) wanted: Wanted,
    pub(super) fetched: Fetched,
    pub(super) changed: Changed,
}

impl Overlay {
    /// Forgets what the writes made, to run them again.
    pub(super) fn begin_again(&mut self) {
        self.changed = Changed::default();
        self.wanted = Wanted::default();
    }

    pub(super) fn has_devices(&mut self, number: &Msisdn) -> Result<bool, StoreError> {
        let column = Column { table: DeviceRow::TABLE, place: DeviceRow::TABLE.place("msisdn")? };
        let theirs = Cell::from(number.in_full());
        let mut written = self.changed.rows.get(column.table).into_iter().flat_map(BTreeMap::values);
        if written.any(|row| row.get(column.place) == Some(&theirs)) {
            return Ok(true);
        }
        match self.fetched.devices.get(number) {
            Some(any) => Ok(*any),
            None => {
                self.wanted.devices.insert(number.clone());
                Err(StoreError::Unfetched)
            }
        }
    }

    pub(super) fn row(&mut self, table: &'static Table, key: &Cell) -> Result<Option<Cells>, StoreError> {
        match self.known(table, key) {
            Some(row) => Ok(row.cloned()),
            None => {
                let column = Column { table, place: 0 };
                self.wanted.rows.entry(column).or_default().insert(key.clone());
                Err(StoreError::Unfetched)
            }
        }
    }

    fn known(&self, table: &'static Table, key: &Cell) -> Option<Option<&Cells>> {
        match self.changed.rows.get(table).and_then(|rows| rows.get(key)) {
            Some(row) => Some(Some(row)),
            None => self.fetched.rows.get(&(table, key.clone())).map(Option::as_ref),
        }
    }

    /// What was found, unless it has another value there by now, and what has that value by now.
    pub(super) fn rows(&mut self, column: Column, value: &Cell) -> Result<Vec<Cells>, StoreError> {
        let Some(found) = self.fetched.lists.get(&(column, value.clone())) else {
            self.wanted.lists.entry(column).or_default().insert(value.clone());
            return Err(StoreError::Unfetched);
        };
        let written = self.changed.rows.get(column.table).into_iter().flat_map(BTreeMap::keys);
        let keys: BTreeSet<&Cell> = found.iter().chain(written).collect();
        let rows = keys.into_iter().filter_map(|key| self.known(column.table, key).flatten());
        Ok(rows.filter(|row| row.get(column.place) == Some(value)).cloned().collect())
    }

    pub(super) fn write(&mut self, table: &'static Table, row: Cells) -> Result<(), StoreError> {
        let key = row.first().cloned().ok_or_else(|| StoreError::broken("a row without a key"))?;
        self.changed.rows.entry(table).or_default().insert(key, row);
        Ok(())
    }

    pub(super) fn next_number(&mut self, table: &'static Table) -> Result<i64, StoreError> {
        let used = self.changed.numbers.entry(table).or_default();
        match self.fetched.numbers.get(table).and_then(|numbers| numbers.get(*used)) {
            Some(id) => {
                *used += 1;
                Ok(*id)
            }
            None => {
                let more = if table == Task::TABLE { SPARE } else { 1 };
                *self.wanted.numbers.entry(table).or_default() += more;
                Err(StoreError::Unfetched)
            }
        }
    }

    /// Whoever asks goes alone, so there is one need.
    pub(super) fn stock(&mut self, need: &Need) -> Result<Option<Cells>, StoreError> {
        let found = self.fetched.stock.clone();
        found.ok_or_else(|| {
            self.wanted.need = Some(need.clone());
            StoreError::Unfetched
        })
    }

    /// Whoever asks goes alone, so there is one claim.
    pub(super) fn claim(&mut self, claim: &Claim) -> Result<Vec<Cells>, StoreError> {
        let claimed = self.fetched.claimed.clone();
        claimed.ok_or_else(|| {
            self.wanted.claim = Some(claim.clone());
            StoreError::Unfetched
        })
    }
}
