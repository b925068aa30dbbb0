//! Records in a transaction: which tables a function reads and writes stands in its bounds, as
//! `impl Reads<DeviceRow> + Writes<Task>`; how, [`Records`] knows for all of them.

use super::StoreError;
use super::due::Claim;
use super::need::Need;
use super::store::Tables;
use super::tables::{Cell, Record, read};
use crate::outbox::Task;
use crate::stock::Code;

/// May read a table's records.
pub(super) trait Reads<R: Record> {
    /// The record of a key.
    ///
    /// # Errors
    /// As for all of these: the engine's.
    fn one(&mut self, key: &Cell) -> Result<Option<R>, StoreError>;

    /// The records with a value in an indexed column, in no order.
    ///
    /// # Errors
    /// The engine's.
    fn some(&mut self, column: &'static str, value: &Cell) -> Result<Vec<R>, StoreError>;
}

/// May write them too.
pub(super) trait Writes<R: Record>: Reads<R> {
    /// Writes a record, over the one of its key if there is one.
    ///
    /// # Errors
    /// The engine's.
    fn keep(&mut self, record: &R) -> Result<(), StoreError>;

    /// A number for a new record of a table whose key is one ([`Tables::next_number`]).
    ///
    /// # Errors
    /// The engine's.
    fn number(&mut self) -> Result<i64, StoreError>;
}

impl<R: Record, S: Tables> Reads<R> for S {
    fn one(&mut self, key: &Cell) -> Result<Option<R>, StoreError> {
        self.row(R::TABLE, key)?.map(read).transpose()
    }

    fn some(&mut self, column: &'static str, value: &Cell) -> Result<Vec<R>, StoreError> {
        let place = R::TABLE.place(column)?;
        self.rows(R::TABLE, place, value)?.into_iter().map(read).collect()
    }
}

impl<R: Record, S: Tables> Writes<R> for S {
    fn keep(&mut self, record: &R) -> Result<(), StoreError> {
        self.write(R::TABLE, record.write())
    }

    fn number(&mut self) -> Result<i64, StoreError> {
        self.next_number(R::TABLE)
    }
}

/// Any of them, by the name of its type.
pub(super) trait Records {
    /// The record of a key.
    ///
    /// # Errors
    /// As for all of these: the engine's.
    fn get<R: Record>(&mut self, key: impl Into<Cell>) -> Result<Option<R>, StoreError>
    where
        Self: Reads<R>,
    {
        self.one(&key.into())
    }

    /// The records with a value in an indexed column, in no order.
    ///
    /// # Errors
    /// The engine's.
    fn list<R: Record>(&mut self, column: &'static str, value: impl Into<Cell>) -> Result<Vec<R>, StoreError>
    where
        Self: Reads<R>,
    {
        self.some(column, &value.into())
    }

    /// Writes a record, over the one of its key if there is one.
    ///
    /// # Errors
    /// The engine's.
    fn save<R: Record>(&mut self, record: &R) -> Result<(), StoreError>
    where
        Self: Writes<R>,
    {
        self.keep(record)
    }

    /// A number for a new record of a table whose key is one.
    ///
    /// # Errors
    /// The engine's.
    fn new_number<R: Record>(&mut self) -> Result<i64, StoreError>
    where
        Self: Writes<R>,
    {
        Writes::<R>::number(self)
    }
}

impl<S> Records for S {}

/// May take tasks up.
pub(super) trait Claims {
    /// Takes up tasks; as they are then.
    ///
    /// # Errors
    /// The engine's.
    fn take_up(&mut self, claim: &Claim) -> Result<Vec<Task>, StoreError>;
}

impl<S: Tables> Claims for S {
    fn take_up(&mut self, claim: &Claim) -> Result<Vec<Task>, StoreError> {
        self.claim(claim)?.into_iter().map(read).collect()
    }
}

/// May take codes out of stock.
pub(super) trait Stocks {
    /// A code in stock that serves a need and that nobody else is taking.
    ///
    /// # Errors
    /// The engine's.
    fn in_stock(&mut self, need: &Need) -> Result<Option<Code>, StoreError>;
}

impl<S: Tables> Stocks for S {
    fn in_stock(&mut self, need: &Need) -> Result<Option<Code>, StoreError> {
        self.stock(need)?.map(read).transpose()
    }
}
