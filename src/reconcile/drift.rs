//! What became of what differs, and what came of a comparison as a whole.

use crate::providers::Difference;

/// Something that was not as it should be.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// What is the matter, and of what.
    pub found: Difference,
    /// What became of it.
    pub end: End,
}

/// What became of a drift.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// It was told of: nothing else was asked for, or nothing can be done by a call.
    Told,
    /// It was mended.
    Mended,
    /// It was to be mended, and was not.
    Failed(String),
}

/// What came of a comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Cameras in the list.
    pub cameras: u64,
    /// Those of them that are none of our devices'.
    pub unknown: u64,
    /// Those that a task is under way for.
    pub in_progress: u64,
    /// Rows of any list that could not be read.
    pub odd: u64,
    /// Users looked at.
    pub users: u64,
    /// What was not as it should be.
    pub drifted: u64,
    /// What of that was mended.
    pub mended: u64,
    /// What could not be.
    pub failed: u64,
}

impl End {
    /// Its word in the metric.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Mended => "mended",
            Self::Failed(_) => "failed",
        }
    }
}
