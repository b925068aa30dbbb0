//! `[vas]`: what camera apps order. Leaves orders to `order` and the ledger.

use serde::{Deserialize, Serialize};

use super::reading::Reading;

/// What camera apps order.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Vas {
    /// How long an order can be paid, in seconds.
    pub order_ttl_s: u32,
}

impl Vas {
    pub(super) fn check(&self, reading: &mut Reading) {
        reading.range("vas.order_ttl_s", &self.order_ttl_s, 60..=604_800);
    }
}
