//! The worker's round: learn how providers do, see how much each can take, claim as much, and set an
//! attempt going for each task. All limits are known here alone, so nothing of them is locked.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep, timeout};

use super::Beat;
use super::attempt::{Attempt, Ended, Shared};
use super::judge::Verdict;
use super::lane::Lane;
use super::pace::{PAUSE_MAX, Pace};
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
    lanes: Vec<Lane>,
    pace: Pace,
    beat: Beat,
    under_way: JoinSet<Ended>,
    whose: HashMap<Id, usize>,
    break_off: watch::Sender<bool>,
    /// When other workers' news of the providers were looked at.
    learnt_at: Option<Instant>,
    is_failing: bool,
}

impl Dispatch {
    pub(super) fn new(shared: Arc<Shared>, terms: Terms, lanes: Vec<Lane>, beat: Beat) -> Self {
        Self {
            shared,
            terms,
            lanes,
            pace: Pace::new(),
            beat,
            under_way: JoinSet::new(),
            whose: HashMap::new(),
            break_off: watch::Sender::new(false),
            learnt_at: None,
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
                Some(ended) = self.under_way.join_next_with_id() => self.ended(ended),
                () = sleep(pause) => {}
            }
            // Those that ended meanwhile make room for one claim together.
            while let Some(ended) = self.under_way.try_join_next_with_id() {
                self.ended(ended);
            }
        }
        self.finish().await;
    }

    async fn round(&mut self) {
        self.learn().await;
        let now = self.shared.clock.now();
        let (rooms, room_in) = self.rooms(now);
        // Both in one commit, where there is something to tell.
        let ((), claimed) = tokio::join!(keep(&self.shared, self.lanes.as_mut_slice()), async {
            claim(&self.shared, rooms, now, self.terms.lease_ms).await
        });
        match claimed {
            Ok(claimed) => {
                self.is_failing = false;
                self.beat.now();
                self.pace.looked(!claimed.is_empty(), room_in, now);
                claimed.into_iter().for_each(|claimed| self.begin(claimed));
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    tracing::error!(error = %Chain(&error), "no tasks can be claimed");
                }
                self.pace.failed();
            }
        }
    }

    /// What other workers found out about the providers.
    async fn learn(&mut self) {
        if self.learnt_at.is_some_and(|at| at.elapsed() < PAUSE_MAX) {
            return;
        }
        self.learnt_at = Some(Instant::now());
        // A ledger that cannot be read is told of by the claim.
        let rows = self.shared.ledger.breakers().await.unwrap_or_default();
        for lane in &mut self.lanes {
            rows.iter().filter(|row| *row.provider == *lane.name).for_each(|row| lane.breaker.learn(row));
        }
    }

    fn rooms(&mut self, now: Timestamp) -> (Vec<Room>, Option<Duration>) {
        let (mut rooms, mut room_in) = (Vec::new(), None);
        for lane in &mut self.lanes {
            let room = lane.room(now);
            if room.tasks_max > 0 {
                let wants_state = lane.provider.converges();
                let provider = lane.name.to_string();
                rooms.push(Room { provider, tasks_max: room.tasks_max, wants_state });
            }
            room_in = [room_in, room.more_in].into_iter().flatten().min();
        }
        (rooms, room_in)
    }

    fn begin(&mut self, claimed: Claimed) {
        let place = self.lanes.iter().position(|lane| *lane.name == *claimed.task.provider);
        // Only what was asked for is claimed; another's is left to its lease.
        let Some(place) = place else { return };
        let lane = &mut self.lanes[place];
        lane.begin();
        let attempt = Attempt {
            shared: Arc::clone(&self.shared),
            name: Arc::clone(&lane.name),
            provider: Arc::clone(&lane.provider),
            timeout: lane.timeout,
            is_remote: lane.is_remote,
            claimed,
        };
        let handle = self.under_way.spawn(attempt.make(self.break_off.subscribe()));
        self.whose.insert(handle.id(), place);
    }

    fn ended(&mut self, ended: Result<(Id, Ended), JoinError>) {
        let (id, ended) = match ended {
            Ok((id, ended)) => (id, Some(ended)),
            Err(error) => {
                tracing::error!(%error, "an attempt broke down; its task is taken up again after its lease");
                (error.id(), None)
            }
        };
        let Some(lane) = self.whose.remove(&id).and_then(|place| self.lanes.get_mut(place)) else { return };
        lane.end();
        let now = self.shared.clock.now();
        match ended.as_ref().map(|ended| &ended.verdict) {
            Some(Verdict::Worked) => lane.breaker.worked(now),
            Some(Verdict::Failed(why)) => lane.breaker.failed(why, now),
            Some(Verdict::Unasked) | None => {}
        }
        if let Some(at) = ended.and_then(|ended| ended.due_at) {
            self.pace.due(at);
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
        keep(&self.shared, &mut self.lanes).await;
    }

    async fn drain(&mut self) {
        while let Some(ended) = self.under_way.join_next_with_id().await {
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

/// Tells the ledger how providers do. What cannot be told is known here all the same.
async fn keep(shared: &Shared, lanes: &mut [Lane]) {
    for lane in lanes {
        let Some(news) = lane.breaker.news() else { continue };
        if let Some(until) = news.open_until {
            let (provider, until) = (&*lane.name, until.rfc3339());
            tracing::warn!(provider, until, failures = news.failures, "nothing is sent for a while");
        }
        if let Err(error) = shared.ledger.keep_breaker(news).await {
            tracing::warn!(error = %Chain(&error), provider = &*lane.name, "its breaker was not kept");
        }
    }
}
