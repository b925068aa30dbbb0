//! The outbox as values: the tasks that providers owe. Pure: no I/O, no SQL, and `now` is an argument. Leaves
//! keeping them to the ledger, and having them done to the worker.

mod task;

pub use task::{Body, Task, TaskAction, TaskId, TaskState};
