//! Payments, as apps see them: what an order is paid with, and whether it is paid. How each way works is
//! [`crate::payments`]'s.

use serde_json::{Value, json};

use super::ask::{Ask, fault};
use super::packages::offer;
use super::refusal::Refusal;
use super::{Code, Vas};
use crate::clock::Timestamp;
use crate::order::{Order, Status};
use crate::payments::{Charge, PayType, Refused, Registration};
use crate::telemetry::{self, Chain};

/// How preparing ends where it does not fail, for the metric.
const DONE: &str = "done";

/// Has every way and end at 0 from the start.
pub(super) fn zero() {
    let ends: Vec<_> = [DONE].into_iter().chain(Refused::WORDS).collect();
    telemetry::zero_prepared(&PayType::ALL.map(PayType::name), &ends);
}

impl Vas {
    /// What an app needs to have an open order paid.
    pub(super) async fn create_payment(&self, ask: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let (account, pay_type) = (ask.account()?, pay_type(ask)?);
        let order = self.own_order(ask, &account).await?;
        match order.status(now) {
            Status::Unpaid => {}
            Status::Paid => return Err(Code::OrderPaid.into()),
            Status::Closed => return Err(Code::OrderClosed.into()),
        }
        // The carrier sells at its own price.
        if pay_type == PayType::Sdp && order.coupon.is_some() {
            return Err(Code::CouponUnfit.into());
        }
        let way = self.payments.of(pay_type).ok_or(Code::Payment)?;
        let prepared = way.prepare(&self.charge(ask, &order)).await;
        telemetry::prepared(pay_type.name(), prepared.as_ref().map_or_else(Refused::word, |_| DONE));
        prepared.map_err(|error| {
            tracing::warn!(way = pay_type.name(), error = %Chain(&error), "a payment could not be prepared");
            Code::Payment.into()
        })
    }

    /// Whether an order is paid, how, and what came of it.
    pub(super) async fn payment_result(&self, ask: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let account = ask.account()?;
        ask.optional("payType").map(|_| pay_type(ask)).transpose()?;
        let order = self.own_order(ask, &account).await?;
        let settled = order.state.settled();
        let payment = settled.and_then(|settled| settled.payment.as_ref());
        let service = settled.and_then(|settled| settled.service.as_ref());
        Ok(json!({
            "orderId": order.id.as_str(),
            "status": order.status(now).number(),
            "payType": payment.map(|key| key.pay_type()),
            "payTime": settled.map(|settled| settled.at.seconds()),
            "serviceId": service.map(|service| service.as_str()),
        }))
    }

    fn charge(&self, ask: &Ask<'_>, order: &Order) -> Charge {
        // Vendors call back from outside, where TLS is the reverse proxy's.
        let public_url = || ask.host().map(|host| format!("https://{host}")).unwrap_or_default();
        Charge {
            order_id: order.id.as_str().to_owned(),
            subject: order.sold.name.clone(),
            money: order.price.payable(),
            expires_at: order.expires_at,
            public_url: self.public_url.clone().unwrap_or_else(public_url),
            registration: self.registration(ask, order),
        }
    }

    /// How to register for the same at the carrier, as its offer stands now.
    fn registration(&self, ask: &Ask<'_>, order: &Order) -> Option<Registration> {
        let catalog = self.ledger.catalog();
        let offer = offer(order.sold.offer.as_deref(), &catalog)?;
        Some(Registration {
            service_id: offer.service_id.clone(),
            package_id: offer.package_id.clone(),
            sms_short_code: offer.sms_short_code.clone(),
            sms_text: offer.sms_text.clone(),
            secret: ask.secret()?.clone(),
        })
    }
}

fn pay_type(ask: &Ask<'_>) -> Result<PayType, Refusal> {
    let wrong = || fault("payType", "is neither sdp nor 1 (Alipay) nor 0 (WeChat)");
    PayType::from_word(ask.text("payType")?).ok_or_else(wrong)
}
