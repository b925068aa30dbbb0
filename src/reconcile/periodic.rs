//! The comparison by itself, every `reconcile_every_s`: it mends, and whichever worker's turn it is makes it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::{Drift, End, Mode, Observer, Reconcile, ReconcileError};
use crate::clock::{Clock, Timestamp};
use crate::ledger::Ledger;
use crate::ledger::fulfil::{JobWord, PeriodicJob};
use crate::providers::{Provider, Providers};
use crate::telemetry::Chain;

/// A turn is another's when its worker has given no sign of life for so long.
const LEASE_MS: i64 = 120_000;

/// How often is looked whose turn it is: at least, and at most.
const LOOK_MIN: Duration = Duration::from_millis(250);
const LOOK_MAX: Duration = Duration::from_secs(30);

/// A provider that is compared by itself.
pub struct Comparison {
    name: String,
    provider: Arc<dyn Provider>,
    every_s: u32,
}

/// A worker's turn.
struct Turn<'a> {
    name: String,
    token: String,
    ledger: &'a Ledger,
    clock: &'a Clock,
    stop: watch::Receiver<bool>,
}

impl Comparison {
    /// Those of the providers whose settings say so.
    #[must_use]
    pub fn of(providers: &Providers) -> Vec<Self> {
        let comparison = |(name, provider): (&String, &Arc<dyn Provider>)| {
            let every_s = provider.keeps_state()?.reconcile_every_s();
            let (name, provider) = (name.clone(), Arc::clone(provider));
            (every_s > 0).then_some(Self { name, provider, every_s })
        };
        providers.iter().filter_map(comparison).collect()
    }

    /// The provider's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Compares again and again, until `stop`.
    pub async fn run(self, ledger: Ledger, clock: Clock, mut stop: watch::Receiver<bool>) {
        let every_ms = i64::from(self.every_s) * 1000;
        let look = Duration::from_secs(self.every_s.into()) / 8;
        while !*stop.borrow() {
            if let Some(turn) = Turn::take(&self.name, &ledger, &clock, &stop).await {
                let began_at = clock.now();
                compare(&self, &turn).await;
                turn.say(JobWord::End(began_at.plus_ms(every_ms).max(clock.now()))).await;
            }
            tokio::select! {
                _ = stop.changed() => {}
                () = sleep(look.clamp(LOOK_MIN, LOOK_MAX)) => {}
            }
        }
    }
}

async fn compare(comparison: &Comparison, turn: &Turn<'_>) {
    let Some(keeps) = comparison.provider.keeps_state() else { return };
    let provider = &*comparison.name;
    let reconcile = Reconcile::new((provider, keeps), turn.ledger, turn.clock, Mode::Mend, turn);
    match reconcile.run().await {
        Ok(report) => {
            let (cameras, drifted, mended, failed) =
                (report.cameras, report.drifted, report.mended, report.failed);
            tracing::info!(
                provider,
                cameras,
                drifted,
                mended,
                failed,
                "cameras compared with what is in force"
            );
        }
        Err(ReconcileError::Stopped) => {}
        Err(error) => tracing::warn!(provider, error = %Chain(&error), "cameras could not be compared"),
    }
}

impl<'a> Turn<'a> {
    async fn take(
        provider: &str,
        ledger: &'a Ledger,
        clock: &'a Clock,
        stop: &watch::Receiver<bool>,
    ) -> Option<Self> {
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).ok()?;
        let token = format!("{:032x}", u128::from_be_bytes(secret));
        let turn = Self { name: format!("reconcile {provider}"), token, ledger, clock, stop: stop.clone() };
        turn.say(JobWord::Begin(turn.lease())).await.then_some(turn)
    }

    fn lease(&self) -> Timestamp {
        self.clock.now().plus_ms(LEASE_MS)
    }

    /// Whether it is ours; where the ledger cannot tell, it is not.
    async fn say(&self, word: JobWord) -> bool {
        let duty =
            PeriodicJob { name: self.name.clone(), token: self.token.clone(), word, now: self.clock.now() };
        self.ledger.write(duty).await.unwrap_or_else(|error| {
            tracing::warn!(error = %Chain(&error), "whose turn it is could not be written down");
            false
        })
    }
}

impl Observer for &Turn<'_> {
    fn drift(&mut self, drift: &Drift) {
        // Of what was mended the summary tells; what a person has to see to is told one by one, without
        // the names of users, which are numbers.
        if let End::Failed(why) = &drift.end {
            tracing::warn!(what = drift.found.word, why, "what differs could not be mended");
        }
    }

    fn progress(&mut self, _: &'static str, _: u64) {}

    async fn goes_on(&mut self) -> bool {
        !*self.stop.borrow() && self.say(JobWord::Continue(self.lease())).await
    }
}
