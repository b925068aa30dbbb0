//! Which tasks a worker takes up: those that are due and in order, on a lease, by one statement, so that no two
//! workers ever hold one task.

use super::NoRandomBytes;
use crate::clock::Timestamp;

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

/// A lease's secret, of one claim alone.
///
/// # Errors
/// [`NoRandomBytes`].
pub fn lease_token() -> Result<String, NoRandomBytes> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(NoRandomBytes)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Tasks that are due, and no task that is older is open for the same device; a retirement waits for
/// younger ones too. The engines differ only in how one statement serves several providers.
pub(super) const CLAIMABLE: &str = "SELECT t.id FROM task t WHERE t.provider = $1 \
    AND t.open_on IS NOT NULL AND t.due_at <= $2 AND NOT EXISTS \
    (SELECT 1 FROM task o WHERE o.open_on = t.open_on AND o.id < t.id) \
    AND (t.action <> 'retire' OR t.open_on = t.device_id \
    OR NOT EXISTS (SELECT 1 FROM task o WHERE o.open_on = t.device_id)) \
    ORDER BY t.due_at, t.id";

/// What being taken up changes: [`Task::claimed`](crate::outbox::Task::claimed), and
/// [`Task::ordering_key`](crate::outbox::Task::ordering_key) after it, as a statement.
pub(super) const TAKE: &str = "UPDATE task SET \
    attempts = attempts + CASE state WHEN 'running' THEN 1 ELSE 0 END, \
    doubt = CASE state WHEN 'running' THEN 1 ELSE doubt END, state = 'running', \
    open_on = CASE action WHEN 'retire' THEN device_id ELSE open_on END";
