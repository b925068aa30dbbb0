//! What the gateway remembers, for ever and exactly once.
//!
//! The *journal* has one narrow row per notice; subscriptions and their runs are its fold ([`fold`]), kept beside it
//! and always makeable again. What one write does stands in a file of its own, against [`store::Store`]: [`record`],
//! [`operate`] and [`repair`] (operators' are written down in [`mod@audit`], and what they lay aside is kept in
//! [`aside`]), [`probe`], the verbs of [`fulfil`]; [`refold`] makes the folds of an older ledger, or of one under
//! another setting, again. [`commit`] gathers waiting writes into shared transactions and knows none of them; an
//! engine ([`sqlite`], [`postgres`]) brings the statements; [`handle`] is the open ledger, through whose
//! [`Ledger::write`] all of them go. Reads ([`read`]) go through connections of their own and never wait for the
//! writer. [`copy()`] moves a ledger from one engine to another.
//!
//! [`fulfil`] is what subscriptions, codes and orders become on devices, and what providers owe for
//! it; [`shop`] who ordered and paid what. Their [`tables`] are read and written by one mechanism.
//!
//! The ledger knows nothing of the carrier's grammar: what it has read again, [`Rules`] bring a function for, and a
//! reply is text that it stores.
//!
//! This file only names what others may use: no part of the ledger uses it.

mod aside;
mod audit;
mod backup;
mod commit;
mod copy;
mod dialect;
mod due;
mod failure;
mod fold;
mod folded;
mod foresee;
pub mod fulfil;
mod gateways;
mod handle;
mod identity;
pub mod journal;
mod migrate;
mod need;
mod opening;
mod operate;
mod own;
mod pool;
mod postgres;
mod probe;
pub mod raw;
pub mod read;
mod received;
mod record;
mod records;
mod refold;
mod remedy;
mod repair;
mod rules;
pub mod shop;
mod specimen;
mod sqlite;
mod standing;
mod store;
mod tables;
mod terms;
mod verify;

pub use aside::{Compare, Otherwise};
pub use audit::{BadWords, By, WHO_CHARS_MAX, WHY_CHARS_MAX, who, why};
pub use backup::{BackupError, RestoreError, Restored, backup, restore};
pub use commit::{Deed, Pulse};
pub use copy::{Copied, CopiedTable, CopyError, Phase, Progress, copy};
pub use failure::{NoRandomBytes, NotKept, ServerError, StoreError};
pub use foresee::WOULD_BE;
pub use gateways::Gateway;
pub use handle::{Ledger, Settings};
pub use migrate::{migrate, newest as schema_version};
pub use opening::{MigrateError, OpenError};
pub use operate::{Operate, Operated, Operation};
pub use received::Received;
pub use record::{Recorded, Remarks};
pub use refold::Refolded;
pub use repair::{Ending, Granting, Repaired};
pub use rules::{ReadAgain, Rules};
pub use sqlite::Unfit;
pub use tables::audit::Audit;
pub use verify::Verified;
