//! Brings a ledger over at a start, while nothing is kept: an older gateway's, whose schema is this version's already,
//! or one that was folded under another `carrier.queue_disorder_max_s`. What numbers hold is made again.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::sleep;

use super::stopped_by;
use crate::ledger::{Ledger, Refolded};
use crate::telemetry::Chain;

/// How long between two attempts at bringing a ledger over, and between two lines of log about it.
const BRING_OVER_AGAIN: Duration = Duration::from_secs(1);
const BRING_OVER_TOLD: Duration = Duration::from_secs(5);

/// Makes such a ledger's subscriptions again, until that is done, or `stop` says so.
pub(super) async fn bring_over(ledger: &Ledger, stop: watch::Receiver<bool>) {
    if !ledger.is_refolding() {
        return;
    }
    tokio::select! {
        () = stopped_by(stop) => tracing::info!("the ledger is not brought over yet: the next start goes on"),
        () = make_again(ledger) => {}
    }
}

async fn make_again(ledger: &Ledger) {
    tracing::warn!(
        "the ledger was written by an older gateway, or under another carrier.queue_disorder_max_s: its subscriptions \
         are made again, notices get 503 until then"
    );
    let mut told = Instant::now();
    let mut progress = |so_far: &Refolded| {
        if told.elapsed() >= BRING_OVER_TOLD {
            told = Instant::now();
            tracing::info!(
                numbers = so_far.numbers,
                changed = so_far.changed.len(),
                "subscriptions are made again"
            );
        }
    };
    loop {
        match ledger.refold(&mut progress).await {
            Ok(Refolded { numbers, read_otherwise, settled, changed }) => {
                let changed = changed.len();
                tracing::info!(numbers, read_otherwise, settled, changed, "the ledger is brought over");
                return;
            }
            Err(error) => tracing::error!(error = %Chain(&error), "the ledger could not be brought over yet"),
        }
        sleep(BRING_OVER_AGAIN).await;
    }
}
