//! What a write transaction must be able to do, whatever the engine. [`super::record`] and
//! [`super::operate`] are written against this, once; an engine brings the statements.

use std::sync::Arc;

use super::StoreError;
use super::journal::Row;
use super::raw::Raw;
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::subscription::decide::Event;
use crate::subscription::order::Newest;
use crate::subscription::terms::Terms;
use crate::subscription::{Run, ServiceState, Subscription};

/// One open write transaction.
pub(super) trait Store {
    /// Writes something, so that the commit must reach the disk.
    ///
    /// # Errors
    /// As for all of these: the engine's own.
    fn probe(&mut self, at: Timestamp) -> Result<(), StoreError>;

    /// Which notice holds an identity.
    ///
    /// # Errors
    /// The engine's.
    fn holder(&mut self, identity: &str) -> Result<Option<NoticeId>, StoreError>;

    /// Makes a notice the holder of an identity.
    ///
    /// # Errors
    /// The engine's.
    fn hold(&mut self, identity: &str, id: NoticeId) -> Result<(), StoreError>;

    /// A row of the journal.
    ///
    /// # Errors
    /// The engine's.
    fn notice(&mut self, id: NoticeId) -> Result<Option<Row>, StoreError>;

    /// A new row with its message as it came.
    ///
    /// # Errors
    /// The engine's.
    fn insert(&mut self, row: &Row, raw: &Raw) -> Result<NoticeId, StoreError>;

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

    /// All of a number's notices that stand in the fold.
    ///
    /// # Errors
    /// The engine's.
    fn events(&mut self, number: &Msisdn) -> Result<Vec<Event>, StoreError>;

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
}
