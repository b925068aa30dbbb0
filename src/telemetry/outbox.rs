//! What is counted of tasks: by the worker as it goes, of the ledger at a scrape.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::names;

/// One attempt at a task, and what class of outcome it had.
pub fn task_attempt(provider: &str, class: &'static str) {
    counter!(names::TASK_ATTEMPTS, "provider" => provider.to_owned(), "class" => class).increment(1);
}

/// How long a provider took for one.
pub fn task_sent(provider: &str, took: Duration) {
    histogram!(names::TASK_SEND_SECONDS, "provider" => provider.to_owned()).record(took);
}

/// Something at a provider was not as it should be; what became of it.
pub fn drift(provider: &str, what: &'static str, end: &'static str) {
    counter!(names::DRIFT, "provider" => provider.to_owned(), "what" => what, "end" => end).increment(1);
}

/// Rows of a provider's list could not be read.
pub fn odd_rows(provider: &str, rows: usize) {
    let rows = u64::try_from(rows).unwrap_or(u64::MAX);
    counter!(names::PROVIDER_ODD_ROWS, "provider" => provider.to_owned()).increment(rows);
}

/// How full the organization is that subscribers of a provider share.
#[expect(clippy::cast_precision_loss, reason = "no organization has as many as a float cannot tell apart")]
pub fn room(provider: &str, of: &'static str, used: u64, limit: u64) {
    gauge!(names::PROVIDER_ROOM_USED, "provider" => provider.to_owned(), "what" => of).set(used as f64);
    gauge!(names::PROVIDER_ROOM_LIMIT, "provider" => provider.to_owned(), "what" => of).set(limit as f64);
}

/// How many tasks of a state there are.
pub fn tasks(state: &'static str, tasks: u32) {
    gauge!(names::TASKS, "state" => state).set(tasks);
}

/// How many tasks of a provider wait for something else than their time.
pub fn tasks_waiting(provider: &str, tasks: u32) {
    gauge!(names::TASKS_WAITING, "provider" => provider.to_owned()).set(tasks);
}

/// How long the task that is most overdue has been due.
pub fn oldest_due(age: Duration) {
    gauge!(names::TASK_OLDEST_DUE_SECONDS).set(age);
}

/// Whether nothing is sent to a provider.
pub fn breaker_open(provider: &str, is_open: bool) {
    gauge!(names::PROVIDER_BREAKER_OPEN, "provider" => provider.to_owned()).set(u32::from(is_open));
}
