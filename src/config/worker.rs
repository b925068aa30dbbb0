//! `[worker]`: sending owed tasks. Leaves the sending to the worker.

use serde::{Deserialize, Serialize};

use super::reading::Reading;

/// The worker that sends owed tasks.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Worker {
    /// Whether `serve` runs it; `local` needs none.
    pub enabled: bool,
    /// How long a task that was taken up belongs to who took it, in seconds.
    pub lease_s: u32,
    /// Attempts before a task is dead.
    pub attempts_max: u32,
    /// How long the first pause between attempts is, in milliseconds; each is twice the one before.
    pub backoff_ms_min: u32,
    /// How long a pause may become, in seconds.
    pub backoff_s_max: u32,
}

impl Worker {
    pub(super) fn check(&self, reading: &mut Reading) {
        reading.range("worker.lease_s", &self.lease_s, 1..=3600);
        reading.range("worker.attempts_max", &self.attempts_max, 1..=1000);
        reading.range("worker.backoff_ms_min", &self.backoff_ms_min, 1..=3_600_000);
        reading.range("worker.backoff_s_max", &self.backoff_s_max, 1..=604_800);
        if u64::from(self.backoff_ms_min) > u64::from(self.backoff_s_max) * 1000 {
            reading.fault("worker.backoff_ms_min", "is longer than worker.backoff_s_max");
        }
    }
}
