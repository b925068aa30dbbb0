//! Coupons: receiving them, those that an account has, and those that it can use for a package.

use serde_json::{Value, json};

use super::ask::{Ask, fault};
use super::refusal::Refusal;
use super::{Code, Vas, unavailable};
use crate::catalog::Package;
use crate::clock::Timestamp;
use crate::ledger::shop::{ReceiveCoupons, Received, Wanted};
use crate::order::coupon::{Coupon, CouponStatus, best_first};
use crate::order::id::CouponCode;

/// Coupons in one call.
const COUPONS_MAX: usize = 100;

impl Vas {
    /// Gives coupons to an account, each for itself: what came of one is told beside its id.
    pub(super) async fn receive_coupons(&self, ask: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let (account, ids) = (ask.account()?, ask.texts("couponIds", COUPONS_MAX)?);
        let wanted = ids.iter().map(|id| Ok(Wanted { coupon: id.clone(), code: CouponCode::draw()? }));
        let wanted = wanted.collect::<Result<Vec<_>, _>>();
        let wanted = wanted.map_err(|error: crate::order::id::DrawError| unavailable(&error))?;
        let receive = ReceiveCoupons { account, wanted, now };
        let received = self.ledger.write(receive).await.map_err(|error| unavailable(&error))?;
        Ok(ids.iter().zip(received).map(|(id, received)| told(id, received)).collect())
    }

    /// All that an account has received, the newest first.
    pub(super) async fn owned_coupons(&self, ask: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let owned = self.ledger.coupons(&ask.account()?).await.map_err(|error| unavailable(&error))?;
        Ok(owned.iter().map(|coupon| shown(coupon, now)).collect())
    }

    /// Those that can be used now, for a package or among those of some ids: the best first.
    pub(super) async fn usable_coupons(&self, ask: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let (account, number) = (ask.account()?, ask.optional("packageNo"));
        let ids = match ask.optional("couponIds") {
            Some(_) => Some(ask.texts("couponIds", COUPONS_MAX)?),
            None if number.is_none() => return Err(fault("packageNo", "is missing, and so is couponIds")),
            None => None,
        };
        let package = number.map(|number| self.package(number)).transpose()?;
        let mut coupons = self.ledger.coupons(&account).await.map_err(|error| unavailable(&error))?;
        coupons.retain(|coupon| ids.as_ref().is_none_or(|ids| ids.contains(&coupon.terms.id)));
        let usable = match package {
            Some(package) => best_first(coupons, &package, now),
            None => soonest_first(coupons, now),
        };
        Ok(usable.iter().map(|coupon| shown(coupon, now)).collect())
    }

    /// The package of that number, as the catalog has it now.
    pub(super) fn package(&self, number: &str) -> Result<Package, Refusal> {
        let catalog = self.ledger.catalog();
        let package = catalog.packages().iter().find(|package| package.number == number);
        package.cloned().ok_or_else(|| Code::NoPackage.into())
    }
}

/// Those that can be used for something, what ends first before the others.
fn soonest_first(mut coupons: Vec<Coupon>, now: Timestamp) -> Vec<Coupon> {
    coupons.retain(|coupon| coupon.status(now) == CouponStatus::Unused && coupon.terms.starts_at <= now.0);
    coupons.sort_by(|one, other| (one.terms.ends_at, &one.code).cmp(&(other.terms.ends_at, &other.code)));
    coupons
}

fn told(id: &str, received: Received) -> Value {
    let (code, coupon) = match received {
        Received::Done(coupon) => (Code::Done, Some(coupon)),
        Received::NoSuch => (Code::NoCoupon, None),
        Received::NotNow | Received::Gone | Received::Had => (Code::CouponGone, None),
    };
    json!({ "couponId": id, "code": code.number(), "couponCode": coupon.as_ref().map(CouponCode::as_str) })
}

fn shown(coupon: &Coupon, now: Timestamp) -> Value {
    let terms = &coupon.terms;
    json!({
        "couponId": terms.id,
        "couponCode": coupon.code.as_str(),
        "name": terms.name,
        "kind": terms.kind.word(),
        "value": terms.value,
        "amountMin": terms.amount_min,
        "packages": terms.packages,
        "startTime": Timestamp(terms.starts_at).seconds(),
        "endTime": Timestamp(terms.ends_at).seconds(),
        "status": coupon.status(now).number(),
    })
}
