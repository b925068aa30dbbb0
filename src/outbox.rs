//! The outbox as values: the tasks that providers owe, and their life. Pure: no I/O, no SQL, and `now` is an
//! argument. Leaves keeping them to the ledger, and having them done to the worker.
//!
//! Files, in reading order: `task` (what one is), `owed` (how one comes to be, and what it takes the place of),
//! `life` (which step begins in which state), `settle` (what an attempt came to).

mod life;
mod owed;
mod settle;
mod task;

pub use life::{After, CodeStep, Lease, Stays};
pub use owed::{Needs, Owed, Replaced, replace};
pub use settle::Settlement;
pub use task::{Body, Task, TaskAction, TaskId, TaskState};

#[cfg(test)]
pub(crate) mod tests;
