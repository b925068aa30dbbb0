//! A claimed task as its provider is to be told it. Leaves sending it to the attempt.

use crate::clock::Timestamp;
use crate::ledger::fulfil::Claimed;
use crate::outbox::TaskAction;
use crate::providers::{Action, Doubt, Errand};
use crate::stock::Code;
use crate::stock::Vault;

/// Why a provider is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There is nothing to do: what was to end never began.
    #[error("nothing had begun there")]
    Nothing,
    /// No gateway wrote it so.
    #[error("the task names no device or no account")]
    Incomplete,
    /// Its code cannot be opened.
    #[error("{0}")]
    Sealed(String),
}

/// Fills in what a provider needs.
///
/// # Errors
/// [`Unfit`].
pub fn errand(claimed: &Claimed, vault: &Vault) -> Result<Errand, Unfit> {
    let task = &claimed.task;
    let action = match task.action {
        TaskAction::Begin | TaskAction::Redeem => Action::Begin,
        TaskAction::Change => Action::Change,
        // Who brings about a state is told every end: an attempt that nobody counts may have begun it.
        TaskAction::End | TaskAction::Retire
            if claimed.ended_order_nums.is_empty() && claimed.wanted.is_none() =>
        {
            return Err(Unfit::Nothing);
        }
        TaskAction::End | TaskAction::Retire => Action::End,
        TaskAction::Issue => return Err(Unfit::Incomplete),
    };
    let (Some(device_id), Some(user_account)) = (task.device_id.clone(), task.account.clone()) else {
        return Err(Unfit::Incomplete);
    };
    let open = |code: &Code| vault.open(&code.sealed, &code.key);
    let code = claimed.code.as_ref().map(open).transpose();
    Ok(Errand {
        action,
        doubt: if task.doubt { Doubt::Possible } else { Doubt::None },
        order_num: task.order_num.clone(),
        ended_order_nums: claimed.ended_order_nums.clone(),
        user_account,
        device_id,
        camera: claimed.camera.clone(),
        kind: task.body.kind,
        storage: task.body.storage,
        retention_days: task.body.retention_days,
        starts_at: Timestamp(task.body.starts_at_ms),
        ends_at: task.body.ends_at_ms.map(Timestamp),
        code: code.map_err(|error| Unfit::Sealed(error.to_string()))?,
        settings: task.body.settings.clone(),
        wanted: claimed.wanted.clone(),
    })
}
