//! A service begun or renewed by redeeming a code of the remote system's own. A code can be redeemed once,
//! so the answer "used" may speak of ourselves: the record says whose doing it was.

use tokio::time::Instant;

use super::call::{Remote, Reply, text};
use super::code::Class;
use crate::providers::{CodeFault, Doubt, Outcome, Settled, Task, Why};
use crate::stock::CodeText;

const REDEEM: &str = "/v3/third/sdk/actCode/service";

/// Redeems the task's code on its device.
pub(super) async fn redeem(remote: &Remote, task: &Task, deadline: Instant) -> Outcome {
    let Some(code) = &task.code else { return Outcome::Waits };
    if task.doubt == Doubt::Possible {
        match remote.redeemed(task, code, deadline).await {
            Ok(Some(found)) => return Outcome::Done(found),
            Ok(None) => {}
            Err(why) => return Outcome::Unknown(why),
        }
    }
    let mut parameters = remote.of_device(task);
    parameters
        .extend([("actCode", code.in_full().to_owned()), ("type", task.kind.service_type().to_owned())]);
    match remote.call(REDEEM, parameters, deadline).await {
        Ok(Reply::Said { class: Class::Done, result, .. }) => {
            Outcome::Done(Settled { order_num: text(&result["orderNum"]), ..Settled::default() })
        }
        Ok(Reply::Said { class: Class::Used, why, .. }) => used(remote, task, code, why, deadline).await,
        Ok(Reply::Said { class: Class::Invalid, why, .. }) => {
            Outcome::BadCode { fault: CodeFault::Invalid, why }
        }
        Ok(Reply::Said { class: Class::Unsure, why, .. } | Reply::Unsure(why)) => Outcome::Unknown(why),
        Ok(Reply::Said { why, .. }) => Outcome::Never(why),
        Ok(Reply::Not { why, after }) => Outcome::Again { why, after },
        Err(outcome) => outcome,
    }
}

/// Where an earlier attempt of ours is in doubt, a record that does not show it yet proves nothing: another
/// code would give the service twice.
async fn used(remote: &Remote, task: &Task, code: &CodeText, why: Why, deadline: Instant) -> Outcome {
    match remote.redeemed(task, code, deadline).await {
        Ok(Some(found)) => Outcome::Done(found),
        Ok(None) if task.doubt == Doubt::None => Outcome::BadCode { fault: CodeFault::Used, why },
        Ok(None) => {
            Outcome::Unknown(Why { text: format!("{}, and the record does not say by us", why.text), ..why })
        }
        Err(blind) => Outcome::Unknown(blind),
    }
}
