//! The sweep: what begins and ends by itself on devices is written down at its second, in batches that
//! notices hardly wait for.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::telemetry::Chain;

/// How often is looked: within the second in which something is due. One look is one row of an index.
const EVERY: Duration = Duration::from_millis(400);

/// The pause after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// Devices in one sweep.
const DEVICES_MAX: u32 = 256;

/// Sweeps until `stop`.
pub(super) async fn run(ledger: Ledger, clock: Clock, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let pause = match ledger.sweep(clock.now(), DEVICES_MAX).await {
            Ok(swept) if swept.more => Duration::ZERO,
            Ok(_) => EVERY,
            Err(error) => {
                tracing::error!(error = %Chain(&error), "what is due on devices could not be written down");
                AFTER_FAILURE
            }
        };
        tokio::select! {
            _ = stop.changed() => {}
            () = sleep(pause) => {}
        }
    }
}
