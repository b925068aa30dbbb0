//! Tasks as operators see them.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::outbox::Task;

/// A task.
#[derive(Debug, Serialize)]
pub struct TaskJson {
    /// Its row.
    pub id: i64,
    provider: String,
    action: &'static str,
    msisdn: Option<String>,
    device_id: Option<String>,
    state: &'static str,
    attempts: u32,
    due_at: String,
    last_error: Option<String>,
    note: Option<String>,
    notice: Option<i64>,
    created_at: String,
}

/// A task as it stands.
#[must_use]
pub fn task(task: Task) -> TaskJson {
    TaskJson {
        id: task.id.0,
        provider: task.provider,
        action: task.action.word(),
        msisdn: task.msisdn.map(|number| number.in_full().to_owned()),
        device_id: task.device_id.map(|device| device.as_str().to_owned()),
        state: task.state.word(),
        attempts: task.attempts,
        due_at: Timestamp::rfc3339(task.due_at),
        last_error: task.last_error,
        note: task.note,
        notice: task.body.notice,
        created_at: Timestamp::rfc3339(task.created_at),
    }
}
