//! The promotions that run, and the coupons that each tells of.

use serde_json::{Value, json};

use super::Vas;
use super::ask::Ask;
use super::refusal::Refusal;
use crate::catalog::{Catalog, Coupon, Promotion};
use crate::clock::Timestamp;

impl Vas {
    /// Those that run now, in the catalog's order.
    pub(super) fn promotions(&self, _: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let catalog = self.ledger.catalog();
        let runs = |promotion: &&Promotion| promotion.starts_at <= now && now < promotion.ends_at;
        Ok(catalog.promotions().iter().filter(runs).map(|promotion| shown(promotion, &catalog)).collect())
    }
}

fn shown(promotion: &Promotion, catalog: &Catalog) -> Value {
    let coupon = |id: &String| catalog.coupons().iter().find(|coupon| coupon.id == *id);
    json!({
        "promotionId": promotion.id,
        "title": promotion.title,
        "description": promotion.description,
        "startTime": promotion.starts_at.seconds(),
        "endTime": promotion.ends_at.seconds(),
        "coupons": promotion.coupons.iter().filter_map(coupon).map(shown_coupon).collect::<Vec<_>>(),
    })
}

/// `left`: null where there is no end of them.
fn shown_coupon(coupon: &Coupon) -> Value {
    json!({
        "couponId": coupon.id,
        "name": coupon.name,
        "kind": coupon.kind.word(),
        "value": coupon.value,
        "left": coupon.stock,
    })
}
