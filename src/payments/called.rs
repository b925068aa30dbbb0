//! What a callback says, why one is not believed, and what it is answered.

use crate::clock::Timestamp;
use crate::money::Stated;

/// What a genuine callback says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Something was paid.
    Paid(Paid),
    /// Nothing that pays an order: one that waits, was closed, was paid back. To be answered as done.
    Other {
        /// The vendor's word for it.
        event: String,
    },
}

/// A payment that a vendor vouches for. Whether it is one of our orders', of the right amount and the first, is not
/// known here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paid {
    /// The vendor's number of the payment: the same in every repetition, and in no other payment.
    pub transaction: String,
    /// Which order, as it was sent; another system of the merchant's may have made it.
    pub order_id: String,
    /// How much the order came to there.
    pub money: Stated,
    /// When; where the vendor does not say it readably, when the callback came.
    pub paid_at: Timestamp,
}

/// Why a callback, or an answer, is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// What has to be there to verify it is not.
    #[error("a signature, or what goes with it, is missing")]
    Unsigned,
    /// Made too long ago, or by a clock too far ahead; either clock may be wrong.
    #[error("its time is more than 300 seconds from ours")]
    Stale,
    /// Signed with a key that is not among the settings'.
    #[error("it is signed with a key that is not in the settings")]
    UnknownSerial,
    /// Not signed so.
    #[error("its signature is wrong")]
    Signature,
    /// Signed, and yet sealed with another key.
    #[error("its content cannot be opened: api_v3_key is another there")]
    Sealed,
    /// About another merchant or application.
    #[error("it is about another merchant or application")]
    Merchant,
    /// Not of the form, or without what a payment has.
    #[error("it cannot be read")]
    Unreadable,
}

impl Unproven {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::Unsigned,
        Self::Stale,
        Self::UnknownSerial,
        Self::Signature,
        Self::Sealed,
        Self::Merchant,
        Self::Unreadable,
    ];

    /// Its word, for a metric.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::Stale => "stale",
            Self::UnknownSerial => "unknown_serial",
            Self::Signature => "signature",
            Self::Sealed => "sealed",
            Self::Merchant => "merchant",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is kept, or needs not be: not to be sent again.
    Done,
    /// It is not believed.
    Unproven(Unproven),
    /// It is, and could not be kept now: to be sent again.
    Later,
}

impl Outcome {
    /// The status to answer with. A vendor repeats whatever is no success, for a day or so.
    pub(super) const fn status(self) -> u16 {
        match self {
            Self::Done => 200,
            Self::Unproven(Unproven::Unreadable) => 400,
            Self::Unproven(Unproven::Merchant) => 403,
            Self::Unproven(_) => 401,
            Self::Later => 503,
        }
    }
}

/// What a vendor is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    /// What kind of body it has.
    pub content_type: &'static str,
    /// The whole of it.
    pub body: String,
}
