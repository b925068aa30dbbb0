//! One thing a provider has to do, with everything it needs to do it. Leaves making tasks to whoever
//! writes services, and reserving codes to the ledger.

use serde_json::{Map, Value};

use crate::catalog::{GrantKind, Storage};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::service::wanted::Wanted;
use crate::stock::CodeText;

use super::Action;

/// Whether an earlier attempt at the same task may have carried it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// None was made, or every one of them was told that it did not.
    None,
    /// One was answered [`Unknown`](super::Attempted::Unknown), or was broken off: the provider looks
    /// before it repeats.
    Possible,
}

/// One thing to do: a service on a device begins, changes or ends. Its numbers stay the same over all
/// attempts.
#[derive(Debug, Clone)]
pub struct Errand {
    /// What becomes of the service.
    pub action: Action,
    /// Whether it may have happened already.
    pub doubt: Doubt,
    /// Our own number of this step, 1 to 64 of `A-Z a-z 0-9 -`, never used for another: what a
    /// provider knows the step by.
    pub order_num: String,
    /// For [`Action::End`] and only there: the `order_num`s of the steps that are undone, the newest first.
    pub ended_order_nums: Vec<String>,
    /// Whose the device is.
    pub user_account: UserAccount,
    /// The device.
    pub device_id: DeviceId,
    /// What the device is called at its provider, where that is something else.
    pub camera: Option<String>,
    /// What the service is.
    pub kind: GrantKind,
    /// What is stored, for cloud.
    pub storage: Option<Storage>,
    /// How long recordings are kept, in days.
    pub retention_days: Option<u32>,
    /// Since when it is to be in force.
    pub starts_at: Timestamp,
    /// Until when, exclusively; none: until it is ended.
    pub ends_at: Option<Timestamp>,
    /// The code reserved for this task, where the provider redeems codes; none: the stock is empty.
    pub code: Option<CodeText>,
    /// The provider's own settings, from the grant.
    pub settings: Map<String, Value>,
    /// What should be on the device by now, for providers that [`keep a state`](super::Can::keeps_state).
    pub wanted: Option<Wanted>,
}
