//! `notify_reg`: a notice's way from its message to its answer. 0 is answered only after the commit
//! has reached the disk.

use std::fmt::Display;
use std::net::IpAddr;
use std::time::Instant;

use tracing::field::display;

use super::shown::Shown;
use super::{Answer, Arrival, Carrier, RETRY_AFTER_S, reading};
use crate::clock::Timestamp;
use crate::ledger::{NotKept, Received, Recorded, Remarks};
use crate::limits::Suppressed;
use crate::subscription::judge::Reason;
use crate::subscription::notice::{Glimpse, Notice, Reading};
use crate::telemetry::{CarrierMessage, Chain};
use crate::wire::Unreadable;
use crate::wire::accessgw::{self, AccessGw, NotifyEcho};
use crate::wire::code::Code;

impl Carrier {
    /// parse (done), resolve and record (in the ledger's writer), render.
    pub(super) async fn notify(&self, message: &AccessGw, arrival: Arrival) -> Answer {
        let received_at = self.clock.now();
        let reading = reading::read(message, &self.reads, received_at);
        if let Reading::Notice(notice) = &reading {
            self.warn_of_disagreement(notice);
        }
        self.keep(reading, &message.echo(), received_at, arrival).await
    }

    /// What cannot be read is kept too: somebody may have to.
    pub(super) async fn keep_unreadable(&self, error: Unreadable, arrival: Arrival) -> Answer {
        tracing::info!(surface = "notify", %error, "unreadable");
        let reading = Reading::Unreadable(Glimpse::default());
        self.keep(reading, &NotifyEcho::default(), self.clock.now(), arrival).await
    }

    async fn keep(
        &self,
        reading: Reading,
        echo: &NotifyEcho<'_>,
        received_at: Timestamp,
        arrival: Arrival,
    ) -> Answer {
        let code = match reading {
            Reading::Unreadable(_) => Code::BadParameters,
            Reading::WrongMessage(_) | Reading::Notice(_) => Code::Kept,
        };
        let mut raw = arrival.raw;
        raw.status = code.http_status();
        raw.reply = accessgw::render(code, echo);
        let body = raw.reply.clone();
        let received = Received {
            reading,
            raw,
            caller: arrival.caller.to_string(),
            received_at,
            answer: u8::from(code != Code::Kept),
        };
        let number = number(&received.reading);
        let recording = tokio::time::timeout_at(arrival.deadline, self.ledger.record(received));
        let (code, outcome) = match recording.await {
            Ok(Ok(recorded)) => {
                self.count(recorded.remarks);
                (code, tell(&recorded, &number, echo, &arrival.caller, arrival.address))
            }
            Ok(Err(NotKept::Full)) => (Code::Overloaded, "queue_full"),
            Ok(Err(error)) => {
                self.tell_unkept(&Chain(&error), &number, echo, arrival.address);
                (Code::SystemError, "failed")
            }
            Err(_) => {
                self.tell_unkept(&"not in time", &number, echo, arrival.address);
                (Code::SystemError, "late")
            }
        };
        let body = if code.http_status() == 200 { body } else { accessgw::render(code, echo) };
        Answer { message: CarrierMessage::Notify, code, body, outcome, retry_after_s: RETRY_AFTER_S }
    }

    /// What is remarkable about a notice.
    fn count(&self, remarks: Remarks) {
        for field in remarks.odd.fields() {
            self.meters.odd(field.as_str(), 1);
        }
        self.meters.queue_id_reused.increment(u64::from(remarks.queue_id_reused));
        self.meters.queue_id_went_back.increment(u64::from(remarks.queue_id_went_back));
    }

    /// At a bounded rate: a ledger that fails fails them all, and says why itself.
    fn tell_unkept(&self, why: &dyn Display, number: &str, echo: &NotifyEcho<'_>, address: IpAddr) {
        if let Some(Suppressed(suppressed)) = self.unkept.admit(Instant::now()) {
            let queue_id = echo.queue_id.map(|sent| display(Shown(sent)));
            tracing::error!(error = %why, msisdn = number, queue_id, %address, suppressed, "a notice could not be kept");
        }
    }

    fn warn_of_disagreement(&self, notice: &Notice) {
        let sent = notice.content.sent.as_sent();
        let (Some(service), Some(package)) = (sent.service_id, sent.package_id) else { return };
        let catalog = self.ledger.catalog();
        if let Some(offer) = catalog.offer(service, package).filter(|offer| offer.disagrees(&sent)) {
            let number = &notice.content.msisdn;
            tracing::warn!(msisdn = %number, offer = offer.id, "ids and codes disagree; the ids are followed");
        }
    }
}

/// The one line of the log, and the outcome's word. A notice that waits for an operator is a warning, unless all of
/// them do for now.
fn tell(
    recorded: &Recorded,
    number: &str,
    echo: &NotifyEcho<'_>,
    caller: &str,
    address: IpAddr,
) -> &'static str {
    let outcome = if recorded.repeated { "repeated" } else { recorded.outcome.as_str() };
    let reason = recorded.outcome.reason();
    let is_news = !recorded.repeated && reason.is_some_and(|reason| reason != Reason::RecordOnly);
    let (notice, queue_id) = (recorded.id.0, echo.queue_id.map(|sent| display(Shown(sent))));
    let reason = reason.map(Reason::as_str);
    if is_news {
        tracing::warn!(surface = "notify", notice, msisdn = number, queue_id, outcome, reason, caller, %address);
    } else {
        tracing::info!(surface = "notify", notice, msisdn = number, queue_id, outcome, reason, caller);
    }
    outcome
}

/// The masked number of a message, for the log.
fn number(reading: &Reading) -> String {
    let number = match reading {
        Reading::Notice(notice) => Some(&notice.content.msisdn),
        Reading::Unreadable(glimpse) | Reading::WrongMessage(glimpse) => glimpse.msisdn.as_ref(),
    };
    number.map_or_else(|| "-".to_owned(), ToString::to_string)
}
