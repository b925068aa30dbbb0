//! What is in force on devices: windows, queues, transfer, retention. Pure: no I/O, no SQL, no HTTP, and
//! `now` is an argument.
//!
//! ```text
//! rights of the number      devices in binding order, each with its services
//!          └──────────┬──────────────────┘
//!                 Holdings ──event at now──▶ Holdings ──change::between──▶ rows to write, dues
//! ```
//!
//! # The rules
//!
//! 1. Of one kind at most one service is in force on a device (`Service::rank`): the attached right,
//!    else of what was paid the one that is running down and cannot stop, else the first in order of
//!    being granted. It has its *turn*. A right whose provider has not begun yet has its turn as well,
//!    and what was paid goes on until it has.
//! 2. A right attaches to the number's devices, oldest binding first, up to `devices_max`, wherever no
//!    other right of its kind is attached. What is attached stays until the right ends, the device is
//!    unbound, or `devices_max` shrinks (the newest attachments go). Rights that want one device at the
//!    same moment: continuous storage before event storage, longer retention, earlier start, id. One
//!    that finds no device waits and attaches the moment one is free.
//! 3. An attached right is a service with exactly the right's window; renewals move the window, and the
//!    service keeps its id. It never queues.
//! 4. What was paid holds milliseconds. They run down only in force: behind a right, behind others, on
//!    an unbound device and until a remote provider has begun they stand still. Where the provider
//!    cannot pause, they run down by the wall clock from its beginning there, whatever comes between;
//!    of several such, one provider begins each at the end of the one before.
//! 5. Unbinding ends attachments and freezes what was paid, which resumes when the same account binds
//!    the device again, or moves to another device of the account, where it queues last.
//!
//! # What a ledger does with it
//!
//! It loads [`holdings::Holdings`] as stored, the rights as of the moment they are advanced to, and keeps a
//! copy. It applies one event; each first brings the holdings up to `now`, walking what began and ended
//! meanwhile in order, so that a late tick changes no outcome. It writes [`change::between`] the copy and
//! the result, and every device's `settled_at`, and stores [`holdings::Holdings::next_change_at`] for its
//! sweep. A read advances a copy and writes nothing. When a provider has done what [`change::Action::Begin`]
//! asked for, [`holdings::Holdings::confirm`] says so: until then a remote service is pending.
//!
//! Files, in reading order: [`hold`] (what a service holds, and its time), [`holdings`] (the events),
//! `arrange` (rules 1 and 2), [`right`] (rights from subscriptions), [`change`] (what is to be written
//! and done), [`wanted`] (the same for providers that keep a state), [`state`] (the words the outside
//! sees), [`retention`], [`playback`] (what may be played), [`source`] (where a service comes from, and ids).

mod arrange;
pub mod change;
pub mod hold;
pub mod holdings;
pub mod playback;
pub mod retention;
pub mod right;
pub mod source;
pub mod state;
pub mod wanted;

use crate::catalog::{Grant, GrantKind, Storage};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use hold::Hold;
use source::{ServiceId, Source};

/// The provider that is ourselves: in force at commit, nobody to wait for.
pub const LOCAL_PROVIDER: &str = "local";

/// Storage, AI or 4G on one device, as a row of the ledger holds it.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// The same on every surface; stable as long as the service lives.
    pub id: ServiceId,
    /// Where it is; only what was paid ever moves.
    pub device: DeviceId,
    /// Whose it is: the account the device was bound to when it was granted.
    pub account: UserAccount,
    /// What it comes from.
    pub source: Source,
    /// What is carried out, and by whom.
    pub plan: Plan,
    /// Its window or its paid time.
    pub hold: Hold,
    /// When it was attached or redeemed.
    pub granted_at: Timestamp,
    /// Whether it has its turn, as of the last settling.
    pub turn: Turn,
    /// When it ended, for ever.
    pub ended_at: Option<Timestamp>,
}

/// What is carried out on a device, and by whom.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Services of one kind take turns on a device.
    pub kind: GrantKind,
    /// What is stored (cloud only).
    pub storage: Option<Storage>,
    /// How long recordings are kept, in days (cloud only).
    pub retention_days: Option<u32>,
    /// [`LOCAL_PROVIDER`], or the name of a `[providers.NAME]`.
    pub provider: String,
    /// The provider's own settings.
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// A service's turn among those of its kind on its device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Not its turn, or over.
    Waiting,
    /// Its turn; its remote provider has not yet said that it began.
    Asked,
    /// In force since.
    InForce(Timestamp),
}

impl Plan {
    /// What a grant has carried out.
    #[must_use]
    pub fn of(grant: &Grant) -> Self {
        Self {
            kind: grant.kind,
            storage: grant.storage,
            retention_days: grant.retention_days,
            provider: grant.provider.clone(),
            settings: grant.settings.clone(),
        }
    }

    fn is_local(&self) -> bool {
        self.provider == LOCAL_PROVIDER
    }
}

impl Service {
    /// Whether it has not ended.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.ended_at.is_none()
    }

    /// Whether it is a right attached to its device, and not ended.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.is_live() && matches!(self.hold, Hold::Window(_))
    }

    /// Whether it is in force.
    #[must_use]
    pub fn is_in_force(&self) -> bool {
        matches!(self.turn, Turn::InForce(_))
    }

    /// Whether it is, or is about to be, in force.
    #[must_use]
    pub fn has_turn(&self) -> bool {
        self.turn != Turn::Waiting
    }

    /// Whether its provider is to carry it out: while it has its turn, and where it cannot be paused
    /// from its beginning until it ends.
    #[must_use]
    pub fn is_carried(&self) -> bool {
        self.is_live() && (self.has_turn() || self.runs_by_wall_clock())
    }
}
