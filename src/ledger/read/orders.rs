//! Orders, payments and received coupons, for those who ask; nothing is written. What time has closed shows so.

use std::collections::BTreeMap;

use super::stats::counts;
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::tables::Cell;
use crate::ledger::tables::coupon_count::CouponCount;
use crate::ledger::{Ledger, StoreError};
use crate::order::coupon::Coupon;
use crate::order::id::OrderId;
use crate::order::payment::{Key, Payment};
use crate::order::{Order, Status};

/// Orders in a page that an app is shown.
const PAGE: usize = 20;

/// An account's coupons that it is shown, the newest first: more than any catalog lets it receive in its days.
const COUPONS_MAX: u32 = 1000;

const KEPT: &str = "/* payments kept */ SELECT became AS word, COUNT(*) AS many FROM payment \
    WHERE became <> 'settled' AND refunded_at IS NULL GROUP BY became";

/// Which orders are asked for: what is set must fit.
#[derive(Debug, Clone, Default)]
pub struct Orders {
    /// Whose.
    pub account: Option<UserAccount>,
    /// For which device.
    pub device: Option<DeviceId>,
    /// What an app sees of them at the moment of asking.
    pub status: Option<Status>,
    /// The word of their state at the moment of asking.
    pub state: Option<String>,
    /// The number of their package.
    pub package: Option<String>,
    /// Only those older than this one; none where there is no such order.
    pub before: Option<OrderId>,
}

/// Which payments are asked for.
#[derive(Debug, Clone, Default)]
pub struct Payments {
    /// Only those that settled no order.
    pub kept: bool,
    /// Only those of which this became, as its word.
    pub became: Option<String>,
    /// Only those that name this order.
    pub order: Option<String>,
    /// Only those heard of before this one.
    pub before: Option<Key>,
}

/// A page of an app's orders.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderPage {
    /// The newest first.
    pub orders: Vec<Order>,
    /// Whether there are no older ones.
    pub is_last: bool,
}

/// Conditions with their parameters.
#[derive(Default)]
struct Where {
    conditions: Vec<String>,
    parameters: Vec<Cell>,
}

impl Where {
    /// One more, in which `?` stands for the parameter.
    fn and(&mut self, condition: &str, parameter: Option<impl Into<Cell>>) {
        let Some(parameter) = parameter else { return };
        self.parameters.push(parameter.into());
        self.conditions.push(condition.replace('?', &format!("${}", self.parameters.len())));
    }

    /// The tail of a statement with so many rows in an order.
    fn tail(mut self, order: &str, limit: u32) -> (String, Vec<Cell>) {
        self.parameters.push(limit.into());
        let all = if self.conditions.is_empty() { "1 = 1".to_owned() } else { self.conditions.join(" AND ") };
        (format!("WHERE {all} ORDER BY {order} LIMIT ${}", self.parameters.len()), self.parameters)
    }
}

impl Orders {
    fn tail(&self, now: Timestamp, limit: u32) -> (String, Vec<Cell>) {
        let mut fits = Where::default();
        fits.and("device_id = ?", self.device.as_ref().map(DeviceId::as_str));
        fits.and("account = ?", self.account.as_ref().map(UserAccount::in_full));
        fits.and("package = ?", self.package.as_ref());
        let open = "state = 'unpaid' AND expires_at > ?";
        let closed = "(state IN ('closed', 'refunded') OR (state = 'unpaid' AND expires_at <= ?))";
        match self.state.as_deref() {
            Some("unpaid") => fits.and(open, Some(now)),
            Some("closed") => fits.and(&format!("state <> 'refunded' AND {closed}"), Some(now)),
            state => fits.and("state = ?", state),
        }
        match self.status {
            None => {}
            Some(Status::Paid) => fits.and("state = ?", Some("paid")),
            Some(Status::Unpaid) => fits.and(open, Some(now)),
            Some(Status::Closed) => fits.and(closed, Some(now)),
        }
        let older = "(created_at, id) < (SELECT o.created_at, o.id FROM vas_order o WHERE o.id = ?)";
        fits.and(older, self.before.as_ref().map(OrderId::as_str));
        fits.tail("created_at DESC, id DESC", limit)
    }
}

impl Ledger {
    /// An order.
    ///
    /// # Errors
    /// As for all of these: the engine's.
    pub async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        Ok(self.select("WHERE id = $1", vec![id.as_str().into()]).await?.into_iter().next())
    }

    /// The orders that fit, the newest first, as they stand at `now`.
    ///
    /// # Errors
    /// The engine's.
    pub async fn orders(&self, of: &Orders, now: Timestamp, limit: u32) -> Result<Vec<Order>, StoreError> {
        let (tail, parameters) = of.tail(now, limit);
        self.select(&tail, parameters).await
    }

    /// The next twenty of them.
    ///
    /// # Errors
    /// The engine's.
    pub async fn order_page(&self, of: &Orders, now: Timestamp) -> Result<OrderPage, StoreError> {
        let mut orders = self.orders(of, now, u32::try_from(PAGE + 1).unwrap_or(u32::MAX)).await?;
        let is_last = orders.len() <= PAGE;
        orders.truncate(PAGE);
        Ok(OrderPage { orders, is_last })
    }

    /// A payment.
    ///
    /// # Errors
    /// The engine's.
    pub async fn payment(&self, key: &Key) -> Result<Option<Payment>, StoreError> {
        Ok(self.select("WHERE key = $1", vec![key.to_string().into()]).await?.into_iter().next())
    }

    /// The payments that fit, the last heard of first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn payments(&self, of: &Payments, limit: u32) -> Result<Vec<Payment>, StoreError> {
        let mut fits = Where::default();
        fits.and("became <> ?", of.kept.then_some("settled"));
        fits.and("became = ?", of.became.as_ref());
        fits.and("order_id = ?", of.order.as_ref());
        let older = "(received_at, key) < (SELECT p.received_at, p.key FROM payment p WHERE p.key = ?)";
        fits.and(older, of.before.as_ref().map(ToString::to_string));
        let (tail, parameters) = fits.tail("received_at DESC, key DESC", limit);
        self.select(&tail, parameters).await
    }

    /// Payments that settled no order and were not paid back, by what they are kept for, from an index of those.
    ///
    /// # Errors
    /// The engine's.
    pub async fn payments_kept(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        counts(&sqlx::query(KEPT).fetch_all(&self.0.pool).await?)
    }

    /// An account's coupons, the last received first.
    ///
    /// # Errors
    /// The engine's.
    pub async fn coupons(&self, account: &UserAccount) -> Result<Vec<Coupon>, StoreError> {
        let tail = "WHERE account = $1 ORDER BY received_at DESC, code LIMIT $2";
        self.select(tail, vec![account.in_full().into(), COUPONS_MAX.into()]).await
    }

    /// How many of each coupon were received, by the catalog's id; none of one that is absent.
    ///
    /// # Errors
    /// The engine's.
    pub async fn coupons_received(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let counts: Vec<CouponCount> = self.select("", Vec::new()).await?;
        Ok(counts.into_iter().map(|count| (count.coupon, count.received)).collect())
    }
}
