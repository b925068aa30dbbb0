//! A message on its way into the journal.

use super::raw::Raw;
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::subscription::notice::Reading;

/// A message to be kept, with the answer it will get.
#[derive(Debug, Clone)]
pub struct Received {
    /// What it turned out to be.
    pub reading: Reading,
    /// The message as it came, and its answer.
    pub raw: Raw,
    /// Which caller brought it.
    pub caller: String,
    /// When it came.
    pub received_at: Timestamp,
    /// The `error_id` of the answer.
    pub answer: u8,
}

impl Received {
    /// The number that it speaks of, where it is a notice.
    pub(super) fn number(&self) -> Option<&Msisdn> {
        match &self.reading {
            Reading::Notice(notice) => Some(&notice.content.msisdn),
            Reading::Unreadable(_) | Reading::WrongMessage(_) => None,
        }
    }
}
