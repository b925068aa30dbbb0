//! The promotions that run, and the coupons that each tells of.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::refusal::Refusal;
use super::{Vas, unavailable};
use crate::catalog::{Catalog, Coupon, Promotion};
use crate::clock::Timestamp;

/// How many of each coupon were received, by its id.
type Received = BTreeMap<String, i64>;

impl Vas {
    /// Those that run now, in the catalog's order.
    pub(super) async fn promotions(&self, now: Timestamp) -> Result<Value, Refusal> {
        let catalog = self.ledger.catalog();
        let runs = |promotion: &&Promotion| promotion.starts_at <= now && now < promotion.ends_at;
        let running: Vec<&Promotion> = catalog.promotions().iter().filter(runs).collect();
        let received = match running.iter().any(|promotion| !promotion.coupons.is_empty()) {
            true => self.ledger.coupons_received().await.map_err(|error| unavailable(&error))?,
            false => Received::new(),
        };
        Ok(running.into_iter().map(|promotion| shown(promotion, &catalog, &received)).collect())
    }
}

fn shown(promotion: &Promotion, catalog: &Catalog, received: &Received) -> Value {
    let coupon = |id: &String| catalog.coupons().iter().find(|coupon| coupon.id == *id);
    let coupons = promotion.coupons.iter().filter_map(coupon);
    json!({
        "promotionId": promotion.id,
        "title": promotion.title,
        "description": promotion.description,
        "startTime": promotion.starts_at.seconds(),
        "endTime": promotion.ends_at.seconds(),
        "coupons": coupons.map(|coupon| shown_coupon(coupon, received)).collect::<Vec<_>>(),
    })
}

fn shown_coupon(coupon: &Coupon, received: &Received) -> Value {
    json!({
        "couponId": coupon.id,
        "name": coupon.name,
        "kind": coupon.kind.word(),
        "value": coupon.value,
        "left": left(coupon, received),
    })
}

/// How many of a coupon there are still; none where there is no end of them. A stock that was made smaller than what
/// had been received by then has none left.
fn left(coupon: &Coupon, received: &Received) -> Option<i64> {
    let gone = received.get(&coupon.id).copied().unwrap_or(0);
    coupon.stock.map(|stock| (i64::from(stock) - gone).max(0))
}
