//! Cameras and users of a provider compared with what is in force, and mended where that is asked for: what
//! was changed by hand there, what a dead letter left behind. Billing is not asked.
//!
//! ```text
//! cameras   Watcher's list page by page; then what we have and it has not
//! users     subscribers who are served, and those who are no more
//! duty      the same by itself, every so often, by one worker of all
//! ```
//!
//! Memory holds one page at a time, and of what was seen only hashes. What tasks are under way for is left to
//! them. What is to be written is read from the ledger once more, just before; a camera gets one write.

mod cameras;
pub(super) mod duty;
mod users;

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::num::NonZeroU32;
use std::pin::Pin;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::clock::{Clock, Timestamp};
use crate::ids::vsaas::{OrganizationId, PresetId};
use crate::ledger::{Ledger, StoreError};
use crate::providers::Fault;
use crate::providers::watcher::{CameraChange, Keeper};
use crate::telemetry;

/// How often a list's page is asked for before the whole comparison is given up.
const PAGE_ATTEMPTS_MAX: u32 = 4;

/// The longest pause between those; what the other side asks for is kept up to here.
const PAGE_PAUSE_MAX: Duration = Duration::from_secs(10);

/// Findings that cannot be mended one after another, after which no more is tried: it is not them, then.
const FAILURES_MAX: u32 = 10;

/// Why a comparison was not finished.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// The other side could not be asked.
    #[error("the comparison was broken off: {0}")]
    Fault(#[from] Fault),
    /// The ledger could not be read.
    #[error("the comparison was broken off")]
    Store(#[from] StoreError),
    /// Whoever asked for it wants no more of it.
    #[error("the comparison was stopped")]
    Stopped,
}

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The camera's name, or the user's login.
    pub on: String,
    /// What is the matter.
    pub what: What,
    /// What became of it.
    pub end: End,
}

/// What can be the matter.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A camera is not as it should be.
    Camera(CameraChange),
    /// A camera is in another organization than its subscriber.
    Elsewhere(OrganizationId),
    /// Watcher has no such camera.
    Missing,
    /// The settings of what is carried there name no preset.
    BadPreset,
    /// A subscriber who is served cannot look: no user, disabled, no member, or in the default organization.
    Unseeing(&'static str),
    /// A user can log in whose subscriber is served no more.
    Seeing,
}

/// What became of a drift.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// It was told of: nothing else was asked for, or nothing can be done by a call.
    Told,
    /// It was mended.
    Mended,
    /// It was to be mended, and was not.
    Failed(String),
}

/// What came of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Cameras in the list.
    pub cameras: u64,
    /// Those of them that are none of our devices'.
    pub unknown: u64,
    /// Those that a task is under way for.
    pub in_progress: u64,
    /// Users looked at.
    pub users: u64,
    /// What was not as it should be.
    pub drifted: u64,
    /// What of that was mended.
    pub mended: u64,
    /// What could not be.
    pub failed: u64,
}

/// How a comparison is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Only tell.
    Tell,
    /// Mend what can be.
    Mend,
}

/// Whoever watches a comparison.
pub trait Watcher: Send {
    /// Something is not as it should be.
    fn drift(&mut self, drift: &Drift);

    /// So far it has come.
    fn progress(&mut self, doing: &'static str, done: u64);

    /// Whether to go on; asked at each page.
    fn goes_on(&mut self) -> impl Future<Output = bool> + Send;
}

/// A call that may have to be made again.
type Asking<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// One comparison of one provider.
pub struct Reconcile<'a, W> {
    name: &'a str,
    keeper: &'a Keeper,
    ledger: &'a Ledger,
    clock: &'a Clock,
    mode: Mode,
    watcher: W,
    rate: Option<DefaultDirectRateLimiter>,
    report: Report,
    failures: u32,
    /// Presets that an organization is known to have.
    available: HashSet<(OrganizationId, PresetId)>,
}

impl<'a, W: Watcher> Reconcile<'a, W> {
    /// One of the provider `name`, which the ledger knows by that.
    pub fn new(
        (name, keeper): (&'a str, &'a Keeper),
        ledger: &'a Ledger,
        clock: &'a Clock,
        mode: Mode,
        watcher: W,
    ) -> Self {
        let rate = NonZeroU32::new(keeper.settings().per_second)
            .map(|rate| RateLimiter::direct(Quota::per_second(rate).allow_burst(NonZeroU32::MIN)));
        let (report, available) = (Report::default(), HashSet::new());
        Self { name, keeper, ledger, clock, mode, watcher, rate, report, failures: 0, available }
    }

    /// Makes it.
    ///
    /// # Errors
    /// [`ReconcileError`]; what was mended by then stays so.
    pub async fn run(mut self) -> Result<Report, ReconcileError> {
        let homes = self.homes().await?;
        let users = self.users(&homes).await?;
        let seen = self.cameras(&homes).await?;
        self.served(&seen, &users).await?;
        Ok(self.report)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Waits until the provider's rate lets one more call out.
    async fn pace(&self) {
        if let Some(rate) = &self.rate {
            rate.until_ready().await;
        }
    }

    /// A page of a list, asked for again where that may help.
    async fn page<T>(&self, ask: impl Fn() -> Asking<'a, T> + Sync) -> Result<T, ReconcileError> {
        let mut attempt = 1;
        loop {
            self.pace().await;
            match ask().await {
                Err(Fault::Again { after, .. }) if attempt < PAGE_ATTEMPTS_MAX => {
                    let pause = after.unwrap_or(Duration::from_millis(500) * attempt);
                    tokio::time::sleep(pause.min(PAGE_PAUSE_MAX)).await;
                    attempt += 1;
                }
                page => return Ok(page?),
            }
        }
    }

    async fn go_on(&mut self, doing: &'static str, done: u64) -> Result<(), ReconcileError> {
        self.watcher.progress(doing, done);
        if self.watcher.goes_on().await { Ok(()) } else { Err(ReconcileError::Stopped) }
    }

    fn tell(&mut self, on: &str, what: What, end: End) {
        self.report.drifted += 1;
        self.report.mended += u64::from(end == End::Mended);
        self.report.failed += u64::from(matches!(end, End::Failed(_)));
        telemetry::drift(self.name, what.word(), end.word());
        self.watcher.drift(&Drift { on: on.to_owned(), what, end });
    }

    /// What became of something that was to be mended.
    ///
    /// # Errors
    /// After too many failures in a row, and where our credentials are refused.
    fn ended(&mut self, mended: Result<(), Fault>) -> Result<End, ReconcileError> {
        match mended {
            Ok(()) => {
                self.failures = 0;
                Ok(End::Mended)
            }
            Err(fault @ Fault::Denied(_)) => Err(fault.into()),
            Err(fault) => {
                self.failures += 1;
                if self.failures >= FAILURES_MAX {
                    Err(fault.into())
                } else {
                    Ok(End::Failed(fault.to_string()))
                }
            }
        }
    }
}

impl What {
    /// Its word in the metric.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Camera(CameraChange { preset_id: None, .. }) => "enabled",
            Self::Camera(_) => "preset",
            Self::Elsewhere(_) => "elsewhere",
            Self::Missing => "missing",
            Self::BadPreset => "bad_preset",
            Self::Unseeing(_) | Self::Seeing => "user",
        }
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Camera(change) => {
                let enabled = change.enabled.map(|on| if on { "be enabled" } else { "be disabled" });
                let preset = change.preset_id.map(|preset| format!("have preset {preset}"));
                let all: Vec<&str> = enabled.into_iter().chain(preset.as_deref()).collect();
                write!(f, "should {}", all.join(" and "))
            }
            Self::Elsewhere(other) => {
                write!(f, "is in organization {other}, which is not its subscriber's: move it in Watcher")
            }
            Self::Missing => f.write_str("is not in Watcher"),
            Self::BadPreset => f.write_str("the preset_id of its offer is no id"),
            Self::Unseeing(why) => write!(f, "is served and cannot look: {why}"),
            Self::Seeing => f.write_str("is served no more and can log in"),
        }
    }
}

impl End {
    /// Its word in the metric.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Mended => "mended",
            Self::Failed(_) => "failed",
        }
    }
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
