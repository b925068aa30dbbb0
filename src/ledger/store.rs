//! What a write transaction must be able to do, whatever the engine: what writes do is written against this, once;
//! an engine brings the statements. It has parts, so that a function's bounds say which it uses.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::StoreError;
use super::due::Claim;
use super::journal::Row;
use super::need::Need;
use super::raw::Raw;
use super::tables::refold::Refold;
use super::tables::{Cell, Old, Table};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, NoticeId};
use crate::subscription::decide::Event;
use crate::subscription::order::Newest;
use crate::subscription::terms::Terms;
use crate::subscription::{Run, ServiceState, Subscription};

/// One open write transaction, all of it. Functions ask for the parts that they use.
pub trait Store: Locks + Journal + WritesFolds + Tables {
    /// Writes something, so that the commit must reach the disk.
    ///
    /// # Errors
    /// As for all of these: the engine's own.
    fn probe(&mut self, at: Timestamp) -> Result<(), StoreError>;

    /// Does something of which the commit leaves nothing, but which the database has been made to write: it
    /// fails wherever doing it for good would.
    ///
    /// # Errors
    /// The engine's, and those of `act`.
    fn rehearse<T>(&mut self, act: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError>
    where
        Self: Sized;
}

/// What a transaction has for itself.
pub trait Locks {
    /// Has something for this transaction alone, before anything of it is read.
    ///
    /// # Errors
    /// The engine's.
    fn lock(&mut self, lock: Lock) -> Result<(), StoreError>;
}

/// The journal, and who holds an identity.
pub trait Journal {
    /// Which notice holds an identity.
    ///
    /// # Errors
    /// The engine's.
    fn holder(&mut self, identity: &str) -> Result<Option<NoticeId>, StoreError>;

    /// Makes a notice the holder of an identity.
    ///
    /// # Errors
    /// The engine's.
    fn assign(&mut self, identity: &str, id: NoticeId) -> Result<(), StoreError>;

    /// A row of the journal.
    ///
    /// # Errors
    /// The engine's.
    fn notice(&mut self, id: NoticeId) -> Result<Option<Row>, StoreError>;

    /// A new row with its message as it came, where one did.
    ///
    /// # Errors
    /// The engine's.
    fn insert(&mut self, row: &Row, raw: Option<&Raw>) -> Result<NoticeId, StoreError>;

    /// One more receipt.
    ///
    /// # Errors
    /// The engine's.
    fn count_again(&mut self, id: NoticeId) -> Result<(), StoreError>;

    /// Writes a row's outcome, scope and fields as read now.
    ///
    /// # Errors
    /// The engine's.
    fn update(&mut self, row: &Row) -> Result<(), StoreError>;

    /// A message as it came, unless purged.
    ///
    /// # Errors
    /// The engine's.
    fn raw(&mut self, id: NoticeId) -> Result<Option<Raw>, StoreError>;

    /// All rows of a number's messages, oldest first.
    ///
    /// # Errors
    /// The engine's.
    fn history(&mut self, number: &Msisdn) -> Result<Vec<Row>, StoreError>;
}

/// What numbers hold, by the folds of their notices.
pub trait ReadsFolds {
    /// How far the folds are made, and under which setting; looked for once in a transaction.
    ///
    /// # Errors
    /// The engine's.
    fn folded(&mut self) -> Result<Option<Refold>, StoreError>;

    /// Terms by their number.
    ///
    /// # Errors
    /// The engine's; also where there are none of that number.
    fn terms(&mut self, id: i64) -> Result<Arc<Terms>, StoreError>;

    /// What a number holds of a service, without its past runs.
    ///
    /// # Errors
    /// The engine's.
    fn state(&mut self, number: &Msisdn, service_id: &str) -> Result<ServiceState, StoreError>;

    /// A number's past runs of a service.
    ///
    /// # Errors
    /// The engine's.
    fn past(&mut self, number: &Msisdn, service_id: &str) -> Result<Vec<Run>, StoreError>;

    /// The services under which anything is stored for a number.
    ///
    /// # Errors
    /// The engine's.
    fn services(&mut self, number: &Msisdn) -> Result<Vec<String>, StoreError>;

    /// All of a number's notices that stand in the fold.
    ///
    /// # Errors
    /// The engine's.
    fn events(&mut self, number: &Msisdn) -> Result<Vec<Event>, StoreError>;

    /// Whether any device is bound to a number.
    ///
    /// # Errors
    /// The engine's.
    fn has_devices(&mut self, number: &Msisdn) -> Result<bool, StoreError>;
}

/// The same, to be written.
pub trait WritesFolds: ReadsFolds {
    /// Writes one subscription, and how far its service's fold has come.
    ///
    /// # Errors
    /// The engine's.
    fn put(
        &mut self,
        number: &Msisdn,
        subscription: &Subscription,
        newest: &Newest,
    ) -> Result<(), StoreError>;

    /// Adds a past run.
    ///
    /// # Errors
    /// The engine's.
    fn add_past(&mut self, number: &Msisdn, run: &Run) -> Result<(), StoreError>;

    /// Forgets what a number holds of a service, past runs too, to write it anew.
    ///
    /// # Errors
    /// The engine's.
    fn clear(&mut self, number: &Msisdn, service_id: &str) -> Result<(), StoreError>;
}

/// The tables of fulfilment, as rows; [`super::records`] makes records of them.
pub trait Tables {
    /// The row of a key.
    ///
    /// # Errors
    /// The engine's.
    fn row(&mut self, table: &'static Table, key: &Cell) -> Result<Option<Vec<Cell>>, StoreError>;

    /// The rows with a value in a column, which has an index; in no order.
    ///
    /// # Errors
    /// The engine's.
    fn rows(
        &mut self,
        table: &'static Table,
        column: usize,
        value: &Cell,
    ) -> Result<Vec<Vec<Cell>>, StoreError>;

    /// Writes a row, over the one of its key if there is one.
    ///
    /// # Errors
    /// The engine's.
    fn write(&mut self, table: &'static Table, row: Vec<Cell>) -> Result<(), StoreError>;

    /// A number for a new row of a table whose key is one: higher than those that earlier transactions wrote under
    /// the same locks (a task's, than those of all tasks of the same device).
    ///
    /// # Errors
    /// The engine's.
    fn next_number(&mut self, table: &'static Table) -> Result<i64, StoreError>;

    /// A code in stock that serves a need and that nobody else is taking.
    ///
    /// # Errors
    /// The engine's.
    fn stock(&mut self, need: &Need) -> Result<Option<Vec<Cell>>, StoreError>;

    /// Takes up tasks; their rows as they are then.
    ///
    /// # Errors
    /// The engine's.
    fn claim(&mut self, claim: &Claim) -> Result<Vec<Vec<Cell>>, StoreError>;

    /// Forgets some of the rows that are old at a moment.
    ///
    /// # Errors
    /// The engine's.
    fn purge(&mut self, old: &'static Old, at: Timestamp) -> Result<(), StoreError>;
}

/// What a transaction can have for itself where several write at once; no two kinds share a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lock(i64);

impl Lock {
    /// Held by operators' changes, one transaction at a time: which numbers they touch shows only as
    /// they go. Lower than all others.
    pub(super) const OPERATORS: Self = Self(-1);

    /// A number: what it holds, and the devices that its rights reach.
    pub(super) fn number(number: &Msisdn) -> Self {
        // 15 digits at most.
        Self(number.in_full().parse().unwrap_or_default())
    }

    /// A device: to which number it belongs, and, without one, what is on it.
    pub(super) fn device(id: &DeviceId) -> Self {
        Self::hashed(2, id.as_str())
    }

    /// A camera, under whatever name of a device: the lock of the device that is called so.
    pub(super) fn camera(name: &str) -> Self {
        Self::hashed(2, name)
    }

    /// Anything else that has a name: a code, a nonce.
    pub(super) fn text(name: &str) -> Self {
        Self::hashed(3, name)
    }

    /// The key; positive keys below 2^61 are numbers'.
    pub(super) fn key(self) -> i64 {
        self.0
    }

    fn hashed(space: i64, name: &str) -> Self {
        let digest = Sha256::digest(name.as_bytes());
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&digest[..8]);
        Self((space << 61) | (i64::from_be_bytes(bytes) & ((1 << 61) - 1)))
    }
}
