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

    /// How many digits of a decimal stand behind its point.
    const fn exponent(self) -> u32 {
        match self {
            Self::Vnd => 0,
            Self::Cny => 2,
        }
    }

    /// How many minor units are one whole one.
    const fn minor_per_whole(self) -> u64 {
        10_u64.pow(self.exponent())
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

    /// An amount as others write it: `12`, `12.3`, `12.30`. None where it has more digits behind the point than the
    /// currency, zeros too, or is anything but digits and a point.
    #[must_use]
    pub fn from_decimal(text: &str, currency: Currency) -> Option<Self> {
        let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let exponent = currency.exponent() as usize;
        if !digits(whole) || part.is_some_and(|part| !digits(part) || part.len() > exponent) {
            return None;
        }
        let minor: u64 = format!("{whole}{:0<exponent$}", part.unwrap_or_default()).parse().ok()?;
        Self::of_minor(minor, currency)
    }

    /// The same with all the digits that its currency has behind the point: `0.10`, and `59000` where it has none.
    #[must_use]
    pub fn decimal(self) -> String {
        let (one, digits) = (self.currency.minor_per_whole(), self.currency.exponent() as usize);
        let (whole, part) = (self.minor / one, self.minor % one);
        if digits == 0 { whole.to_string() } else { format!("{whole}.{part:0digits$}") }
    }
}

/// An amount as others state it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stated {
    /// In a currency that they name; none where nothing is sold in that, or for so much.
    Money(Option<Money>),
    /// In hundredths of whole units of a currency that they do not name.
    Hundredths(u64),
}

impl Stated {
    /// How much that is, in this currency where none was named; none where it is no whole number of minor units.
    #[must_use]
    pub fn money(self, currency: Currency) -> Option<Money> {
        let hundredths = match self {
            Self::Money(money) => return money,
            Self::Hundredths(hundredths) => hundredths,
        };
        let in_one = 100 / currency.minor_per_whole();
        (hundredths % in_one == 0).then(|| Money::of_minor(hundredths / in_one, currency)).flatten()
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
        for (minor, currency, text) in [
            (10, Currency::Cny, "0.10"),
            (0, Currency::Cny, "0.00"),
            (5_901, Currency::Cny, "59.01"),
            (MINOR_MAX, Currency::Cny, "10000000000.00"),
            (59_000, Currency::Vnd, "59000"),
        ] {
            let money = Money::of_minor(minor, currency).unwrap();
            assert_eq!(money.decimal(), text);
            assert_eq!(Money::from_decimal(text, currency), Some(money));
        }
        for (text, minor) in [("12", 1200), ("12.3", 1230), ("012.03", 1203), ("0.1", 10)] {
            assert_eq!(
                Money::from_decimal(text, Currency::Cny).map(|money| money.minor),
                Some(minor),
                "{text}"
            );
        }
        for odd in [
            "",
            ".",
            "1.",
            ".1",
            "1.000",
            "1.234",
            "-1",
            "+1",
            " 1",
            "1e2",
            "1,00",
            "1.2.3",
            "１",
            "99999999999999999999",
        ] {
            assert_eq!(Money::from_decimal(odd, Currency::Cny), None, "{odd}");
        }
        assert_eq!(Money::from_decimal("59000.0", Currency::Vnd), None);
        assert!(["vnd", "", "USD"].map(Currency::from_code).iter().all(Option::is_none));
    }

    #[test]
    fn hundredths_are_of_the_currency_that_was_to_be_paid() {
        let money =
            |hundredths, currency| Stated::Hundredths(hundredths).money(currency).map(|money| money.minor);
        assert_eq!(money(10, Currency::Cny), Some(10));
        assert_eq!(money(5_900_000, Currency::Vnd), Some(59_000));
        assert_eq!(money(5_900_001, Currency::Vnd), None, "there are no hundredths of a dong");
        let fen = Money::of_minor(10, Currency::Cny);
        assert_eq!(Stated::Money(fen).money(Currency::Vnd), fen, "what was named stays so");
    }
}
