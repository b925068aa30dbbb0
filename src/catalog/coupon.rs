//! Coupons, and the promotions that tell of them. Leaves who has received and used which to the ledger.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;

/// A reduction of a package's price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coupon {
    /// Our name of it, unique: 1 to 64 of `a-z 0-9 -`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// How `value` is meant.
    pub kind: CouponKind,
    /// 1 to 100 for percent, else minor units, at least 1.
    pub value: u64,
    /// The price from which it may be used, in minor units.
    pub amount_min: Option<u64>,
    /// The numbers of the packages it is for; none: for all.
    pub packages: Option<Vec<String>>,
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when, exclusively; after the start.
    pub ends_at: Timestamp,
    /// How many there are; none: any number.
    pub stock: Option<u32>,
    /// How many an account may receive; at least 1.
    pub per_account: u32,
}

/// How much a coupon takes off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CouponKind {
    /// A part of the price.
    Percent,
    /// An amount in the currency of the packages that the coupon is for, which is one.
    Amount,
}

impl CouponKind {
    /// Its word in catalog and answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Amount => "amount",
        }
    }
}

/// What an app shows of coupons that may be received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promotion {
    /// Our name of it, unique: 1 to 64 of `a-z 0-9 -`.
    pub id: String,
    /// For people.
    pub title: String,
    /// For people; may be empty.
    pub description: String,
    /// From when on it runs.
    pub starts_at: Timestamp,
    /// Until when, exclusively; after the start.
    pub ends_at: Timestamp,
    /// The ids of its coupons; may be none.
    pub coupons: Vec<String>,
}
