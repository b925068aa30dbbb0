//! `[log]`: how the log is written. Leaves writing it to `telemetry`.

use serde::{Deserialize, Serialize};

use super::reading::Reading;
use crate::telemetry::is_log_level;

/// How the log is written.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Log {
    /// Its form.
    pub format: LogFormat,
    /// How much is in it: a level, or several by module.
    pub level: String,
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

impl Log {
    pub(super) fn check(&self, reading: &mut Reading) {
        if !is_log_level(&self.level) {
            let what = "is none of error, warn, info, debug, trace, nor a list such as info,sdp_gateway::ledger=debug";
            reading.fault("log.level", format!("{:?} {what}", self.level));
        }
    }
}
