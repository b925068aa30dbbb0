//! Taking tasks up: what is due and in order goes to a worker on lease, by one statement, so that no
//! two ever hold one task.

use super::Task;
use crate::ledger::commit::Deed;
pub use crate::ledger::due::{Claim, Room, lease_token};
use crate::ledger::records::{Claims, Records, Writes};
use crate::ledger::store::{Lock, Store};
use crate::ledger::tables::each;
use crate::ledger::{Ledger, NotKept, Rules, StoreError};
use crate::service::wanted::Wanted;

/// The tasks alone; [`Ledger::claim`] reads what goes with them.
impl Deed for Claim {
    type Answer = Vec<Task>;

    /// Two claims that do not see one another could take a retirement and a beginning of one device up at
    /// once, and what a provider keeps there would be what was wanted first. So such claims take turns.
    fn locks(&self) -> Vec<Lock> {
        let stateful = self.rooms.iter().filter(|room| room.wants_state);
        stateful.map(|room| Lock::text(&format!("claims of {}", room.provider))).collect()
    }

    fn goes_alone(&self) -> bool {
        true
    }

    fn perform(&self, store: &mut impl Store, _: &Rules) -> Result<Vec<Task>, StoreError> {
        claim(store, self)
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

fn claim(store: &mut (impl Claims + Writes<Task>), claim: &Claim) -> Result<Vec<Task>, StoreError> {
    let mut tasks = store.take_up(claim)?;
    tasks.sort_by_key(|task| task.id);
    let is_stateful = |task: &&Task| claim.rooms.iter().any(|r| r.wants_state && r.provider == task.provider);
    each(tasks.iter().filter(is_stateful), |task| cover(store, task))?;
    Ok(tasks)
}

/// None that waits and that the one taken up covers can be taken for one that never began, so that an end that
/// comes next is carried out.
fn cover(store: &mut impl Writes<Task>, taken: &Task) -> Result<(), StoreError> {
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
        let tasks = self.write(claim).await?;
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
