//! `notify_check`: may this number register? Answered from what is on disk now; changes nothing.

use tokio::time::{Instant, timeout_at};
use tracing::field::display;

use super::shown::Shown;
use super::{Answer, Carrier, RETRY_AFTER_S};
use crate::catalog::{Catalog, Offer};
use crate::config::CheckAnswers;
use crate::ids::Msisdn;
use crate::ledger::StoreError;
use crate::subscription::ServiceState;
use crate::telemetry::{CarrierMessage, Chain};
use crate::wire::code::Code;
use crate::wire::rqst::{self, Rqst};

/// The only question there is.
const NAME: &str = "CheckServiceInfo";

impl Carrier {
    pub(super) async fn check(&self, question: &Rqst, deadline: Instant) -> Answer {
        let number = question.msisdn.as_deref().and_then(|text| Msisdn::parse(text).ok());
        let catalog = self.ledger.catalog();
        let (code, status) = match (resolve(&catalog, question), &number) {
            (_, None) => (Code::BadParameters, None),
            (Ok(offer), Some(number)) => self.status(question, offer, number, deadline).await,
            (Err(code), _) => (code, None),
        };
        let outcome = match (code, status) {
            (_, Some(0)) => "no",
            (_, Some(_)) => "yes",
            (Code::UnknownOffer, _) => "unknown_offer",
            (Code::SystemError, _) => "failed",
            _ => "unreadable",
        };
        let channel = question.channel.as_deref().map(|sent| display(Shown(sent)));
        match &number {
            Some(number) => tracing::info!(surface = "check", msisdn = %number, channel, outcome),
            None => tracing::info!(surface = "check", msisdn = "-", channel, outcome),
        }
        let status = status.unwrap_or(self.settings.check_error_status);
        let body = rqst::render(code, status, &question.echo());
        Answer { message: CarrierMessage::Check, code, body, outcome, retry_after_s: RETRY_AFTER_S }
    }

    async fn status(
        &self,
        question: &Rqst,
        offer: &Offer,
        number: &Msisdn,
        deadline: Instant,
    ) -> (Code, Option<u8>) {
        let held = timeout_at(deadline, self.holds(offer, number)).await;
        match held.unwrap_or(Err(StoreError::Late)) {
            Ok((this, other)) => {
                let says = match self.settings.check_answers_for(question.channel.as_deref()) {
                    CheckAnswers::IsSubscribed => this,
                    CheckAnswers::MayRegister => !(this || offer.exclusive && other),
                };
                (Code::Kept, Some(u8::from(says)))
            }
            Err(error) => {
                tracing::error!(error = %Chain(&error), msisdn = %number, "a check could not be answered");
                (Code::SystemError, None)
            }
        }
    }

    /// Whether the number has this package, and whether it has another one of the service, each
    /// active or in grace: an exclusive service in grace is not free for another package, since its
    /// renewal may only not have been heard of yet.
    async fn holds(&self, offer: &Offer, number: &Msisdn) -> Result<(bool, bool), StoreError> {
        let now = self.clock.now();
        let ServiceState { subscriptions, .. } = self.ledger.state_of(number, &offer.service_id).await?;
        let in_force = subscriptions.iter().filter(|held| held.state(now).is_in_force());
        Ok(in_force.fold((false, false), |(this, other), held| {
            let same = held.terms.package_id == offer.package_id;
            (this || same, other || !same)
        }))
    }
}

/// The offer that is asked about.
fn resolve<'c>(catalog: &'c Catalog, question: &Rqst) -> Result<&'c Offer, Code> {
    let asked = question.name.as_deref().is_none_or(|name| name == NAME);
    match (&question.service, &question.package) {
        (Some(service), Some(package)) if asked && question.twice.is_none() => {
            catalog.offer(service, package).ok_or(Code::UnknownOffer)
        }
        _ => Err(Code::BadParameters),
    }
}
