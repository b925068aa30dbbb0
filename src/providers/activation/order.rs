//! A service begun or renewed by an order under our own number, and ended by cancelling its orders.

use tokio::time::Instant;

use super::call::{Remote, Reply, text};
use super::code::Class;
use crate::catalog::GrantKind;
use crate::providers::{Attempted, Doubt, Errand, Fulfilled, Why};

const CREATE: &str = "/v3/third/sdk/order/create";
const CANCEL: &str = "/v3/third/sdk/order/cancel";

/// What an operator reads of orders that there was no cancelling.
const NOT_THERE: &str = "there was no such order to cancel";
const TOO_LATE: &str = "the order is too old to be cancelled: the service there runs out by itself";

/// The kinds in the numbering of orders, which begins at one.
fn order_type(kind: GrantKind) -> &'static str {
    match kind {
        GrantKind::Cloud => "1",
        GrantKind::Ai => "2",
        GrantKind::FourG => "3",
    }
}

/// Orders the package that the grant's settings name.
pub(super) async fn create(remote: &Remote, task: &Errand, deadline: Instant) -> Attempted {
    let Some(package) = task.settings.get("package_id").and_then(text) else {
        return Attempted::Never(Why::new("the grant's settings name no package_id"));
    };
    if task.doubt == Doubt::Possible {
        match remote.ordered(task, deadline).await {
            Ok(Some(found)) => return Attempted::Done(found),
            Ok(None) => {}
            Err(why) => return Attempted::Unknown(why),
        }
    }
    let mut parameters = common(remote, task, &task.order_num);
    parameters.extend([
        ("deviceID", task.device_id.as_str().to_owned()),
        ("packageId", package),
        ("quantity", "1".to_owned()),
    ]);
    match remote.call(CREATE, parameters, deadline).await {
        Ok(Reply::Said { class: Class::Done, .. }) => {
            Attempted::Done(Fulfilled { order_num: Some(task.order_num.clone()), ..Fulfilled::default() })
        }
        Ok(reply) => refused(reply),
        Err(outcome) => outcome,
    }
}

/// Cancels the orders that the task undoes: a renewal is an order of its own, and what was ordered ahead would
/// run on. The newest first, since it runs longest. Repeating it does no harm: an order that is gone is no longer
/// there, and that is what was wanted. What is refused for one order keeps no other from being cancelled.
pub(super) async fn cancel(remote: &Remote, task: &Errand, deadline: Instant) -> Attempted {
    let Some(newest) = task.ended_order_nums.first() else {
        return Attempted::Never(Why::new("the task names no order to cancel"));
    };
    let (mut note, mut cancelled, mut failed) = (None, 0, None);
    for order_num in &task.ended_order_nums {
        match remote.call(CANCEL, common(remote, task, order_num), deadline).await {
            Ok(Reply::Said { class: Class::Done, .. }) => cancelled += 1,
            Ok(Reply::Said { class: Class::NotThere, .. }) => {}
            Ok(Reply::Said { class: Class::TooLate, .. }) => note = Some(TOO_LATE),
            Ok(reply @ Reply::Said { .. }) => failed = worse(failed, refused(reply)),
            Ok(reply) => return refused(reply),
            Err(outcome) => return outcome,
        }
    }
    let none_there = (cancelled == 0).then_some(NOT_THERE);
    let order_num = Some(newest.clone());
    failed.unwrap_or(Attempted::Done(Fulfilled { order_num, note: note.or(none_there), follow_up_at: None }))
}

/// Of two failures the one that another attempt may mend.
fn worse(known: Option<Attempted>, new: Attempted) -> Option<Attempted> {
    match known {
        Some(known @ Attempted::Unknown(_)) => Some(known),
        _ => Some(new),
    }
}

fn common(remote: &Remote, task: &Errand, order_num: &str) -> Vec<(&'static str, String)> {
    vec![
        ("sourceApp", remote.settings.source_app.to_string()),
        ("userAccount", task.user_account.name().to_owned()),
        ("orderType", order_type(task.kind).to_owned()),
        ("orderNum", order_num.to_owned()),
    ]
}

fn refused(reply: Reply) -> Attempted {
    match reply {
        Reply::Said { class: Class::Unsure, why, .. } | Reply::Unsure(why) => Attempted::Unknown(why),
        Reply::Said { why, .. } => Attempted::Never(why),
        Reply::Not { why, after } => Attempted::Again { why, after },
    }
}
