//! `[limits]`: requests a second. Leaves counting to `limits`.

use serde::{Deserialize, Serialize};

use super::reading::Reading;

/// How many requests a second are taken; the burst is one second's worth.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Limits {
    /// Per caller address on the carrier surface; 0: no limit.
    pub carrier_per_second: u32,
    /// Per partner on its surfaces; 0: no limit.
    pub partner_per_second: u32,
    /// Requests with a bad signature, token or key, per address; beyond it that address is not heard. 0: no limit.
    pub bad_signature_per_second: u32,
    /// Wrong activation codes, per device and per account; beyond it neither is heard. 0: no limit.
    pub bad_code_per_minute: u32,
}

impl Limits {
    pub(super) fn check(&self, reading: &mut Reading) {
        reading.range("limits.carrier_per_second", &self.carrier_per_second, 0..=1_000_000);
        reading.range("limits.partner_per_second", &self.partner_per_second, 0..=1_000_000);
        let bad_signature = &self.bad_signature_per_second;
        reading.range("limits.bad_signature_per_second", bad_signature, 0..=1_000_000);
        reading.range("limits.bad_code_per_minute", &self.bad_code_per_minute, 0..=1_000_000);
    }
}
