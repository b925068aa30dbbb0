//! What an order costs: the package's price less what a coupon takes off. Amounts are whole minor units of one
//! currency; what does not come out even is rounded in the buyer's favour.

use crate::catalog::CouponKind;
use crate::money::{Currency, Money};

/// An order's amounts: `payable` is `amount` less `discount`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// What the package costs, in minor units.
    pub amount: u64,
    /// What is taken off it; never more than it.
    pub discount: u64,
    /// Of all of them.
    pub currency: Currency,
}

impl Price {
    /// A price less a discount, of which no more is taken than the price.
    #[must_use]
    pub fn of(price: Money, discount: u64) -> Self {
        Self { amount: price.minor, discount: discount.min(price.minor), currency: price.currency }
    }

    /// What is left to pay.
    #[must_use]
    pub fn payable(&self) -> Money {
        Money { minor: self.amount.saturating_sub(self.discount), currency: self.currency }
    }
}

/// What a coupon takes off an amount, both in minor units; never more than the amount.
#[must_use]
pub fn discount(amount: u64, kind: CouponKind, value: u64) -> u64 {
    let taken = match kind {
        // The product of 64 bits with a percentage needs more than 64.
        CouponKind::Percent => (u128::from(amount) * u128::from(value)).div_ceil(100),
        CouponKind::Amount => u128::from(value),
    };
    u64::try_from(taken).unwrap_or(u64::MAX).min(amount)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_discount_is_rounded_in_the_buyers_favour() {
        for (amount, kind, value, taken) in [
            (59_000, CouponKind::Percent, 20, 11_800),
            (59_999, CouponKind::Percent, 20, 12_000),
            (1, CouponKind::Percent, 1, 1),
            (0, CouponKind::Percent, 50, 0),
            (990, CouponKind::Percent, 33, 327),
            (990, CouponKind::Percent, 100, 990),
            (u64::MAX, CouponKind::Percent, 100, u64::MAX),
            (990, CouponKind::Amount, 100, 100),
            (990, CouponKind::Amount, 991, 990),
            (990, CouponKind::Amount, u64::MAX, 990),
        ] {
            assert_eq!(discount(amount, kind, value), taken, "{value} {kind:?} of {amount}");
        }
    }

    proptest! {
        #[test]
        fn what_is_paid_and_what_is_taken_off_are_the_price(
            amount in 0_u64..=1_000_000_000_000,
            value in 1_u64..=100,
            is_percent: bool,
        ) {
            let kind = if is_percent { CouponKind::Percent } else { CouponKind::Amount };
            let money = Money { minor: amount, currency: Currency::Cny };
            let price = Price::of(money, discount(amount, kind, value));
            prop_assert_eq!(price.payable().minor + price.discount, amount);
            if is_percent {
                prop_assert!(price.discount * 100 >= amount * value, "never less than was promised");
                prop_assert!(price.discount * 100 < amount * value + 100, "by less than one minor unit");
            }
        }
    }
}
