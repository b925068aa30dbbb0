//! The worker's round: learn how providers do, reserve what places there are, claim as much, and set an attempt
//! going for each task.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};

use super::Beat;
use super::attempt::{Attempt, Shared};
use super::pace::Pace;
use super::sender::{Reserved, Sender};
use crate::clock::Timestamp;
use crate::ledger::NotKept;
use crate::ledger::fulfil::{Claim, Claimed, Room, lease_token};
use crate::telemetry::Chain;

/// How long a stop waits for what was broken off to be given back.
const GIVE_BACK_MAX: Duration = Duration::from_secs(3);

/// How a worker goes about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) lease_ms: i64,
    /// How long a stop waits for what is under way.
    pub(super) stop_max: Duration,
}

/// The loop that claims, and what it keeps in mind.
pub(super) struct Dispatch {
    shared: Arc<Shared>,
    terms: Terms,
    sender: Sender,
    pace: Pace,
    beat: Beat,
    under_way: JoinSet<Option<Timestamp>>,
    break_off: watch::Sender<bool>,
    is_failing: bool,
}

impl Dispatch {
    pub(super) fn new(shared: Arc<Shared>, terms: Terms, sender: Sender, beat: Beat) -> Self {
        Self {
            shared,
            terms,
            sender,
            pace: Pace::new(),
            beat,
            under_way: JoinSet::new(),
            break_off: watch::Sender::new(false),
            is_failing: false,
        }
    }

    /// Claims and sends until `stop`, then waits for what is under way.
    pub(super) async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            self.round().await;
            let pause = self.pace.pause(self.shared.clock.now());
            tokio::select! {
                _ = stop.changed() => {}
                () = self.shared.ledger.owes() => {}
                Some(ended) = self.under_way.join_next() => self.ended(ended),
                () = sleep(pause) => {}
            }
            // Those that ended meanwhile make room for one claim together.
            while let Some(ended) = self.under_way.try_join_next() {
                self.ended(ended);
            }
        }
        self.finish().await;
    }

    async fn round(&mut self) {
        self.sender.learn().await;
        let now = self.shared.clock.now();
        let (mut reserved, room_in) = self.sender.reserve(now);
        let rooms = reserved.iter().map(room).collect();
        // Both in one commit, where there is something to tell.
        let ((), claimed) = tokio::join!(self.sender.keep(), async {
            claim(&self.shared, rooms, now, self.terms.lease_ms).await
        });
        match claimed {
            Ok(claimed) => {
                self.is_failing = false;
                self.beat.now();
                self.pace.looked(!claimed.is_empty(), room_in, now);
                claimed.into_iter().for_each(|claimed| self.begin(claimed, &mut reserved));
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::error!(error = %Chain(&error), "no tasks can be claimed");
                }
                self.pace.failed();
            }
        }
    }

    fn begin(&mut self, claimed: Claimed, reserved: &mut [Reserved]) {
        let of = reserved.iter_mut().find(|of| *of.name == *claimed.task.provider);
        // Only what there is a place for is claimed; anything else is left to its lease.
        let Some(place) = of.and_then(Reserved::take) else { return };
        let attempt = Attempt { shared: Arc::clone(&self.shared), place, claimed };
        self.under_way.spawn(attempt.make(self.break_off.subscribe()));
    }

    fn ended(&mut self, ended: Result<Option<Timestamp>, JoinError>) {
        match ended {
            Ok(due_at) => due_at.into_iter().for_each(|at| self.pace.due(at)),
            Err(error) => {
                tracing::error!(%error, "an attempt broke down; its task is taken up again after its lease");
            }
        }
    }

    /// What is under way may end by itself; what does not in time is broken off and given back, in doubt.
    async fn finish(mut self) {
        if timeout(self.terms.stop_max, self.drain()).await.is_err() {
            tracing::warn!(tasks = self.under_way.len(), "tasks are broken off and given back");
            let _ = self.break_off.send(true);
            if timeout(GIVE_BACK_MAX, self.drain()).await.is_err() {
                tracing::error!(tasks = self.under_way.len(), "tasks are left to their leases");
                self.under_way.shutdown().await;
            }
        }
        self.sender.keep().await;
    }

    async fn drain(&mut self) {
        while let Some(ended) = self.under_way.join_next().await {
            self.ended(ended);
        }
    }
}

async fn claim(
    shared: &Shared,
    rooms: Vec<Room>,
    now: Timestamp,
    lease_ms: i64,
) -> Result<Vec<Claimed>, NotKept> {
    if rooms.is_empty() {
        return Ok(Vec::new());
    }
    let token = match lease_token() {
        Ok(token) => token,
        Err(error) => {
            tracing::error!(error = %Chain(&error), "tasks cannot be taken up");
            return Ok(Vec::new());
        }
    };
    shared.ledger.claim(Claim { rooms, now, leased_until: now.plus_ms(lease_ms), token }).await
}

fn room(reserved: &Reserved) -> Room {
    let provider = reserved.name.to_string();
    Room { provider, tasks_max: reserved.tasks_max(), wants_state: reserved.keeps_state }
}
