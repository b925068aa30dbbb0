//! What providers owe for a change becomes tasks, and takes the place of older tasks that were not sent
//! yet.

use super::{Body, Code, Task, TaskAction, TaskId, TaskState};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;
use crate::ledger::store::Store;
use crate::ledger::tables::{Record, Records, each};
use crate::service::change::{Action, Due};
use crate::service::source::Source;
use crate::service::{LOCAL_PROVIDER, Plan};

/// What a task needs to know beside its due.
pub(super) struct Needs {
    /// For how many days a code must be that is to serve it.
    pub(super) days_min: u32,
    /// What the device is called at its provider.
    pub(super) camera: Option<String>,
    /// Until when it is paid for, without grace.
    pub(super) expires_at: Option<Timestamp>,
    /// The notice that it is owed for.
    pub(super) notice: Option<NoticeId>,
}

/// Writes tasks for dues, in their order. `needs` knows the rest of each.
///
/// # Errors
/// The engine's.
pub(super) fn owe(
    store: &mut impl Store,
    number: Option<&Msisdn>,
    dues: &[Due],
    needs: impl Fn(&Due) -> Needs,
    now: Timestamp,
) -> Result<(), StoreError> {
    // All that any of them may replace is asked for before the first of them is written.
    each(dues, |due| store.list::<Task>("open_on", due.device.as_str()))?;
    for due in dues {
        if let Some(action) = replace(store, due, now)? {
            write(store, number, due, action, needs(due), now)?;
        }
    }
    Ok(())
}

/// Supersedes what a due replaces; what is to be done then, if anything.
fn replace(store: &mut impl Store, due: &Due, now: Timestamp) -> Result<Option<TaskAction>, StoreError> {
    let mut open: Vec<Task> = store.list("open_on", due.device.as_str())?;
    open.retain(|task| task.service_id.as_ref() == Some(&due.service) && task.provider == due.plan.provider);
    open.sort_by_key(|task| task.id);
    let (unsent, sent): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|task| task.state == TaskState::Due && !task.doubt);
    let never_begun = unsent.iter().any(|task| task.action == TaskAction::Begin);
    let action = match due.action {
        Action::End if never_begun => None,
        Action::End => Some(TaskAction::End),
        Action::Change if never_begun => Some(TaskAction::Begin),
        Action::Change => Some(TaskAction::Change),
        Action::Begin => Some(TaskAction::Begin),
    };
    // An end that was not sent yet stays before a new beginning: what runs there may be another plan.
    for task in unsent.into_iter().filter(|task| task.action != TaskAction::End) {
        supersede(store, task, now)?;
    }
    // Of what may have been carried out all the same, only an end makes sure.
    for task in sent.into_iter().filter(|task| task.state == TaskState::Due && due.action == Action::End) {
        supersede(store, task, now)?;
    }
    Ok(action)
}

fn write(
    store: &mut impl Store,
    number: Option<&Msisdn>,
    due: &Due,
    action: TaskAction,
    needs: Needs,
    now: Timestamp,
) -> Result<(), StoreError> {
    let in_doubt = action != TaskAction::End && is_at_work(store, due)?;
    let id = store.next_number(Task::TABLE)?;
    let Needs { days_min, camera, expires_at, notice } = needs;
    let notice = notice.map(|notice| notice.0);
    let expires_at_ms = expires_at.map(|at| at.0);
    let (code, entitlement) = match &due.source {
        Source::Code(key) => (Some(key), None),
        Source::Entitlement(id) => (None, Some(id.clone())),
        Source::Voucher(_) | Source::Order(_) => (None, None),
    };
    // A code of a provider that redeems its own was redeemed there when the service was written.
    let code = code.filter(|_| due.runs_down && action != TaskAction::End);
    store.save(&Task {
        id: TaskId(id),
        provider: due.plan.provider.clone(),
        action,
        state: TaskState::Due,
        msisdn: number.cloned(),
        account: Some(due.account.clone()),
        device_id: Some(due.device.clone()),
        service_id: Some(due.service.clone()),
        entitlement,
        order_num: format!("{}-{id}", due.service),
        body: Body { camera, expires_at_ms, notice, ..body(&due.plan, days_min, due.starts_at, due.ends_at) },
        doubt: code.is_some() || in_doubt,
        code_key: code.map(|key| crate::stock::Lookup::from_ledger(key.clone())),
        attempts: 0,
        due_at: now,
        token: None,
        last_error: None,
        note: None,
        created_at: now,
        settled_at: None,
    })
}

/// Whether its provider is at the device just now: one that brings about a state brings this about too, and it
/// must not be taken for one that never began.
fn is_at_work(store: &mut impl Store, due: &Due) -> Result<bool, StoreError> {
    let open: Vec<Task> = store.list("open_on", due.device.as_str())?;
    let is_its = |task: &Task| task.provider == due.plan.provider && task.provider != LOCAL_PROVIDER;
    Ok(open.iter().any(|task| is_its(task) && task.state == TaskState::Running))
}

/// What is to be carried out.
pub(super) fn body(plan: &Plan, days_min: u32, starts_at: Timestamp, ends_at: Timestamp) -> Body {
    Body {
        kind: plan.kind,
        storage: plan.storage,
        retention_days: plan.retention_days,
        settings: plan.settings.clone(),
        starts_at_ms: starts_at.0,
        ends_at_ms: (ends_at < Timestamp(i64::MAX)).then_some(ends_at.0),
        expires_at_ms: None,
        days_min,
        camera: None,
        notice: None,
    }
}

/// A newer task takes the place of one; a code that was put aside for it goes back where it is certain
/// that nobody has redeemed it.
pub(super) fn supersede(store: &mut impl Store, task: Task, now: Timestamp) -> Result<(), StoreError> {
    let state = TaskState::Superseded;
    close(store, Task { state, settled_at: Some(now), token: None, ..task })
}

/// Writes a task that was given up, and gives back the code that was put aside for it.
pub(super) fn close(store: &mut impl Store, mut task: Task) -> Result<(), StoreError> {
    if !task.doubt
        && let Some(key) = task.code_key.clone()
    {
        release(store, key.as_str())?;
        task.code_key = None;
    }
    store.save(&task)
}

fn release(store: &mut impl Store, key: &str) -> Result<(), StoreError> {
    let Some(code) = store.get::<Code>(key)? else { return Ok(()) };
    code.released().map_or(Ok(()), |code| store.save(&code))
}
