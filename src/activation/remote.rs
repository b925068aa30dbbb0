//! A remote provider's code is redeemed there first, while its sender waits. Whoever hangs up breaks nothing
//! off: sending and settling go on by themselves, and what is left in doubt is the worker's to clear up.

use std::time::Duration;

use super::answer::Refusal;
use super::{ResultCode, unavailable};
use crate::clock::{Clock, Timestamp};
use crate::config::Config;
use crate::ledger::Ledger;
use crate::ledger::fulfil::{Claimed, Settle, Settled as Written};
use crate::outbox::{Settlement, TaskState};
use crate::providers::{Attempted, CodeFault, Fulfilled, Why};
use crate::service::source::ServiceId;
use crate::worker::{Sender, errand};

/// How long a redemption waits for one of its provider's places.
const PLACE_WAIT: Duration = Duration::from_secs(3);

/// What a provider says where the account's device is not one of its own.
const NOT_ITS_DEVICE: [&str; 3] = ["1007", "1030", "1049"];

/// Redeems codes where they came from.
#[derive(Clone)]
pub(super) struct Remotes {
    ledger: Ledger,
    clock: Clock,
    sender: Sender,
    /// For how long a redemption is the surface's own.
    pub(super) lease_ms: i64,
    /// After what was left in doubt the worker waits so long.
    backoff_ms: i64,
}

impl Remotes {
    pub(super) fn new(config: &Config, ledger: Ledger, clock: Clock, sender: Sender) -> Self {
        let (lease_ms, backoff_ms) =
            (i64::from(config.worker.lease_s) * 1000, i64::from(config.worker.backoff_ms_min));
        Self { ledger, clock, sender, lease_ms, backoff_ms }
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
        let (judged, refused) = translate(outcome, now.plus_ms(self.backoff_ms));
        let settle = Settle { task: claimed.task.clone(), outcome: judged, now };
        let settled = self.ledger.write(settle).await.map_err(|error| unavailable(&error))?;
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

    async fn send(&self, claimed: &Claimed) -> Attempted {
        let not_sent = |why: String| Attempted::Again { why: Why::new(why), after: None };
        let task = &claimed.task;
        let errand = match errand(claimed, self.ledger.vault()) {
            Ok(errand) => errand,
            Err(unfit) => return not_sent(unfit.to_string()),
        };
        match self.sender.place(&task.provider, PLACE_WAIT).await {
            Ok(place) => {
                let outcome = place.send(task, &errand).await;
                place.keep().await;
                outcome.unwrap_or_else(|| not_sent("its time was over".to_owned()))
            }
            Err(error) => not_sent(error.to_string()),
        }
    }
}

/// What is written down, and what the sender is refused with. A code that was certainly not redeemed goes
/// back, so that another try begins anew; one of which nobody knows stays with the worker, which looks.
fn translate(outcome: Attempted, later: Timestamp) -> (Settlement, Option<ResultCode>) {
    match outcome {
        Attempted::Done(Fulfilled { note, follow_up_at, .. }) => {
            (Settlement::Done { note: note.map(str::to_owned), follow_up_at }, None)
        }
        Attempted::BadCode { fault, why } => {
            let code = match fault {
                CodeFault::Used => ResultCode::CodeUsed,
                CodeFault::Invalid => ResultCode::CodeInvalid,
            };
            (Settlement::BadCode { fault, due_at: later, why: why.to_string() }, Some(code))
        }
        Attempted::Never(why) => {
            let not_its = why.result_code.as_deref().is_some_and(|code| NOT_ITS_DEVICE.contains(&code));
            let code = if not_its { ResultCode::Device } else { ResultCode::System };
            (Settlement::Returned { why: why.to_string() }, Some(code))
        }
        Attempted::Again { why, .. } | Attempted::Denied(why) => {
            (Settlement::Returned { why: why.to_string() }, Some(ResultCode::System))
        }
        Attempted::Waits => {
            (Settlement::Returned { why: "the code was not sent".to_owned() }, Some(ResultCode::System))
        }
        Attempted::Unknown(why) => {
            (Settlement::Unknown { due_at: later, why: why.to_string() }, Some(ResultCode::System))
        }
    }
}
