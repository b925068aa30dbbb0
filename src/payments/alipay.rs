//! Alipay, for apps (`alipay.trade.app.pay`): an order string that the app hands to Alipay's own, and callbacks that are
//! forms. Both are signed by RSA2. Nothing is called: an order string is ours alone to make.

mod form;
mod order_string;

use std::future::ready;

use hyper::HeaderMap;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::called::{Answer, Outcome, Paid, Told, Unproven};
use super::charge::Charge;
use super::pay_type::PayType;
use super::refused::Refused;
use super::{BuildError, CallsBack, Payment, Preparing, beijing};
use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::money::{Currency, Money, Stated};
use crate::signature::KeyFault;
use crate::signature::rsa::{PrivateKey, PublicKey};
use form::Form;

/// An application at Alipay.
pub(super) struct Alipay {
    app_id: String,
    seller_id: Option<String>,
    private_key: PrivateKey,
    alipay_public_key: PublicKey,
    clock: Clock,
}

impl Alipay {
    pub(super) fn new(settings: &config::Alipay, clock: Clock) -> Result<Self, BuildError> {
        let text = |key: &Option<secrecy::SecretString>| {
            key.as_ref().map_or_else(String::new, |key| key.expose_secret().to_owned())
        };
        let read = || -> Result<_, KeyFault> {
            let private = PrivateKey::parse(&text(&settings.private_key))?;
            Ok((private, PublicKey::parse(&text(&settings.alipay_public_key))?))
        };
        let (private_key, alipay_public_key) = read().map_err(BuildError::Key)?;
        let (app_id, seller_id) = (settings.app_id.clone(), settings.seller_id.clone());
        Ok(Self { app_id, seller_id, private_key, alipay_public_key, clock })
    }

    fn order_string(&self, charge: &Charge) -> Result<serde_json::Value, Refused> {
        let signed = order_string::signed(&self.app_id, charge, self.clock.now(), &self.private_key)?;
        Ok(json!({ "payType": PayType::Alipay.word(), "orderString": signed }))
    }

    /// What a form says that Alipay has signed.
    fn told(&self, form: &Form, now: Timestamp) -> Result<Told, Unproven> {
        let is_ours = form.get("app_id") == Some(&self.app_id);
        let seller = self.seller_id.as_deref();
        if !is_ours || seller.is_some_and(|seller| form.get("seller_id") != Some(seller)) {
            return Err(Unproven::Merchant);
        }
        let status = form.get("trade_status").ok_or(Unproven::Unreadable)?;
        if !matches!(status, "TRADE_SUCCESS" | "TRADE_FINISHED") || is_of_refund(form) {
            return Ok(Told::Other { event: status.to_owned() });
        }
        let text = |name| form.get(name).filter(|text| !text.is_empty()).ok_or(Unproven::Unreadable);
        let money = stated(text("total_amount")?, form.get("trans_currency")).ok_or(Unproven::Unreadable)?;
        let times = ["gmt_payment", "notify_time"].into_iter().filter_map(|name| form.get(name));
        let (transaction, order_id) = (text("trade_no")?.to_owned(), text("out_trade_no")?.to_owned());
        let paid_at = times.filter_map(beijing::read).next().unwrap_or(now);
        Ok(Told::Paid(Paid { transaction, order_id, money, paid_at }))
    }
}

/// An amount that has up to two digits behind the point, whatever the currency; none where it is no amount.
fn stated(amount: &str, currency: Option<&str>) -> Option<Stated> {
    let hundredths = Stated::Hundredths(Money::from_decimal(amount, Currency::Cny)?.minor);
    let named = currency.filter(|code| !code.is_empty());
    let in_named = |code| Currency::from_code(code).and_then(|currency| hundredths.money(currency));
    Some(named.map_or(hundredths, |code| Stated::Money(in_named(code))))
}

/// A refund comes under the status of a trade that goes on. `refund_fee` is there without one, too, as `0.00`.
fn is_of_refund(form: &Form) -> bool {
    let given = |name| form.get(name).is_some_and(|text| !text.is_empty());
    let refunded =
        form.get("refund_fee").is_some_and(|fee| fee.bytes().any(|byte| (b'1'..=b'9').contains(&byte)));
    refunded || given("out_biz_no") || given("gmt_refund")
}

impl Payment for Alipay {
    fn prepare<'a>(&'a self, charge: &'a Charge) -> Preparing<'a> {
        Box::pin(ready(self.order_string(charge)))
    }

    fn calls_back(&self) -> Option<&dyn CallsBack> {
        Some(self)
    }
}

impl CallsBack for Alipay {
    fn called(&self, _: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Told, Unproven> {
        let form = Form::read(body)?;
        form.verify(&self.alipay_public_key)?;
        self.told(&form, now)
    }

    /// Alipay reads nothing but whether the body is `success`.
    fn answer(&self, outcome: Outcome) -> Answer {
        let body = if outcome == Outcome::Done { "success" } else { "fail" };
        Answer { status: outcome.status(), content_type: "text/plain; charset=utf-8", body: body.to_owned() }
    }
}
