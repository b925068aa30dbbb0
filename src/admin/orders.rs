//! What camera apps sold, for operators: lists, one order, and money that was paid back.

use serde::Deserialize;
use serde_json::json;

use super::Admin;
use super::audit::by;
use super::query::{limit, word};
use crate::ids::{DeviceId, UserAccount};
use crate::json::{self, Problem, Query};
use crate::ledger::read::{Orders, Payments};
use crate::ledger::shop::{Refund, Refunded, What};
use crate::order::OrderState;
use crate::order::id::OrderId;
use crate::order::payment::{Became, Key};
use crate::server::{Request, Response};
use crate::story;

/// The payments of one order that are shown with it.
const PAYMENTS_MAX: u32 = 100;

/// Who marks an order, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    who: Option<String>,
    why: Option<String>,
}

/// Which payment is marked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PaidBack {
    pay_type: String,
    transaction: String,
    who: Option<String>,
    why: Option<String>,
}

impl Admin {
    pub(super) async fn orders(&self, query: &Query) -> Result<Response, Problem> {
        let named = |name: &str, text: &str| Problem::bad(format!("{name} is none: {text:?}"));
        let account =
            query.get("account").map(|text| UserAccount::from_full(text).map_err(|_| named("account", text)));
        let device = query.get("device").map(|text| DeviceId::parse(text).map_err(|_| named("device", text)));
        let before = query.get("cursor").map(|text| OrderId::parse(text).ok_or_else(foreign));
        let of = Orders {
            account: account.transpose()?,
            device: device.transpose()?,
            state: word(query, "state", &OrderState::WORDS)?,
            before: before.transpose()?,
            ..Orders::default()
        };
        let (limit, now) = (limit(query)?, self.clock.now());
        let found = self.ledger.orders(&of, now, limit + 1).await;
        let mut found = found.map_err(|error| Problem::unavailable(&error))?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|last| last.id.as_str().to_owned());
        let orders: Vec<_> = found.into_iter().map(|order| story::order(order, now)).collect();
        Ok(json::ok(&json!({"orders": orders, "next": next})))
    }

    /// An order with the payments that name it.
    pub(super) async fn order(&self, id: &str) -> Result<Response, Problem> {
        let id = OrderId::parse(id).ok_or_else(unknown)?;
        let found = self.ledger.order(&id).await.map_err(|error| Problem::unavailable(&error))?;
        let order = story::order(found.ok_or_else(unknown)?, self.clock.now());
        let of = Payments { order: Some(id.as_str().to_owned()), ..Payments::default() };
        let found = self.ledger.payments(&of, PAYMENTS_MAX).await;
        let payments = found.map_err(|error| Problem::unavailable(&error))?;
        let payments: Vec<_> = payments.into_iter().map(story::payment).collect();
        Ok(json::ok(&json!({"order": order, "payments": payments})))
    }

    /// Those that settled no order, unless others are asked for.
    pub(super) async fn payments(&self, query: &Query) -> Result<Response, Problem> {
        let became = word(query, "became", &Became::ALL.map(Became::word))?;
        let before = query.get("cursor").map(|text| Key::parse(text).ok_or_else(foreign));
        let of =
            Payments { kept: became.is_none(), became, before: before.transpose()?, ..Payments::default() };
        let limit = limit(query)?;
        let found = self.ledger.payments(&of, limit + 1).await;
        let mut found = found.map_err(|error| Problem::unavailable(&error))?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let payments: Vec<_> = found.into_iter().map(story::payment).collect();
        let next = payments.last().filter(|_| more).map(|last| last.cursor.clone());
        Ok(json::ok(&json!({"payments": payments, "next": next})))
    }

    pub(super) async fn refund_order(&self, id: &str, request: &mut Request) -> Result<Response, Problem> {
        let id = OrderId::parse(id).ok_or_else(unknown)?;
        let Word { who, why } = json::body(request).await?;
        self.refund(What::Order(id), request, who.as_deref(), why.as_deref()).await
    }

    pub(super) async fn refund_payment(&self, request: &mut Request) -> Result<Response, Problem> {
        let PaidBack { pay_type, transaction, who, why } = json::body(request).await?;
        let what = What::Payment(Key::of(&pay_type, &transaction));
        self.refund(what, request, who.as_deref(), why.as_deref()).await
    }

    async fn refund(
        &self,
        what: What,
        request: &Request,
        who: Option<&str>,
        why: Option<&str>,
    ) -> Result<Response, Problem> {
        let (by, now) = (by(request, who, why)?, self.clock.now());
        let refunded = self.ledger.write(Refund { what, by, now }).await;
        match refunded.map_err(|error| Problem::unavailable(&error))? {
            Refunded::Order(order) => Ok(json::ok(&story::order(*order, now))),
            Refunded::Payment(payment) => Ok(json::ok(&story::payment(payment))),
            Refunded::NoSuch => Err(Problem::not_found("there is no such order or payment")),
            refused => Err(Problem::conflict(format!("nothing changed: {}", story::not_refunded(&refused)))),
        }
    }
}

fn unknown() -> Problem {
    Problem::not_found("there is no such order")
}

fn foreign() -> Problem {
    Problem::bad("cursor is not one that a list gave")
}
