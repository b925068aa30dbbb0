//! Money in an integer number of its currency's minor units: no fraction is ever rounded on the way. Leaves who pays
//! what, and when, to others.

/// No amount is larger, in minor units: sums of many stay far below what 64 bits, and a JSON number, hold exactly.
pub const MINOR_MAX: u64 = 1_000_000_000_000;

/// What packages are sold in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Currency {
    /// Vietnamese dong, which has no minor unit.
    Vnd,
    /// Chinese yuan, of 100 fen.
    Cny,
}

impl Currency {
    /// Every currency.
    pub const ALL: [Self; 2] = [Self::Vnd, Self::Cny];

    /// Its ISO 4217 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Vnd => "VND",
            Self::Cny => "CNY",
        }
    }

    /// The currency of that [`code`](Self::code).
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|currency| currency.code() == code)
    }

    /// How many minor units are one whole one.
    const fn minor_per_whole(self) -> u64 {
        match self {
            Self::Vnd => 1,
            Self::Cny => 100,
        }
    }
}

/// An amount; never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// In minor units, at most [`MINOR_MAX`].
    pub minor: u64,
    /// Of which currency.
    pub currency: Currency,
}

impl Money {
    /// An amount in minor units; none above [`MINOR_MAX`].
    #[must_use]
    pub fn of_minor(minor: u64, currency: Currency) -> Option<Self> {
        (minor <= MINOR_MAX).then_some(Self { minor, currency })
    }

    /// An amount in whole units; none above [`MINOR_MAX`].
    #[must_use]
    pub fn of_whole(whole: u64, currency: Currency) -> Option<Self> {
        Self::of_minor(whole.checked_mul(currency.minor_per_whole())?, currency)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn whole_units_in_minor_ones() {
        for (whole, code, minor) in
            [(59_000, "VND", Some(59_000)), (59, "CNY", Some(5_900)), (0, "CNY", Some(0))]
        {
            let money = Money::of_whole(whole, Currency::from_code(code).unwrap());
            assert_eq!(money.map(|money| money.minor), minor, "{whole} {code}");
        }
        assert_eq!(Money::of_whole(MINOR_MAX / 100 + 1, Currency::Cny), None);
        assert_eq!(Money::of_whole(u64::MAX, Currency::Cny), None);
        assert!(Money::of_minor(MINOR_MAX, Currency::Vnd).is_some());
        assert_eq!(Money::of_minor(MINOR_MAX + 1, Currency::Vnd), None);
        assert!(["vnd", "", "USD"].map(Currency::from_code).iter().all(Option::is_none));
    }
}
