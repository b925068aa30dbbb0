//! A received coupon's life: unused, held by an order that is not paid yet, used; expired by the clock. What it
//! promises is what the catalog said when it was received.

use std::cmp::Reverse;

use serde::{Deserialize, Serialize};

use super::id::{CouponCode, OrderId};
use super::price::discount;
use crate::catalog::{self, CouponKind, Package};
use crate::clock::Timestamp;
use crate::ids::UserAccount;
use crate::money::Currency;

/// A coupon that an account has received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// What it is called at its owner.
    pub code: CouponCode,
    /// Whose it is, and of which tenant.
    pub account: UserAccount,
    /// What it promises.
    pub terms: Terms,
    /// When it was received.
    pub received_at: Timestamp,
    /// What became of it.
    pub state: CouponState,
}

/// What a coupon promises. Kept as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The catalog's id of it.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// How `value` is meant.
    pub kind: CouponKind,
    /// 1 to 100 for percent, else minor units.
    pub value: u64,
    /// The price from which it may be used, in minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_min: Option<u64>,
    /// The ISO 4217 code of its amounts; none where it has no amounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The numbers of the packages it is for; none: for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packages: Option<Vec<String>>,
    /// From when on it may be used, ms since 1970.
    pub starts_at: i64,
    /// Until when, exclusively.
    pub ends_at: i64,
}

/// What became of a coupon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CouponState {
    /// Nothing yet.
    Unused,
    /// An order holds it, until it is paid or that time is over.
    Held(OrderId, Timestamp),
    /// An order was paid with it.
    Used(OrderId),
}

/// What an app sees of a coupon's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CouponStatus {
    /// Can be used.
    Unused,
    /// Was used.
    Used,
    /// Was not used in its time.
    Expired,
    /// An unpaid order holds it.
    Held,
}

impl CouponStatus {
    /// Its number for apps.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Unused => 0,
            Self::Used => 1,
            Self::Expired => 2,
            Self::Held => 3,
        }
    }
}

impl Terms {
    /// What a coupon of the catalog promises, which has these packages. Its amounts are in the one currency of the
    /// packages that it is for.
    #[must_use]
    pub fn of(coupon: &catalog::Coupon, packages: &[Package]) -> Self {
        let is_for =
            |package: &&Package| coupon.packages.as_ref().is_none_or(|own| own.contains(&package.number));
        let has_amounts = coupon.kind == CouponKind::Amount || coupon.amount_min.is_some();
        let currency = packages.iter().find(is_for).map(|package| package.price.currency);
        Self {
            id: coupon.id.clone(),
            name: coupon.name.clone(),
            kind: coupon.kind,
            value: coupon.value,
            amount_min: coupon.amount_min,
            currency: currency.filter(|_| has_amounts).map(|currency| currency.code().to_owned()),
            packages: coupon.packages.clone(),
            starts_at: coupon.starts_at.0,
            ends_at: coupon.ends_at.0,
        }
    }

    /// What it takes off a package's price, in minor units; none where it is not for that package.
    #[must_use]
    pub fn discount_on(&self, package: &Package) -> Option<u64> {
        let price = package.price;
        let is_for = self.packages.as_ref().is_none_or(|own| own.contains(&package.number));
        let currency = self.currency.as_deref().map(Currency::from_code);
        let fits = currency.is_none_or(|currency| currency == Some(price.currency));
        let is_enough = self.amount_min.is_none_or(|min| price.minor >= min);
        let taken = discount(price.minor, self.kind, self.value);
        (is_for && fits && is_enough && taken > 0).then_some(taken)
    }
}

impl Coupon {
    /// How it stands at a clock. One whose order's time is over is its owner's again, whether or not anybody came
    /// by to say so.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> CouponStatus {
        match &self.state {
            CouponState::Used(_) => CouponStatus::Used,
            CouponState::Held(_, until) if now < *until => CouponStatus::Held,
            _ if now.0 >= self.terms.ends_at => CouponStatus::Expired,
            _ => CouponStatus::Unused,
        }
    }

    /// What it takes off a package's price at a clock; none where it cannot be used for it.
    #[must_use]
    pub fn discount_on(&self, package: &Package, now: Timestamp) -> Option<u64> {
        let is_free = self.status(now) == CouponStatus::Unused && self.terms.starts_at <= now.0;
        self.terms.discount_on(package).filter(|_| is_free)
    }

    /// Held by an order that was just made.
    #[must_use]
    pub fn held(self, order: OrderId, until: Timestamp) -> Self {
        Self { state: CouponState::Held(order, until), ..self }
    }

    /// Its order was paid.
    #[must_use]
    pub fn used(self, order: OrderId) -> Self {
        Self { state: CouponState::Used(order), ..self }
    }

    /// An order that may have held it is closed. Where another holds it by now, or it was used, it stays so.
    #[must_use]
    pub fn released(self, by: &OrderId) -> Self {
        let is_its = matches!(&self.state, CouponState::Held(order, _) if order == by);
        if is_its { Self { state: CouponState::Unused, ..self } } else { self }
    }
}

/// Those that can be used for a package at a clock, the best first: what takes most off, then what ends earliest.
#[must_use]
pub fn best_first(coupons: Vec<Coupon>, package: &Package, now: Timestamp) -> Vec<Coupon> {
    let worth = |coupon: Coupon| coupon.discount_on(package, now).map(|taken| (taken, coupon));
    let mut usable: Vec<(u64, Coupon)> = coupons.into_iter().filter_map(worth).collect();
    usable.sort_by_cached_key(|(taken, coupon)| (Reverse(*taken), coupon.terms.ends_at, coupon.code.clone()));
    usable.into_iter().map(|(_, coupon)| coupon).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::catalog::Catalog;

    const SHOP: &str = r#"
        [[package]]
        number = "vn"
        countries = ["VN"]
        service_type = 2
        storage_days = 7
        period = "month"
        price = 59000
        currency = "VND"
        [[package]]
        number = "cn"
        countries = ["CN"]
        service_type = 2
        storage_days = 7
        period = "month"
        price = 990
        currency = "CNY"
        [[coupon]]
        id = "fifth"
        kind = "percent"
        value = 20
        starts_at = 2026-01-01T00:00:00Z
        ends_at = 2027-01-01T00:00:00Z
        [[coupon]]
        id = "tenner"
        kind = "amount"
        value = 11800
        packages = ["vn"]
        starts_at = 2026-01-01T00:00:00Z
        ends_at = 2026-07-01T00:00:00Z
        [[coupon]]
        id = "much"
        kind = "percent"
        value = 90
        packages = ["vn"]
        amount_min = 59001
        starts_at = 2026-01-01T00:00:00Z
        ends_at = 2027-01-01T00:00:00Z
    "#;

    fn shop() -> Catalog {
        Catalog::parse(SHOP, "test", &std::collections::BTreeMap::new(), 35).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::from_rfc3339(&format!("2026-{text}:00Z")).unwrap()
    }

    fn received(catalog: &Catalog, id: &str) -> Coupon {
        let coupon = catalog.coupons().iter().find(|coupon| coupon.id == id).unwrap();
        Coupon {
            code: CouponCode::draw().unwrap(),
            account: UserAccount::parse("ann").unwrap(),
            terms: Terms::of(coupon, catalog.packages()),
            received_at: at("01-02T00:00"),
            state: CouponState::Unused,
        }
    }

    #[test]
    fn a_coupon_is_for_its_packages_its_currency_its_least_price_and_its_time() {
        let catalog = shop();
        let taken = |id: &str, place: usize, now: &str| {
            received(&catalog, id).discount_on(&catalog.packages()[place], at(now))
        };
        let now = "02-01T00:00";
        assert_eq!((taken("fifth", 0, now), taken("fifth", 1, now)), (Some(11_800), Some(198)));
        assert_eq!((taken("tenner", 0, now), taken("tenner", 1, now)), (Some(11_800), None));
        assert_eq!(taken("much", 0, now), None, "the price is below its least");
        assert_eq!(
            (taken("tenner", 0, "06-30T23:59"), taken("tenner", 0, "07-01T00:00")),
            (Some(11_800), None)
        );
        // What was received stays what it was, whatever is sold tomorrow and in which currency.
        let dear = Package {
            price: crate::money::Money { currency: Currency::Cny, ..catalog.packages()[0].price },
            ..catalog.packages()[0].clone()
        };
        assert_eq!(received(&catalog, "tenner").discount_on(&dear, at(now)), None);
    }

    #[test]
    fn a_coupon_is_its_owners_again_when_the_time_of_its_order_is_over() {
        let (catalog, order) = (shop(), OrderId::draw().unwrap());
        let held = received(&catalog, "fifth").held(order.clone(), at("12-31T23:30"));
        let status = |coupon: &Coupon, now: &str| coupon.status(at(now)).number();
        assert_eq!((status(&held, "12-31T23:29"), status(&held, "12-31T23:30")), (3, 0));
        let other = OrderId::draw().unwrap();
        assert_eq!(held.clone().released(&other), held, "another holds it");
        let free = held.clone().released(&order);
        assert_eq!((status(&free, "06-01T00:00"), free.state.clone()), (0, CouponState::Unused));
        let used = held.used(order.clone());
        assert_eq!((status(&used, "06-01T00:00"), used.clone().released(&order)), (1, used));
        let later = Timestamp(free.terms.ends_at);
        assert_eq!(free.status(later), CouponStatus::Expired);
    }

    #[test]
    fn the_best_takes_most_off_and_then_ends_earliest() {
        let catalog = shop();
        let all = || ["fifth", "much", "tenner"].map(|id| received(&catalog, id)).to_vec();
        let ids = |now: &str, place: usize| {
            let best = best_first(all(), &catalog.packages()[place], at(now));
            best.into_iter().map(|coupon| coupon.terms.id).collect::<Vec<_>>()
        };
        assert_eq!(ids("02-01T00:00", 0), ["tenner", "fifth"]);
        assert_eq!(ids("08-01T00:00", 0), ["fifth"]);
        assert_eq!(ids("02-01T00:00", 1), ["fifth"]);
    }
}
