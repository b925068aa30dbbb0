//! What a provider keeps, compared with what is in force, and mended where that is asked for: what
//! was changed by hand there, what a dead letter left behind. A loop for any provider that keeps a state; what it has,
//! what of it differs and how that is mended is the provider's to say ([`crate::providers::Survey`]).
//!
//! ```text
//! pages     what is there, page by page, beside what should be
//! devices   what should be there and was on no page; the subscribers who are served
//! drift     what is found, and what became of it
//! periodic  the same by itself, every so often, by one worker of all
//! ```
//!
//! What tasks are under way for is left to them. What is to be written is read from the ledger once more, just before;
//! a camera gets one write.

mod devices;
mod drift;
mod pages;
mod periodic;

use crate::clock::{Clock, Timestamp};
use crate::ledger::{Ledger, StoreError};
use crate::providers::{Difference, Fault, KeepsState, Survey};
use crate::telemetry;
pub use drift::{Drift, End, Report};
pub use periodic::Comparison;

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
pub trait Observer: Send {
    /// Something is not as it should be.
    fn drift(&mut self, drift: &Drift);

    /// So far it has come.
    fn progress(&mut self, doing: &'static str, done: u64);

    /// Whether to go on; asked at each page.
    fn goes_on(&mut self) -> impl Future<Output = bool> + Send;
}

/// One comparison of one provider.
pub struct Reconcile<'a, O> {
    name: &'a str,
    survey: Box<dyn Survey + 'a>,
    ledger: &'a Ledger,
    clock: &'a Clock,
    mode: Mode,
    observer: O,
    report: Report,
    failures: u32,
}

impl<'a, O: Observer> Reconcile<'a, O> {
    /// One of the provider `name`, which the ledger knows by that.
    pub fn new(
        (name, provider): (&'a str, &'a dyn KeepsState),
        ledger: &'a Ledger,
        clock: &'a Clock,
        mode: Mode,
        observer: O,
    ) -> Self {
        let (survey, report) = (provider.survey(), Report::default());
        Self { name, survey, ledger, clock, mode, observer, report, failures: 0 }
    }

    /// Makes it.
    ///
    /// # Errors
    /// [`ReconcileError`]; what was mended by then stays so.
    pub async fn run(mut self) -> Result<Report, ReconcileError> {
        while let Some((doing, done)) = self.survey.next() {
            self.go_on(doing, done).await?;
            let page = self.survey.read().await?;
            self.page(page).await?;
        }
        self.devices().await?;
        Ok(self.report)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn go_on(&mut self, doing: &'static str, done: u64) -> Result<(), ReconcileError> {
        self.observer.progress(doing, done);
        if self.observer.goes_on().await { Ok(()) } else { Err(ReconcileError::Stopped) }
    }

    fn tell(&mut self, found: Difference, end: End) {
        self.report.drifted += 1;
        self.report.mended += u64::from(end == End::Mended);
        self.report.failed += u64::from(matches!(end, End::Failed(_)));
        telemetry::drift(self.name, found.word, end.word());
        self.observer.drift(&Drift { found, end });
    }

    /// Tells what became of something that was to be mended.
    ///
    /// # Errors
    /// After too many failures in a row, and where our credentials are refused.
    fn ended(&mut self, found: Difference, mended: Result<(), Fault>) -> Result<(), ReconcileError> {
        let end = match mended {
            Ok(()) => {
                self.failures = 0;
                End::Mended
            }
            Err(fault @ Fault::Denied(_)) => return Err(fault.into()),
            // It is about this one: the other side answers, and what comes next may be mended.
            Err(fault) if fault.is_of_one() => End::Failed(fault.to_string()),
            Err(fault) => {
                self.failures += 1;
                if self.failures >= FAILURES_MAX {
                    return Err(fault.into());
                }
                End::Failed(fault.to_string())
            }
        };
        self.tell(found, end);
        Ok(())
    }
}
