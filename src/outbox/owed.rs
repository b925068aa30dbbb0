//! What comes to be owed: a task as it is made, and which of the tasks that wait already it takes the place of.

use super::{Body, Task, TaskAction, TaskId, TaskState};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, NoticeId, UserAccount};
use crate::service::change::{Action, Due};
use crate::service::source::{ServiceId, Source};
use crate::service::{LOCAL_PROVIDER, Plan};
use crate::stock::Lookup;

/// What somebody comes to owe.
#[derive(Debug, Clone, PartialEq)]
pub struct Owed {
    /// Who: `local`, or the name of a `[providers.NAME]`.
    pub provider: String,
    /// What is to be done.
    pub action: TaskAction,
    /// The number, where the device or the entitlement has one.
    pub msisdn: Option<Msisdn>,
    /// Whose the device is; none only where a code is issued.
    pub account: Option<UserAccount>,
    /// The device; none only where a code is issued.
    pub device_id: Option<DeviceId>,
    /// The service; none only where a code is issued.
    pub service_id: Option<ServiceId>,
    /// The entitlement that the service, or the code to issue, comes from.
    pub entitlement: Option<String>,
    /// What is to be carried out.
    pub body: Body,
    /// The code that is reserved for it.
    pub code_key: Option<Lookup>,
    /// Whether it may be carried out already.
    pub doubt: bool,
}

/// What a task needs to know beside its due.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Needs {
    /// At least for how many days a code must be that is to serve it.
    pub days_min: u32,
    /// What the device is called at its provider.
    pub camera: Option<String>,
    /// Until when it is paid for, without grace.
    pub expires_at: Option<Timestamp>,
    /// The notice that it is owed for.
    pub notice: Option<NoticeId>,
}

/// What a due makes of the tasks that wait, and of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Replaced {
    /// Open tasks that it takes the place of.
    pub superseded: Vec<Task>,
    /// What is to be done then; none where what ends never began.
    pub action: Option<TaskAction>,
    /// Whether its provider may bring it about before it is asked to.
    pub doubt: bool,
}

impl Body {
    /// A plan, carried out from one moment until another.
    #[must_use]
    pub fn of(plan: &Plan, days_min: u32, starts_at: Timestamp, ends_at: Timestamp) -> Self {
        Self {
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
}

impl Owed {
    /// What a due asks its provider for.
    #[must_use]
    pub fn of(due: &Due, action: TaskAction, doubt: bool, msisdn: Option<&Msisdn>, needs: Needs) -> Self {
        let Needs { days_min, camera, expires_at, notice } = needs;
        let (code, entitlement) = match &due.source {
            Source::Code(key) => (Some(key), None),
            Source::Entitlement(id) => (None, Some(id.clone())),
            Source::Voucher(_) | Source::Order(_) => (None, None),
        };
        // A code of a provider that redeems its own was redeemed there when the service was written.
        let code = code.filter(|_| due.runs_down && action != TaskAction::End);
        Self {
            provider: due.plan.provider.clone(),
            action,
            msisdn: msisdn.cloned(),
            account: Some(due.account.clone()),
            device_id: Some(due.device.clone()),
            service_id: Some(due.service.clone()),
            entitlement,
            body: Body {
                camera,
                expires_at_ms: expires_at.map(|at| at.0),
                notice: notice.map(|notice| notice.0),
                ..Body::of(&due.plan, days_min, due.starts_at, due.ends_at)
            },
            doubt: doubt || code.is_some(),
            code_key: code.map(|key| Lookup::from_ledger(key.clone())),
        }
    }

    /// A look at a device after a task for it, at the time that its provider asked for.
    #[must_use]
    pub fn look_after(task: &Task) -> Self {
        let ends_at_ms = task.body.ends_at_ms.filter(|_| task.is_of_end());
        Self {
            provider: task.provider.clone(),
            action: TaskAction::Retire,
            msisdn: task.msisdn.clone(),
            account: task.account.clone(),
            device_id: task.device_id.clone(),
            service_id: task.service_id.clone(),
            entitlement: task.entitlement.clone(),
            body: Body { ends_at_ms, ..task.body.clone() },
            code_key: None,
            doubt: false,
        }
    }

    /// The task, not to be taken up before `due_at`. Its `order_num` is of the service, else of the entitlement
    /// whose code is to be issued.
    #[must_use]
    pub fn task(self, id: TaskId, due_at: Timestamp, now: Timestamp) -> Task {
        let of = self.service_id.as_ref().map(ServiceId::as_str).or(self.entitlement.as_deref());
        Task {
            id,
            order_num: format!("{}-{}", of.unwrap_or_default(), id.0),
            provider: self.provider,
            action: self.action,
            state: TaskState::Due,
            msisdn: self.msisdn,
            account: self.account,
            device_id: self.device_id,
            service_id: self.service_id,
            entitlement: self.entitlement,
            body: self.body,
            code_key: self.code_key,
            attempts: 0,
            doubt: self.doubt,
            due_at,
            token: None,
            last_error: None,
            note: None,
            created_at: now,
            settled_at: None,
        }
    }
}

/// Compares a due with the tasks that are open for its device.
#[must_use]
pub fn replace(open: Vec<Task>, due: &Due) -> Replaced {
    // Its provider is at the device just now: one that brings about a state brings this about too, and it must
    // not be taken for one that never began.
    let is_its = |task: &Task| task.provider == due.plan.provider;
    let is_at_work = open
        .iter()
        .any(|task| is_its(task) && task.provider != LOCAL_PROVIDER && task.state == TaskState::Running);
    let of_service = |task: &Task| task.service_id.as_ref() == Some(&due.service) && is_its(task);
    let mut waiting: Vec<Task> =
        open.into_iter().filter(|task| of_service(task) && task.state == TaskState::Due).collect();
    waiting.sort_by_key(|task| task.id);
    let never_begun = waiting.iter().any(|task| !task.doubt && task.action == TaskAction::Begin);
    let action = match due.action {
        Action::End if never_begun => None,
        Action::End => Some(TaskAction::End),
        Action::Change if never_begun => Some(TaskAction::Begin),
        Action::Change => Some(TaskAction::Change),
        Action::Begin => Some(TaskAction::Begin),
    };
    // Of what may have been carried out all the same, only an end makes sure. An end that was not sent yet stays
    // before a new beginning: what runs there may be another plan.
    let is_replaced =
        |task: &Task| if task.doubt { due.action == Action::End } else { task.action != TaskAction::End };
    waiting.retain(is_replaced);
    Replaced { superseded: waiting, doubt: is_at_work && action != Some(TaskAction::End), action }
}
