//! The writers' end of the queue, and when what waits there makes a batch.
//!
//! Callers that keep asking come back a moment after their commit, one by one. A writer of a server that began
//! with the first of them would pay a whole commit for one write, while all others wait for the next: the
//! batches of 64 callers were of 1 and 63 in turn, and never in flight together. So while another batch is in
//! flight, a writer waits for its share of those who were outstanding lately, and begins when they have come or
//! the other batch has landed. Nobody waits while nothing is in flight, and so a write that comes alone is
//! begun at once. The embedded engine has one writer, and takes what is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout_at};

use super::{BATCH_MAX, Job};

/// How long a batch waits for more, at most: the one in flight may take long.
const GATHER_MAX: Duration = Duration::from_millis(5);

/// With fewer writes than this outstanding none waits for another.
const CROWD_MIN: usize = 8;

/// The writers' end of the queue.
pub(in crate::ledger) struct Queue {
    jobs: mpsc::UnboundedReceiver<Box<dyn Job>>,
    waiting: Arc<AtomicUsize>,
    outstanding: Arc<AtomicUsize>,
    landed: Arc<Notify>,
    crowd: Crowd,
}

impl Queue {
    pub(super) fn new(
        jobs: mpsc::UnboundedReceiver<Box<dyn Job>>,
        waiting: Arc<AtomicUsize>,
        outstanding: Arc<AtomicUsize>,
        landed: Arc<Notify>,
        writers: usize,
    ) -> Self {
        Self { jobs, waiting, outstanding, landed, crowd: Crowd { lately: 0, writers } }
    }

    /// What waits, up to a batch, for a writer that is a thread. None: the end.
    pub(in crate::ledger) fn blocking_batch(&mut self) -> Option<Vec<Box<dyn Job>>> {
        let mut batch = Vec::new();
        self.jobs.blocking_recv_many(&mut batch, BATCH_MAX);
        self.taken(batch)
    }

    /// What waits or comes in a moment, up to a batch, for a writer that is a task. None: the end.
    pub(in crate::ledger) async fn batch(&mut self) -> Option<Vec<Box<dyn Job>>> {
        let mut batch = Vec::new();
        self.jobs.recv_many(&mut batch, BATCH_MAX).await;
        let worth = self.crowd.worth_waiting_for();
        let until = Instant::now() + GATHER_MAX;
        while !batch.is_empty() && batch.len() < worth && self.are_in_flight() {
            let room = BATCH_MAX - batch.len();
            let come_or_landed = async {
                tokio::select! {
                    come = self.jobs.recv_many(&mut batch, room) => come > 0,
                    () = self.landed.notified() => true,
                }
            };
            // Nothing comes of a closed queue.
            if !timeout_at(until, come_or_landed).await.unwrap_or(false) {
                break;
            }
        }
        self.crowd.saw(self.outstanding.load(Ordering::Relaxed), batch.len() >= worth);
        self.taken(batch)
    }

    /// Whether others' writes are under way: they are outstanding and wait no more.
    fn are_in_flight(&self) -> bool {
        self.outstanding.load(Ordering::Relaxed) > self.waiting.load(Ordering::Relaxed)
    }

    fn taken(&self, batch: Vec<Box<dyn Job>>) -> Option<Vec<Box<dyn Job>>> {
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
    /// The size of a batch up to which waiting is worth it: the larger part of a writer's share, since somebody
    /// is always slow.
    fn worth_waiting_for(&self) -> usize {
        if self.lately < CROWD_MIN { 0 } else { (self.lately * 5 / 8 / self.writers).min(BATCH_MAX) }
    }

    /// Those who did not come in time are not counted on again; those who come and go are for a while.
    fn saw(&mut self, outstanding: usize, came: bool) {
        let fades = self.lately - self.lately / 8;
        self.lately = if came { outstanding.max(fades) } else { outstanding };
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::time::timeout;

    use super::super::{Deed, Writer};
    use super::*;
    use crate::ledger::store::Store;
    use crate::ledger::{Rules, StoreError};

    #[test]
    fn a_writer_waits_for_its_share_and_not_for_who_stays_away() {
        let mut crowd = Crowd { lately: 0, writers: 2 };
        assert_eq!(crowd.worth_waiting_for(), 0, "nobody was seen yet");
        crowd.saw(64, true);
        assert_eq!(crowd.worth_waiting_for(), 20);
        crowd.saw(40, true);
        assert_eq!(crowd.worth_waiting_for(), 17, "they come and go");
        crowd.saw(1, false);
        assert_eq!(crowd.worth_waiting_for(), 0, "they are gone");
        crowd.saw(10_000, true);
        assert_eq!(crowd.worth_waiting_for(), BATCH_MAX);
    }

    struct Nothing;

    impl Deed for Nothing {
        type Answer = ();

        fn perform(&self, _: &mut impl Store, _: &Rules) -> Result<(), StoreError> {
            Ok(())
        }
    }

    /// Long enough for anything that is ready, and less than a batch is waited for.
    const MOMENT: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn a_batch_begins_at_once_or_when_the_one_in_flight_has_landed() {
        let (writer, mut queue, watched) = Writer::new(64, 2);
        let hand_over = |count| (0..count).map(|_| writer.hand_over(Nothing).ok()).collect();
        let answers: Vec<_> = hand_over(16);
        let first = queue.batch().await.expect("a batch");
        assert_eq!(first.len(), 16, "nothing was in flight");
        let late: Vec<_> = hand_over(1);
        {
            let mut second = pin!(queue.batch());
            assert!(timeout(MOMENT, second.as_mut()).await.is_err(), "its share is five of the sixteen");
            watched[0].answer(first, vec![Ok(()); 16]);
            assert_eq!(second.await.expect("a batch").len(), 1);
        }
        assert!(answers.iter().chain(&late).all(Option::is_some));
    }

    #[tokio::test]
    async fn a_batch_begins_when_its_share_has_come() {
        let (writer, mut queue, _watched) = Writer::new(64, 2);
        let hand_over = |count| (0..count).map(|_| writer.hand_over(Nothing).ok()).collect();
        let _answers: Vec<_> = hand_over(16);
        let _first = queue.batch().await.expect("a batch");
        let _more: Vec<_> = hand_over(5);
        let second = timeout(MOMENT, queue.batch()).await;
        assert_eq!(second.expect("no wait").expect("a batch").len(), 5);
    }
}
