//! Cameras and users of a provider compared with what is in force, and mended where that is asked for: what
//! was changed by hand there, what a dead letter left behind. Billing is asked once, and
//! only where subscribers have organizations of their own.
//!
//! ```text
//! cameras   Watcher's list page by page; then what we have and it has not
//! users     subscribers who are served, and those who are no more
//! drift     what is found, in words
//! duty      the same by itself, every so often, by one worker of all
//! ```
//!
//! Memory holds one page at a time, and of what was seen only hashes. What tasks are under way for is left to
//! them. What is to be written is read from the ledger once more, just before; a camera gets one write.

mod cameras;
mod drift;
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
use crate::providers::watcher::Keeper;
use crate::telemetry;
pub use drift::{Drift, End, Report, What};

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
        self.served(&seen, &users, &homes).await?;
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

    /// The same of one thing: that this one is refused, or fails alone, spoils no other.
    async fn one<T>(
        &self,
        ask: impl Fn() -> Asking<'a, T> + Sync,
    ) -> Result<Result<T, String>, ReconcileError> {
        match self.page(ask).await {
            Ok(found) => Ok(Ok(found)),
            Err(ReconcileError::Fault(fault)) if is_of_one(&fault) => Ok(Err(fault.to_string())),
            Err(error) => Err(error),
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
            // It is about this one: the other side answers, and what comes next may be mended.
            Err(fault) if is_of_one(&fault) => Ok(End::Failed(fault.to_string())),
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

fn is_of_one(fault: &Fault) -> bool {
    matches!(fault, Fault::Never(_)) || fault.why().is_of_one
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
