//! The steps of an order's life, each from the states that it may begin in. Time closes an order by itself: what is
//! asked of one at a clock knows that, whoever wrote it down or did not.

use super::{Order, OrderState, Settled, Status};
use crate::clock::Timestamp;

/// An order's step that does not begin in the state it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {0} does not take this step")]
pub struct NotFrom(pub &'static str);

impl OrderState {
    /// The words of all of them.
    pub const WORDS: [&str; 4] = ["unpaid", "closed", "paid", "refunded"];

    /// Its word in the ledger and for operators.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Closed(_) => "closed",
            Self::Paid(_) => "paid",
            Self::Refunded(..) => "refunded",
        }
    }

    /// How it was paid, where it was.
    #[must_use]
    pub const fn settled(&self) -> Option<&Settled> {
        match self {
            Self::Unpaid | Self::Closed(_) => None,
            Self::Paid(settled) | Self::Refunded(settled, _) => Some(settled),
        }
    }
}

impl Status {
    /// Its number for apps.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Paid => 0,
            Self::Unpaid => 1,
            Self::Closed => 2,
        }
    }

    /// The status of that [`number`](Self::number).
    #[must_use]
    pub fn from_number(number: u64) -> Option<Self> {
        [Self::Paid, Self::Unpaid, Self::Closed]
            .into_iter()
            .find(|status| u64::from(status.number()) == number)
    }
}

impl Order {
    /// Whether it can be paid at a clock.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.state == OrderState::Unpaid && now < self.expires_at
    }

    /// What an app sees at a clock.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Status {
        match self.state {
            OrderState::Unpaid if self.is_open(now) => Status::Unpaid,
            OrderState::Unpaid | OrderState::Closed(_) | OrderState::Refunded(..) => Status::Closed,
            OrderState::Paid(_) => Status::Paid,
        }
    }

    /// Its time is over.
    ///
    /// # Errors
    /// As for all of these: [`NotFrom`].
    pub fn closed(self, now: Timestamp) -> Result<Self, NotFrom> {
        match self.state {
            OrderState::Unpaid if !self.is_open(now) => Ok(Self { state: OrderState::Closed(now), ..self }),
            _ => Err(self.not_from()),
        }
    }

    /// It is paid, while it is open.
    ///
    /// # Errors
    /// [`NotFrom`].
    pub fn paid(self, settled: Settled, now: Timestamp) -> Result<Self, NotFrom> {
        if !self.is_open(now) {
            return Err(self.not_from());
        }
        Ok(Self { state: OrderState::Paid(settled), ..self })
    }

    /// The money went back.
    ///
    /// # Errors
    /// [`NotFrom`].
    pub fn refunded(self, now: Timestamp) -> Result<Self, NotFrom> {
        match self.state.clone() {
            OrderState::Paid(settled) => Ok(Self { state: OrderState::Refunded(settled, now), ..self }),
            _ => Err(self.not_from()),
        }
    }

    fn not_from(&self) -> NotFrom {
        NotFrom(self.state.word())
    }
}

#[cfg(test)]
pub(in crate::order) mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;
    use crate::catalog::{Storage, TermUnit};
    use crate::clock::Zone;
    use crate::ids::{DeviceId, UserAccount};
    use crate::money::Currency;
    use crate::order::id::OrderId;
    use crate::order::price::Price;
    use crate::order::sold::Sold;

    /// An order that was made at 0 and can be paid until 10.
    pub(in crate::order) fn order(state: OrderState) -> Order {
        Order {
            id: OrderId::parse(&"a".repeat(26)).unwrap(),
            account: UserAccount::parse("ann").unwrap(),
            device: DeviceId::parse("cam-1").unwrap(),
            sold: Sold {
                package: "day".to_owned(),
                name: "A day".to_owned(),
                storage: Storage::Event,
                storage_days: 7,
                period: TermUnit::Day,
                period_count: 1,
                offer: None,
                provider: "local".to_owned(),
                settings: serde_json::Map::new(),
                zone: Zone::parse("0").unwrap(),
                coupon: None,
            },
            price: Price { amount: 1000, discount: 100, currency: Currency::Vnd },
            coupon: None,
            created_at: Timestamp(0),
            expires_at: Timestamp(10),
            state,
        }
    }

    pub(in crate::order) fn settled() -> Settled {
        Settled { at: Timestamp(3), payment: None, service: None }
    }

    fn step(order: Order, step: &str, now: Timestamp) -> Result<Order, NotFrom> {
        match step {
            "close" => order.closed(now),
            "pay" => order.paid(settled(), now),
            _ => order.refunded(now),
        }
    }

    /// What an order is after each of closing, paying and refunding, at 9 and at 10; `-` where that does not begin in
    /// its state.
    #[track_caller]
    fn check(state: OrderState, in_time: [&str; 3], late: [&str; 3]) {
        for (now, becomes) in [(Timestamp(9), in_time), (Timestamp(10), late)] {
            for (name, becomes) in ["close", "pay", "refund"].into_iter().zip(becomes) {
                let after = step(order(state.clone()), name, now);
                let word = after.as_ref().map_or("-", |order| order.state.word());
                assert_eq!(word, becomes, "{}: {name} at {now:?}", state.word());
                assert!(after.is_ok() || after == Err(NotFrom(state.word())));
            }
        }
    }

    #[test]
    fn each_step_begins_in_some_states() {
        check(OrderState::Unpaid, ["-", "paid", "-"], ["closed", "-", "-"]);
        check(OrderState::Closed(Timestamp(10)), ["-"; 3], ["-"; 3]);
        check(OrderState::Paid(settled()), ["-", "-", "refunded"], ["-", "-", "refunded"]);
        check(OrderState::Refunded(settled(), Timestamp(5)), ["-"; 3], ["-"; 3]);
    }

    #[test]
    fn the_clock_closes_an_order_whoever_came_by() {
        let status = |state: OrderState, now| order(state).status(Timestamp(now)).number();
        assert_eq!((status(OrderState::Unpaid, 9), status(OrderState::Unpaid, 10)), (1, 2));
        assert_eq!((status(OrderState::Paid(settled()), 9), status(OrderState::Paid(settled()), 99)), (0, 0));
        assert_eq!(status(OrderState::Closed(Timestamp(10)), 11), 2);
        assert_eq!(status(OrderState::Refunded(settled(), Timestamp(5)), 6), 2);
        for number in 0..3 {
            assert_eq!(Status::from_number(number).map(|status| u64::from(status.number())), Some(number));
        }
        assert_eq!(Status::from_number(3), None);
    }
}
