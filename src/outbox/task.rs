//! What providers owe, as values: what is to be done, for whom, and how far it has come.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::catalog::{GrantKind, Storage};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, Msisdn, UserAccount};
use crate::service::source::ServiceId;
use crate::service::wanted::{Ask, Owner, Place};
use crate::stock::Lookup;

/// A row of the outbox: positive, rising in the order in which tasks of one device were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskId(pub i64);

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskAction {
    /// A service begins at its provider.
    Begin,
    /// It goes on with another plan or until another end.
    Change,
    /// It ends.
    End,
    /// What was left to be done some time after an end is looked at again.
    Retire,
    /// A code of a remote provider's own is redeemed there; its service is written once that is done.
    Redeem,
    /// An entitlement gets a code from stock.
    Issue,
}

/// How far a task has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskState {
    /// Waits for its time, and for older ones of its device.
    Due,
    /// Somebody has it on lease.
    Running,
    /// Carried out.
    Done,
    /// Given up; an operator may try again.
    Dead,
    /// Laid aside by an operator.
    Discarded,
    /// A newer one took its place.
    Superseded,
}

impl TaskAction {
    /// Every action.
    pub const ALL: [Self; 6] =
        [Self::Begin, Self::Change, Self::End, Self::Retire, Self::Redeem, Self::Issue];

    /// Its word in ledger and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Begin => "begin",
            Self::Change => "change",
            Self::End => "end",
            Self::Retire => "retire",
            Self::Redeem => "redeem",
            Self::Issue => "issue",
        }
    }
}

impl TaskState {
    /// Every state.
    pub const ALL: [Self; 6] =
        [Self::Due, Self::Running, Self::Done, Self::Dead, Self::Discarded, Self::Superseded];

    /// Its word in ledger and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Discarded => "discarded",
            Self::Superseded => "superseded",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Whether it is still to be carried out.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Due | Self::Running)
    }
}

/// What is to be carried out, as its provider needs to know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// What the service is.
    pub kind: GrantKind,
    /// What is stored (cloud only).
    pub storage: Option<Storage>,
    /// How long recordings are kept, in days.
    pub retention_days: Option<u32>,
    /// The provider's own settings, from the grant.
    pub settings: Map<String, Value>,
    /// Since when it is to be in force, in ms since 1970.
    pub starts_at_ms: i64,
    /// Until when if nothing comes between, exclusively; none: until it is ended.
    pub ends_at_ms: Option<i64>,
    /// Until when it was paid for, where that is known and grace comes after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at_ms: Option<i64>,
    /// At least for how many days a code must be that is to serve it.
    pub days_min: u32,
    /// What the device was called at its provider when the task was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub camera: Option<String>,
    /// The carrier's notice that it is owed for, where it is for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notice: Option<i64>,
}

/// A task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// Its row.
    pub id: TaskId,
    /// Who owes it: `local`, or the name of a `[providers.NAME]`.
    pub provider: String,
    /// What is to be done.
    pub action: TaskAction,
    /// How far it has come.
    pub state: TaskState,
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
    /// Our own number of this step: the same over all attempts, never another's.
    pub order_num: String,
    /// What is to be carried out.
    pub body: Body,
    /// The code that is reserved for it.
    pub code_key: Option<Lookup>,
    /// Attempts that came to nothing.
    pub attempts: u32,
    /// Whether one of them may have carried it out all the same.
    pub doubt: bool,
    /// Not before then; while it runs, the end of its lease.
    pub due_at: Timestamp,
    /// The lease's secret.
    pub token: Option<String>,
    /// Why the newest attempt came to nothing.
    pub last_error: Option<String>,
    /// What an operator should know of how it was carried out.
    pub note: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was settled for good.
    pub settled_at: Option<Timestamp>,
}

impl Task {
    /// What it is in order for: no task is taken up while an older one for the same is open. A device,
    /// or (no device is called so) an entitlement. A retirement waits for days, in nobody's way; only
    /// while it runs it is its device's like any other. None once it is settled.
    #[must_use]
    pub fn ordering_key(&self) -> Option<String> {
        self.state.is_open().then(|| match (&self.device_id, &self.entitlement) {
            (Some(device), _) if self.action == TaskAction::Retire && self.state != TaskState::Running => {
                Self::retirement(&self.provider, device, self.body.camera.as_deref())
            }
            (Some(device), _) => device.as_str().to_owned(),
            (None, entitlement) => format!("/{}", entitlement.as_deref().unwrap_or_default()),
        })
    }

    /// What its provider is to be told should be on its device by now.
    #[must_use]
    pub fn ask(&self, place: &Place<'_>) -> Ask {
        let account = self.account.as_ref();
        // An account that has come to a number meanwhile is that number's by now.
        let owner = if place.account == account {
            place.has_it.clone()
        } else {
            Owner::of(self.msisdn.as_ref(), account)
        };
        // What ended, ended on the camera that the device was then; what begins does so on the one it is.
        let camera = self.body.camera.as_deref().filter(|_| self.is_of_end()).unwrap_or(place.camera);
        let is_numbers_end = self.is_of_end() && matches!(owner, Some(Owner::Number(_)));
        Ask {
            camera: camera.to_owned(),
            ended_at: self.body.ends_at_ms.filter(|_| self.is_of_end()).map(Timestamp),
            former: account.filter(|_| is_numbers_end).cloned().map(Owner::Account),
            owner,
        }
    }

    /// Whether it is about what ended: of that alone it is known when.
    pub(super) fn is_of_end(&self) -> bool {
        matches!(self.action, TaskAction::End | TaskAction::Retire)
    }

    /// Where the one retirement waits that a provider may owe for a device and a camera.
    #[must_use]
    pub fn retirement(provider: &str, device: &DeviceId, camera: Option<&str>) -> String {
        format!("/{provider}/{device}/{}", camera.unwrap_or(device.as_str()))
    }
}
