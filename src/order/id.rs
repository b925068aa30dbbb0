//! The names of orders and of received coupons: drawn at random, so that nobody guesses another's.

use std::fmt;

/// A random name could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct DrawError(#[source] getrandom::Error);

/// An order's id: 26 to 32 of `A-Z a-z 0-9`, as every payment system takes it for a merchant's number of a trade.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(String);

/// A received coupon's code: 20 of `A-Z 0-9`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CouponCode(String);

const ORDER_CHARS: usize = 28;
const COUPON_CHARS: usize = 20;
const LETTERS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Letters of a coupon's code: one spelling, whoever types it.
const CAPITALS: usize = 36;

impl OrderId {
    /// Reads an id; none where no order is called so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (26..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }

    /// Draws a new one, of 166 random bits.
    ///
    /// # Errors
    /// [`DrawError`].
    pub fn draw() -> Result<Self, DrawError> {
        draw(ORDER_CHARS, LETTERS).map(Self)
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl CouponCode {
    /// Reads a code in any case; none where no coupon is called so.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == COUPON_CHARS && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_ascii_uppercase()))
    }

    /// Draws a new one, of 103 random bits.
    ///
    /// # Errors
    /// [`DrawError`].
    pub fn draw() -> Result<Self, DrawError> {
        draw(COUPON_CHARS, &LETTERS[..CAPITALS]).map(Self)
    }

    /// The code's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// So many letters, each as likely as any other: bytes that would favour some are passed over.
fn draw(chars: usize, letters: &[u8]) -> Result<String, DrawError> {
    let fair = 256 - 256 % letters.len();
    let (mut name, mut bytes) = (String::with_capacity(chars), [0; 64]);
    while name.len() < chars {
        getrandom::fill(&mut bytes).map_err(DrawError)?;
        let drawn = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        name.extend(drawn.map(|byte| char::from(letters[byte % letters.len()])).take(chars - name.len()));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn what_is_drawn_is_what_is_read() {
        for _ in 0..200 {
            let (order, coupon) = (OrderId::draw().unwrap(), CouponCode::draw().unwrap());
            assert_eq!(OrderId::parse(order.as_str()), Some(order.clone()));
            assert_eq!(CouponCode::parse(&coupon.as_str().to_lowercase()), Some(coupon));
            assert_ne!(OrderId::draw().unwrap(), order);
        }
    }

    #[test]
    fn what_no_order_and_no_coupon_is_called() {
        for text in
            ["", &"a".repeat(25), &"a".repeat(33), "abcdefghijklmnopqrstuvwxyz-", "ü".repeat(14).as_str()]
        {
            assert_eq!(OrderId::parse(text), None, "{text}");
        }
        for text in ["", "ABC", &"A".repeat(21), "AAAAAAAAAAAAAAAAAAA-", "ü".repeat(10).as_str()] {
            assert_eq!(CouponCode::parse(text), None, "{text}");
        }
    }
}
