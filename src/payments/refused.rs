//! Why a payment could not be prepared.

use super::called::Unproven;
use crate::signature::rsa::SignError;

/// Why an app cannot pay this now. Its text is for the log: it may hold words of the vendor's.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The carrier does not sell it.
    #[error("the carrier does not sell it")]
    NotSold,
    /// The vendor did not answer, or not in time, or not to its end. It may have prepared it, which does no harm.
    #[error("no answer: {0}")]
    Unanswered(String),
    /// The vendor says no.
    #[error("refused with status {status}: {words}")]
    Denied {
        /// Of its answer.
        status: u16,
        /// Its code and message, at most so long as a log line bears.
        words: String,
    },
    /// The answer is none that the vendor gives: a proxy's page, perhaps.
    #[error("the answer cannot be read: {0}")]
    Unreadable(String),
    /// The answer is not the vendor's, or we have not its key.
    #[error("the answer is not to be believed: {0}")]
    Unproven(Unproven),
    /// The system gave no random bytes, or no signature.
    #[error("the request could not be signed")]
    Unsigned,
}

impl Refused {
    /// Every [`word`](Self::word).
    pub const WORDS: [&str; 6] = ["not_sold", "unanswered", "denied", "unreadable", "unproven", "unsigned"];

    /// Its word, for a metric.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NotSold => "not_sold",
            Self::Unanswered(_) => "unanswered",
            Self::Denied { .. } => "denied",
            Self::Unreadable(_) => "unreadable",
            Self::Unproven(_) => "unproven",
            Self::Unsigned => "unsigned",
        }
    }
}

impl From<SignError> for Refused {
    fn from(_: SignError) -> Self {
        Self::Unsigned
    }
}
