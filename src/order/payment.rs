//! A payment that was proven, and what it does to its order: it settles it once, or is kept for somebody to look at.
//! Leaves how a payment is proven to others.

use std::fmt;

use super::{Order, OrderState};
use crate::clock::Timestamp;
use crate::money::Money;

/// The longest name of a transaction or an order that is kept, in characters; payment systems' are shorter.
const NAME_CHARS_MAX: usize = 128;

/// What a payment is known by: each counts once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pay_type: String,
    transaction: String,
}

impl Key {
    /// The key of what was paid so (`sdp`, `1`, `0`, as apps call it) and is called so by whoever was paid.
    #[must_use]
    pub fn of(pay_type: &str, transaction: &str) -> Self {
        Self { pay_type: plain(pay_type), transaction: plain(transaction) }
    }

    /// The key of its text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.split_once('/').map(|(pay_type, transaction)| Self::of(pay_type, transaction))
    }

    /// How it was paid.
    #[must_use]
    pub fn pay_type(&self) -> &str {
        &self.pay_type
    }

    /// What whoever was paid calls it.
    #[must_use]
    pub fn transaction(&self) -> &str {
        &self.transaction
    }
}

/// A name from outside as any database has it: without controls, and bounded.
#[must_use]
pub fn plain(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect()
}

/// A payment that was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// What it is known by.
    pub key: Key,
    /// The order that it names, which may be none of ours.
    pub order: String,
    /// How much; none where the carrier was paid, which does not say, and of an amount that nothing is sold for.
    pub money: Option<Money>,
    /// When, by whoever was paid.
    pub paid_at: Timestamp,
    /// When we first heard of it.
    pub received_at: Timestamp,
    /// How often we heard of it.
    pub count: i64,
    /// What it did.
    pub became: Became,
    /// When an operator marked it as paid back.
    pub refunded_at: Option<Timestamp>,
}

/// What a payment did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// It settled its order.
    Settled,
    /// Nothing: it is kept.
    Kept(Why),
}

/// Why a payment settles nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// There is no such order.
    Unknown,
    /// The order's time was over.
    Closed,
    /// Another payment settled it.
    Paid,
    /// It was refunded.
    Refunded,
    /// It is not the amount, or not the currency.
    Amount,
}

impl Became {
    /// Every one.
    pub const ALL: [Self; 6] = [
        Self::Settled,
        Self::Kept(Why::Unknown),
        Self::Kept(Why::Closed),
        Self::Kept(Why::Paid),
        Self::Kept(Why::Refunded),
        Self::Kept(Why::Amount),
    ];

    /// Its word in the ledger and for operators.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Kept(Why::Unknown) => "unknown_order",
            Self::Kept(Why::Closed) => "order_closed",
            Self::Kept(Why::Paid) => "order_paid",
            Self::Kept(Why::Refunded) => "order_refunded",
            Self::Kept(Why::Amount) => "other_amount",
        }
    }

    /// The words of those that settle nothing.
    pub fn kept() -> impl Iterator<Item = &'static str> {
        Self::ALL.into_iter().filter(|became| *became != Self::Settled).map(Self::word)
    }

    /// The one of that [`word`](Self::word).
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|became| became.word() == word)
    }
}

/// What a payment does to the order that it names, at a clock.
///
/// # Errors
/// Why it settles nothing.
pub fn judge(order: Option<&Order>, money: Option<Money>, now: Timestamp) -> Result<(), Why> {
    let order = order.ok_or(Why::Unknown)?;
    match order.state {
        OrderState::Paid(_) => Err(Why::Paid),
        OrderState::Refunded(..) => Err(Why::Refunded),
        OrderState::Unpaid if order.is_open(now) => {
            if money == Some(order.price.payable()) {
                Ok(())
            } else {
                Err(Why::Amount)
            }
        }
        OrderState::Unpaid | OrderState::Closed(_) => Err(Why::Closed),
    }
}

/// As the ledger keys it.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.pay_type, self.transaction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::order::life::tests::{order, settled};

    fn pay(minor: u64, currency: Currency, state: OrderState, now: i64) -> &'static str {
        let judged = judge(Some(&order(state)), Some(Money { minor, currency }), Timestamp(now));
        judged.map_or_else(Became::Kept, |()| Became::Settled).word()
    }

    #[test]
    fn only_the_whole_price_in_time_settles_an_order() {
        use Currency::{Cny, Vnd};
        let (unpaid, paid) = (|| OrderState::Unpaid, || OrderState::Paid(settled()));
        assert_eq!(pay(900, Vnd, unpaid(), 9), "settled");
        for (minor, currency) in [(899, Vnd), (901, Vnd), (1000, Vnd), (0, Vnd), (900, Cny)] {
            assert_eq!(pay(minor, currency, unpaid(), 9), "other_amount");
        }
        assert_eq!(pay(900, Vnd, unpaid(), 10), "order_closed");
        assert_eq!(pay(1, Vnd, unpaid(), 10), "order_closed");
        assert_eq!(pay(900, Vnd, OrderState::Closed(Timestamp(10)), 9), "order_closed");
        assert_eq!(pay(900, Vnd, paid(), 9), "order_paid");
        assert_eq!(pay(900, Vnd, OrderState::Refunded(settled(), Timestamp(5)), 9), "order_refunded");
        let foreign = judge(Some(&order(unpaid())), None, Timestamp(9));
        assert_eq!(foreign, Err(Why::Amount), "of a currency that is none of ours");
        let nobodys = judge(None, Some(Money { minor: 900, currency: Vnd }), Timestamp(0));
        assert_eq!(nobodys, Err(Why::Unknown));
    }

    #[test]
    fn a_payment_is_known_by_what_any_database_can_keep() {
        let key = Key::of("1", "2026\u{0}11\n28/7");
        assert_eq!((key.to_string().as_str(), key.transaction()), ("1/20261128/7", "20261128/7"));
        assert_eq!(Key::parse("1/20261128/7"), Some(key));
        assert_eq!(Key::parse("1"), None);
        assert_eq!(plain(&"é".repeat(500)).chars().count(), NAME_CHARS_MAX);
        for became in Became::ALL {
            assert_eq!(Became::from_word(became.word()), Some(became));
        }
    }
}
