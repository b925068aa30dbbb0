//! The writers' end of the queue, and when what waits there makes a batch.
//!
//! Callers that keep asking come back a moment after their commit, one by one. A writer that began with
//! the first of them would pay a whole commit for one write, while all others wait for the next: on a server
//! the batches of 64 callers were of 1 and 63 in turn, and never in flight together. So under load a writer of
//! a server waits a moment for its share of those who were outstanding lately, and stops waiting for them as
//! soon as they stay away. A write that comes alone is begun at once. The embedded engine does without: its
//! commits cost less than the wait (a third fewer notices a second with it, at 32 connections).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{BATCH_MAX, Job};

/// How long a batch waits for the next one: who comes back comes at once.
const GAP_MAX: Duration = Duration::from_millis(1);

/// How long it waits for all of them together.
const GATHER_MAX: Duration = Duration::from_millis(5);

/// With fewer writes than this outstanding none waits for another.
const CROWD_MIN: usize = 8;

/// The writers' end of the queue.
pub(in crate::ledger) struct Queue {
    jobs: mpsc::UnboundedReceiver<Job>,
    waiting: Arc<AtomicUsize>,
    outstanding: Arc<AtomicUsize>,
    crowd: Crowd,
}

impl Queue {
    pub(super) fn new(
        jobs: mpsc::UnboundedReceiver<Job>,
        waiting: Arc<AtomicUsize>,
        outstanding: Arc<AtomicUsize>,
        writers: usize,
    ) -> Self {
        Self { jobs, waiting, outstanding, crowd: Crowd { lately: 0, writers } }
    }

    /// What waits, up to a batch, for a writer that is a thread. None: the end.
    pub(in crate::ledger) fn blocking_batch(&mut self) -> Option<Vec<Job>> {
        let mut batch = Vec::new();
        self.jobs.blocking_recv_many(&mut batch, BATCH_MAX);
        self.taken(batch)
    }

    /// What waits or comes in a moment, up to a batch, for a writer that is a task. None: the end.
    pub(in crate::ledger) async fn batch(&mut self) -> Option<Vec<Job>> {
        let mut batch = Vec::new();
        self.jobs.recv_many(&mut batch, BATCH_MAX).await;
        let worth = self.crowd.worth_waiting_for();
        let began = Instant::now();
        while !batch.is_empty() && batch.len() < worth && began.elapsed() < GATHER_MAX {
            let room = BATCH_MAX - batch.len();
            match timeout(GAP_MAX, self.jobs.recv_many(&mut batch, room)).await {
                Ok(more) if more > 0 => {}
                // What has not come by then is for the next batch, and nothing comes of a closed queue.
                _ => break,
            }
        }
        self.crowd.saw(self.outstanding.load(Ordering::Relaxed), batch.len() >= worth);
        self.taken(batch)
    }

    fn taken(&self, batch: Vec<Job>) -> Option<Vec<Job>> {
        self.waiting.fetch_sub(batch.len(), Ordering::Relaxed);
        (!batch.is_empty()).then_some(batch)
    }
}

/// How many writes are outstanding at once.
struct Crowd {
    lately: usize,
    writers: usize,
}

impl Crowd {
    /// The size of a batch up to which waiting is worth it: most of a writer's share, since somebody is
    /// always slow.
    fn worth_waiting_for(&self) -> usize {
        if self.lately < CROWD_MIN { 0 } else { (self.lately * 7 / 8 / self.writers).min(BATCH_MAX) }
    }

    /// Those who did not come in time are not counted on again; those who come and go are for a while.
    fn saw(&mut self, outstanding: usize, came: bool) {
        let fades = self.lately - self.lately / 8;
        self.lately = if came { outstanding.max(fades) } else { outstanding };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_writer_waits_for_its_share_and_not_for_who_stays_away() {
        let mut crowd = Crowd { lately: 0, writers: 2 };
        assert_eq!(crowd.worth_waiting_for(), 0, "nobody was seen yet");
        crowd.saw(64, true);
        assert_eq!(crowd.worth_waiting_for(), 28);
        crowd.saw(40, true);
        assert_eq!(crowd.worth_waiting_for(), 24, "they come and go");
        crowd.saw(1, false);
        assert_eq!(crowd.worth_waiting_for(), 0, "they are gone");
        crowd.saw(10_000, true);
        assert_eq!(crowd.worth_waiting_for(), BATCH_MAX);
    }
}
