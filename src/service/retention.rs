//! Until when recordings are kept, while a service goes on and after it has ended.

use super::Service;
use crate::clock::{DAY_MS, Timestamp};

impl Service {
    /// Until when something recorded under this service at `recorded_at` is kept: its days of
    /// retention, and no longer than `keep_days_after_end` past the service's end. None where the
    /// service stores nothing.
    #[must_use]
    pub fn recording_kept_until(
        &self,
        recorded_at: Timestamp,
        keep_days_after_end: u32,
    ) -> Option<Timestamp> {
        let kept = days_after(recorded_at, self.plan.retention_days?);
        let after_end = self.ended_at.map(|ended_at| days_after(ended_at, keep_days_after_end));
        Some(after_end.map_or(kept, |end| end.min(kept)))
    }

    /// Until when anything recorded under this service is still there: none while it lives, or where
    /// it stores nothing. The newest recording is of the service's last moment.
    #[must_use]
    pub fn recordings_kept_until(&self, keep_days_after_end: u32) -> Option<Timestamp> {
        self.recording_kept_until(self.ended_at?, keep_days_after_end)
    }
}

pub(super) fn days_after(at: Timestamp, days: u32) -> Timestamp {
    at.plus_ms(i64::from(days).saturating_mul(DAY_MS))
}
