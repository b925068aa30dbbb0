//! Records in a transaction: how a write reads and writes the tables of fulfilment.

use super::StoreError;
use super::store::Store;
use super::tables::{Cell, Record, read};

/// Records in a transaction.
pub(super) trait Records: Store {
    /// The record of a key.
    ///
    /// # Errors
    /// As for all of these: the engine's.
    fn get<R: Record>(&mut self, key: impl Into<Cell>) -> Result<Option<R>, StoreError> {
        self.row(R::TABLE, &key.into())?.map(read).transpose()
    }

    /// The records with a value in an indexed column, in no order.
    ///
    /// # Errors
    /// The engine's.
    fn list<R: Record>(
        &mut self,
        column: &'static str,
        value: impl Into<Cell>,
    ) -> Result<Vec<R>, StoreError> {
        let place = R::TABLE.place(column)?;
        self.rows(R::TABLE, place, &value.into())?.into_iter().map(read).collect()
    }

    /// Writes a record, over the one of its key if there is one.
    ///
    /// # Errors
    /// The engine's.
    fn save<R: Record>(&mut self, record: &R) -> Result<(), StoreError> {
        self.write(R::TABLE, record.write())
    }
}

impl<S: Store> Records for S {}
