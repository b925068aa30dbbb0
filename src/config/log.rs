//! `[log]`: how the log is written. Leaves writing it to `telemetry`.

use serde::{Deserialize, Serialize};

/// How the log is written.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Log {
    /// Its form.
    pub format: LogFormat,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For eyes.
    Text,
    /// One JSON object a line.
    Json,
}
