//! `[activation]`: how strictly requests for codes are judged. Leaves judging to the surface.

use serde::{Deserialize, Serialize};

use super::reading::Reading;

/// How strictly signed requests are judged.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Activation {
    /// How far a request's time may be from ours, either way, in seconds.
    pub clock_skew_s: u32,
    /// Whether a request without time or nonce is refused.
    pub require_nonce: bool,
}

impl Activation {
    pub(super) fn check(&self, reading: &mut Reading) {
        reading.range("activation.clock_skew_s", &self.clock_skew_s, 1..=86_400);
    }
}
