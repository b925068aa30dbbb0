//! Callbacks of payment providers: what one says is verified by its way ([`crate::payments`]) and settles its order once,
//! or is kept for an operator to look at. They are no methods: signed by the vendor, and answered in its words.

use std::sync::Arc;
use std::time::Instant;

use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Method as Verb, StatusCode};
use tokio::time::timeout_at;

use super::Vas;
use crate::clock::Timestamp;
use crate::ledger::shop::{SettlePayment, Taken};
use crate::limits::Suppressed;
use crate::order::payment::{Became, Key};
use crate::payments::{Answer, Outcome, Paid, PayType, Told, Unproven};
use crate::server::{BodyError, Request, Response};
use crate::signed;
use crate::surface::Surface as _;
use crate::telemetry;

/// What becomes of a callback beside what a payment becomes and why it is not believed, for the metric.
const REPEATED: &str = "repeated";
const OTHER: &str = "other";
const FAILED: &str = "failed";

/// Has every way and what may become of a callback at 0 from the start.
pub(super) fn zero() {
    let ways: Vec<_> = ways().map(|(way, _)| way.name()).collect();
    let kept = Became::ALL.map(Became::word);
    let becomes = [REPEATED, OTHER, FAILED].into_iter().chain(kept).chain(Unproven::ALL.map(Unproven::word));
    telemetry::zero_callbacks(&ways, &becomes.collect::<Vec<_>>());
}

/// The ways whose vendors call back, and where.
pub(super) fn ways() -> impl Iterator<Item = (PayType, &'static str)> {
    PayType::ALL.into_iter().filter_map(|way| way.callback_path().map(|path| (way, path)))
}

impl Vas {
    /// Answers one in its vendor's words.
    pub(super) async fn called_back(&self, way: PayType, request: &mut Request, now: Timestamp) -> Response {
        let payment = self.payments.of(way);
        let Some(vendor) = payment.as_ref().and_then(|payment| payment.calls_back()) else {
            return plain(StatusCode::NOT_FOUND);
        };
        if request.method != Verb::POST {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            return response;
        }
        let called = async {
            match request.body.read().await {
                Ok(body) => self.take(way, vendor.called(&request.headers, &body, now), now).await,
                Err(BodyError::TooLarge | BodyError::Broken) => {
                    self.take(way, Err(Unproven::Unreadable), now).await
                }
                Err(BodyError::Late | BodyError::Crowded) => (FAILED, Outcome::Later),
            }
        };
        // What was begun by then is carried out all the same, and a repetition finds it.
        let (became, outcome) =
            timeout_at(request.deadline, called).await.unwrap_or((FAILED, Outcome::Later));
        telemetry::payment_callback(way.name(), became);
        respond(vendor.answer(outcome))
    }

    /// What becomes of it, and of the vendor.
    async fn take(
        &self,
        way: PayType,
        called: Result<Told, Unproven>,
        now: Timestamp,
    ) -> (&'static str, Outcome) {
        match called {
            Ok(Told::Paid(paid)) => self.settle(way, paid, now).await,
            Ok(Told::Other { event }) => {
                tracing::info!(surface = Self::NAME, way = way.name(), event, "a callback about no payment");
                (OTHER, Outcome::Done)
            }
            Err(why) => {
                if let Some(Suppressed(suppressed)) = self.unproven.admit(way.name(), Instant::now()) {
                    let way = way.name();
                    tracing::warn!(surface = Self::NAME, way, error = %why, suppressed, "a callback is not believed");
                }
                (why.word(), Outcome::Unproven(why))
            }
        }
    }

    async fn settle(&self, way: PayType, paid: Paid, now: Timestamp) -> (&'static str, Outcome) {
        let Paid { transaction, order_id: order, money, paid_at } = paid;
        let (key, pausing) = (Key::of(way.word(), &transaction), Arc::clone(&self.pausing));
        let proven = SettlePayment { key, order, money, paid_at, now, pausing };
        let (name, payment) = (way.name(), proven.key.clone());
        let became = match self.ledger.write(proven).await {
            Ok(Taken::Settled(_)) => Became::Settled.word(),
            Ok(Taken::Repeated(_)) => REPEATED,
            Ok(Taken::Kept(why)) => Became::Kept(why).word(),
            Err(error) => {
                signed::tell(Self::NAME, &error);
                return (FAILED, Outcome::Later);
            }
        };
        let surface = Self::NAME;
        if matches!(became, REPEATED | "settled") {
            tracing::info!(surface, way = name, %payment, became, "a payment");
        } else {
            tracing::warn!(surface, way = name, %payment, became, "a payment settles no order, and is kept");
        }
        (became, Outcome::Done)
    }
}

fn respond(Answer { status, content_type, body }: Answer) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn plain(status: StatusCode) -> Response {
    let mut response = Response::new(format!("{}\n", status.canonical_reason().unwrap_or_default()).into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
