//! Taking tasks up: what is due and in order goes to a worker on lease, by one statement, so that no
//! two ever hold one task.

use super::{Deed, Fact, Task};
use crate::clock::Timestamp;
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::{Records, each, read};
use crate::ledger::{Ledger, NoRandomBytes, NotKept, StoreError};
use crate::service::wanted::Wanted;

/// How much a worker can send now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Whose tasks, and how many of each at most. Providers that are not named get none.
    pub rooms: Vec<Room>,
    /// The time.
    pub now: Timestamp,
    /// Until when the tasks are the worker's: after that anybody may take them up again.
    pub leased_until: Timestamp,
    /// The lease's secret: random, of this claim alone.
    pub token: String,
}

/// A lease's secret, of one claim alone.
///
/// # Errors
/// [`NoRandomBytes`].
pub fn lease_token() -> Result<String, NoRandomBytes> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(NoRandomBytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// How many tasks of one provider may be taken up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// `local`, or the name of a `[providers.NAME]`.
    pub provider: String,
    /// At most so many.
    pub tasks_max: u32,
    /// Whether its tasks are to come with what it should have on the device by now.
    pub wants_state: bool,
}

impl Claim {
    /// Two claims that do not see one another could take a retirement and a beginning of one device up at
    /// once, and what a provider keeps there would be what was wanted first. So such claims take turns.
    pub(super) fn locks(&self) -> Vec<Lock> {
        let stateful = self.rooms.iter().filter(|room| room.wants_state);
        stateful.map(|room| Lock::text(&format!("claims of {}", room.provider))).collect()
    }
}

/// A task on lease.
#[derive(Debug, Clone, PartialEq)]
pub struct Claimed {
    /// The task: `state` running, `due_at` the end of the lease. `doubt` tells whether an earlier
    /// attempt may have carried it out (a lease that ran out counts as one, and as an attempt).
    pub task: Task,
    /// For an end: the `order_num`s of the steps that are undone, the newest first; none where nothing ever began.
    pub ended_order_nums: Vec<String>,
    /// The code that is reserved for it, sealed.
    pub code: Option<super::Code>,
    /// What the device is called at its provider, where it has a name of its own.
    pub camera: Option<String>,
    /// What the provider should have on the device, where it asked for that.
    pub wanted: Option<Wanted>,
}

/// Tasks that are due, and no task that is older is open for the same device; a retirement waits for
/// younger ones too. The engines differ only in how one statement serves several providers.
pub(in crate::ledger) const CLAIMABLE: &str = "SELECT t.id FROM task t WHERE t.provider = $1 \
    AND t.open_on IS NOT NULL AND t.due_at <= $2 AND NOT EXISTS \
    (SELECT 1 FROM task o WHERE o.open_on = t.open_on AND o.id < t.id) \
    AND (t.action <> 'retire' OR t.open_on = t.device_id \
    OR NOT EXISTS (SELECT 1 FROM task o WHERE o.open_on = t.device_id)) \
    ORDER BY t.due_at, t.id";

/// What being taken up changes: [`Task::claimed`], and [`Task::lane`] after it, as a statement.
pub(in crate::ledger) const TAKE: &str = "UPDATE task SET \
    attempts = attempts + CASE state WHEN 'running' THEN 1 ELSE 0 END, \
    doubt = CASE state WHEN 'running' THEN 1 ELSE doubt END, state = 'running', \
    open_on = CASE action WHEN 'retire' THEN device_id ELSE open_on END";

/// Claims.
///
/// # Errors
/// The engine's.
pub(super) fn claim(store: &mut impl Store, claim: &Claim) -> Result<Vec<Task>, StoreError> {
    let mut tasks: Vec<Task> = store.claim(claim)?.into_iter().map(read).collect::<Result<_, _>>()?;
    tasks.sort_by_key(|task| task.id);
    let is_stateful = |task: &&Task| claim.rooms.iter().any(|r| r.wants_state && r.provider == task.provider);
    each(tasks.iter().filter(is_stateful), |task| cover(store, task))?;
    Ok(tasks)
}

/// None that waits and that the one taken up covers can be taken for one that never began, so that an end that
/// comes next is carried out.
fn cover(store: &mut impl Store, taken: &Task) -> Result<(), StoreError> {
    let Some(device) = &taken.device_id else { return Ok(()) };
    let open: Vec<Task> = store.list("open_on", device.as_str())?;
    let mut covered = open.into_iter().filter(|task| taken.covers(task));
    covered.try_for_each(|task| store.save(&task.doubted()?))
}

impl Ledger {
    /// Takes up tasks that are due, in the order of each device; oldest first.
    ///
    /// # Errors
    /// [`NotKept`]; where it is not known whether they were taken, their leases run out.
    pub async fn claim(&self, claim: Claim) -> Result<Vec<Claimed>, NotKept> {
        if claim.rooms.iter().all(|room| room.tasks_max == 0) {
            return Ok(Vec::new());
        }
        let stateful = |room: &&Room| room.wants_state;
        let stateful: Vec<String> =
            claim.rooms.iter().filter(stateful).map(|room| room.provider.clone()).collect();
        let now = claim.now;
        let Fact::Claimed(tasks) = self.deed(Deed::Claim(claim)).await? else {
            return Err(NotKept::Stopped);
        };
        let mut claimed = Vec::with_capacity(tasks.len());
        for task in tasks {
            let ended_order_nums = self.ended_order_nums(&task).await?;
            let code = match &task.code_key {
                Some(key) => self.code(key).await?,
                None => None,
            };
            let (camera, wanted) = match stateful.contains(&task.provider) {
                true => self.wanted_by(&task, now).await?,
                false => (None, None),
            };
            claimed.push(Claimed { task, ended_order_nums, code, camera, wanted });
        }
        Ok(claimed)
    }
}
