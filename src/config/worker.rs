//! `[worker]`: sending owed tasks. Leaves the sending to the worker.

use serde::{Deserialize, Serialize};

/// The worker that sends owed tasks.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Worker {
    /// Whether `serve` runs it. Reserved for remote fulfilment; `local` needs none.
    pub enabled: bool,
}
