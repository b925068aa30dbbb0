//! The steps of an order's life, each from the states that it may begin in. Time closes an order by itself: what is
//! asked of one at a clock knows that, whoever wrote it down or did not.

use super::{Order, OrderState, Settled, Status};
use crate::clock::Timestamp;

/// An order's step that does not begin in the state it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {0} does not take this step")]
pub struct NotFrom(pub &'static str);

impl OrderState {
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
