//! A remote provider's code is redeemed there first, while its sender waits. Whoever hangs up breaks nothing
//! off: sending and settling go on by themselves, and what is left in doubt is the worker's to clear up.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::answer::Refusal;
use super::{ResultCode, unavailable};
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::ledger::Ledger;
use crate::ledger::fulfil::{Claimed, Outcome as Judged, Settled as Written, TaskState};
use crate::providers::{Action, CodeFault, Doubt, Outcome, Provider, Providers, Settled, Task, Why};
use crate::service::source::ServiceId;
use crate::telemetry::Chain;

/// How long a redemption waits for one of its provider's places.
const PLACE_WAIT: Duration = Duration::from_secs(3);

/// What a provider says where the account's device is not one of its own.
const NOT_ITS_DEVICE: [&str; 3] = ["1007", "1030", "1049"];

/// Redeems codes where they came from.
#[derive(Clone)]
pub(super) struct Remotes {
    ledger: Ledger,
    clock: Clock,
    providers: Arc<Providers>,
    /// As many redemptions at once as a provider may have tasks.
    places: Arc<BTreeMap<String, Semaphore>>,
    /// For how long a redemption is the surface's own.
    pub(super) lease_ms: i64,
    /// After what was left in doubt the worker waits so long.
    backoff_ms: i64,
    /// The providers for whose services codes are ours alone.
    pub(super) pausing: Arc<BTreeSet<String>>,
}

impl Remotes {
    pub(super) fn new(config: &Config, ledger: Ledger, clock: Clock, providers: Arc<Providers>) -> Self {
        let place = |(name, provider): (&String, &crate::config::Provider)| {
            let places = usize::try_from(provider.concurrency).unwrap_or(usize::MAX);
            (name.clone(), Semaphore::new(places.min(Semaphore::MAX_PERMITS)))
        };
        let pausing =
            |(name, provider): (&String, &Arc<dyn Provider>)| provider.converges().then(|| name.clone());
        Self {
            pausing: Arc::new(providers.iter().filter_map(pausing).collect()),
            ledger,
            clock,
            providers,
            places: Arc::new(config.providers.iter().map(place).collect()),
            lease_ms: i64::from(config.worker.lease_s) * 1000,
            backoff_ms: i64::from(config.worker.backoff_ms_min),
        }
    }

    /// Sends a reserved code to its provider and writes down what came of it; the service it became.
    pub(super) async fn redeem(&self, claimed: Claimed) -> Result<ServiceId, Refusal> {
        let own = self.clone();
        let sent = tokio::spawn(async move { own.send_and_settle(claimed).await });
        sent.await.unwrap_or_else(|error| Err(unavailable(&error)))
    }

    async fn send_and_settle(&self, claimed: Claimed) -> Result<ServiceId, Refusal> {
        let outcome = self.send(&claimed).await;
        let now = self.clock.now();
        let (judged, refused) = judge(outcome, now.plus_ms(self.backoff_ms));
        let task = &claimed.task;
        let code = refused.unwrap_or(ResultCode::Done).word();
        tracing::info!(provider = task.provider, task = task.id.0, code, "a code sent to its provider");
        let settled = self.ledger.settle(task, judged, now).await.map_err(|error| unavailable(&error))?;
        match refused {
            Some(code) => Err(Refusal::Code(code)),
            // Somebody else goes on with it: it took longer than the lease.
            None if settled == Written::NotYours => Err(Refusal::Code(ResultCode::System)),
            None => self.granted(&claimed).await,
        }
    }

    /// The service, where there is one: the device may have become another account's meanwhile.
    async fn granted(&self, claimed: &Claimed) -> Result<ServiceId, Refusal> {
        let task = self.ledger.task(claimed.task.id).await.map_err(|error| unavailable(&error))?;
        let done = task.filter(|task| task.state == TaskState::Done).and_then(|task| task.service_id);
        done.ok_or(Refusal::Code(ResultCode::Device))
    }

    async fn send(&self, claimed: &Claimed) -> Outcome {
        let again = |text: &str| Outcome::Again { why: Why::new(text), after: None };
        let name = &claimed.task.provider;
        let (Some(provider), Some(places)) = (self.providers.get(name), self.places.get(name)) else {
            return again("the settings have no such provider");
        };
        let Some(task) = self.task(claimed) else { return again("the code cannot be opened") };
        match tokio::time::timeout(PLACE_WAIT, places.acquire()).await {
            Ok(Ok(_place)) => provider.send(&task).await,
            Ok(Err(_)) | Err(_) => again("the provider has as many redemptions at once as it may"),
        }
    }

    /// What the provider needs to know.
    fn task(&self, claimed: &Claimed) -> Option<Task> {
        let (task, code) = (&claimed.task, claimed.code.as_ref()?);
        let opened = self.ledger.vault().open(&code.sealed, &code.key);
        let opened = opened.map_err(|error| tracing::error!(error = %Chain(&error), "a code in stock"));
        Some(Task {
            action: Action::Begin,
            doubt: if task.doubt { Doubt::Possible } else { Doubt::None },
            order_num: task.order_num.clone(),
            ended_order_nums: Vec::new(),
            user_account: task.account.clone()?,
            device_id: task.device_id.clone()?,
            camera: claimed.camera.clone(),
            kind: task.body.kind,
            storage: task.body.storage,
            retention_days: task.body.retention_days,
            starts_at: Timestamp(task.body.starts_at_ms),
            ends_at: task.body.ends_at_ms.map(Timestamp),
            code: Some(opened.ok()?),
            settings: task.body.settings.clone(),
            wanted: claimed.wanted.clone(),
        })
    }
}

/// What is written down, and what the sender is refused with. A code that was certainly not redeemed goes
/// back, so that another try begins anew; one of which nobody knows stays with the worker, which looks.
fn judge(outcome: Outcome, later: Timestamp) -> (Judged, Option<ResultCode>) {
    match outcome {
        Outcome::Done(Settled { note, follow_up_at, .. }) => {
            (Judged::Done { note: note.map(str::to_owned), follow_up_at }, None)
        }
        Outcome::BadCode { fault, why } => {
            let code = match fault {
                CodeFault::Used => ResultCode::CodeUsed,
                CodeFault::Invalid => ResultCode::CodeInvalid,
            };
            (Judged::BadCode { fault, due_at: later, why: why.to_string() }, Some(code))
        }
        Outcome::Never(why) => {
            let not_its = why.result_code.as_deref().is_some_and(|code| NOT_ITS_DEVICE.contains(&code));
            let code = if not_its { ResultCode::Device } else { ResultCode::System };
            (Judged::Returned { why: why.to_string() }, Some(code))
        }
        Outcome::Again { why, .. } | Outcome::Denied(why) => {
            (Judged::Returned { why: why.to_string() }, Some(ResultCode::System))
        }
        Outcome::Waits => {
            (Judged::Returned { why: "the code was not sent".to_owned() }, Some(ResultCode::System))
        }
        Outcome::Unknown(why) => {
            (Judged::Unknown { due_at: later, why: why.to_string() }, Some(ResultCode::System))
        }
    }
}
