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
