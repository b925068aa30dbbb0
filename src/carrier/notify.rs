//! `notify_reg`: a notice's way from its message to its answer. 0 is answered only after the commit
//! has reached the disk.

use tracing::field::display;

use super::shown::Shown;
use super::{Answer, Arrival, Carrier, RETRY_AFTER_S};
use crate::ledger::{NotKept, Received, Recorded};
use crate::subscription::notice::{self, Glimpse, Notice, Reading};
use crate::telemetry::{Chain, Surface};
use crate::wire::Unreadable;
use crate::wire::accessgw::{self, AccessGw, NotifyEcho};
use crate::wire::code::Code;

impl Carrier {
    /// parse (done), resolve and record (in the ledger's writer), render.
    pub(super) async fn notify(&self, message: &AccessGw, arrival: Arrival) -> Answer {
        let reading = notice::read(message, self.settings.utc_offset);
        if let Reading::Notice(notice) = &reading {
            self.warn_of_disagreement(notice);
        }
        self.keep(reading, &message.echo(), arrival).await
    }

    /// What cannot be read is kept too: somebody may have to.
    pub(super) async fn keep_unreadable(&self, error: Unreadable, arrival: Arrival) -> Answer {
        tracing::info!(surface = "notify", %error, "unreadable");
        self.keep(Reading::Unreadable(Glimpse::default()), &NotifyEcho::default(), arrival).await
    }

    async fn keep(&self, reading: Reading, echo: &NotifyEcho<'_>, arrival: Arrival) -> Answer {
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
            received_at: self.clock.now(),
            answer: u8::from(code != Code::Kept),
        };
        let number = number(&received.reading);
        let recording = tokio::time::timeout_at(arrival.deadline, self.ledger.record(received));
        let (code, outcome) = match recording.await {
            Ok(Ok(recorded)) => (code, tell(&recorded, &number, echo, &arrival.caller)),
            Ok(Err(NotKept::Full)) => (Code::Overloaded, "queue_full"),
            Ok(Err(error)) => {
                tracing::error!(error = %Chain(&error), msisdn = number, "a notice could not be kept");
                (Code::SystemError, "failed")
            }
            Err(_) => {
                tracing::error!(msisdn = number, "a notice could not be kept in time");
                (Code::SystemError, "late")
            }
        };
        let body = if code.http_status() == 200 { body } else { accessgw::render(code, echo) };
        Answer { surface: Surface::Notify, code, body, outcome, retry_after_s: RETRY_AFTER_S }
    }

    fn warn_of_disagreement(&self, notice: &Notice) {
        let sent = notice.content.sent.as_sent();
        let (Some(service), Some(package)) = (sent.service_id, sent.package_id) else { return };
        let offer = self.ledger.catalog().offer(service, package);
        if let Some(offer) = offer.filter(|offer| offer.disagrees(&sent)) {
            let number = &notice.content.msisdn;
            tracing::warn!(msisdn = %number, offer = offer.id, "ids and codes disagree; the ids are followed");
        }
    }
}

/// The one line of the log, and the outcome's word.
fn tell(recorded: &Recorded, number: &str, echo: &NotifyEcho<'_>, caller: &str) -> &'static str {
    let outcome = if recorded.repeated { "repeated" } else { recorded.outcome.as_str() };
    let reason = recorded.outcome.reason().map(|reason| reason.as_str());
    let (notice, queue_id) = (recorded.id.0, echo.queue_id.map(|sent| display(Shown(sent))));
    tracing::info!(surface = "notify", notice, msisdn = number, queue_id, outcome, reason, caller);
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
