//! A service begun or renewed by redeeming a code of the remote system's own. A code can be redeemed once,
//! so the answer "used" may speak of ourselves: the record says whose doing it was.

use tokio::time::Instant;

use super::call::{Remote, Reply, text};
use super::code::Class;
use crate::providers::{Attempted, CodeFault, Doubt, Errand, Fulfilled, Why};
use crate::stock::CodeText;

const REDEEM: &str = "/v3/third/sdk/actCode/service";

/// Redeems the task's code on its device.
pub(super) async fn redeem(remote: &Remote, task: &Errand, deadline: Instant) -> Attempted {
    let Some(code) = &task.code else { return Attempted::Waits };
    if task.doubt == Doubt::Possible {
        match remote.redeemed(task, code, deadline).await {
            Ok(Some(found)) => return Attempted::Done(found),
            Ok(None) => {}
            Err(why) => return Attempted::Unknown(why),
        }
    }
    let mut parameters = remote.of_device(task);
    parameters
        .extend([("actCode", code.in_full().to_owned()), ("type", task.kind.service_type().to_owned())]);
    match remote.call(REDEEM, parameters, deadline).await {
        Ok(Reply::Said { class: Class::Done, result, .. }) => {
            Attempted::Done(Fulfilled { order_num: text(&result["orderNum"]), ..Fulfilled::default() })
        }
        Ok(Reply::Said { class: Class::Used, why, .. }) => used(remote, task, code, why, deadline).await,
        Ok(Reply::Said { class: Class::Invalid, why, .. }) => {
            Attempted::BadCode { fault: CodeFault::Invalid, why }
        }
        Ok(Reply::Said { class: Class::Unsure, why, .. } | Reply::Unsure(why)) => Attempted::Unknown(why),
        Ok(Reply::Said { why, .. }) => Attempted::Never(why),
        Ok(Reply::Not { why, after }) => Attempted::Again { why, after },
        Err(outcome) => outcome,
    }
}

/// Where an earlier attempt of ours is in doubt, a record that does not show it yet proves nothing: another
/// code would give the service twice.
async fn used(remote: &Remote, task: &Errand, code: &CodeText, why: Why, deadline: Instant) -> Attempted {
    match remote.redeemed(task, code, deadline).await {
        Ok(Some(found)) => Attempted::Done(found),
        Ok(None) if task.doubt == Doubt::None => Attempted::BadCode { fault: CodeFault::Used, why },
        Ok(None) => Attempted::Unknown(Why {
            text: format!("{}, and the record does not say by us", why.text),
            ..why
        }),
        Err(blind) => Attempted::Unknown(blind),
    }
}
