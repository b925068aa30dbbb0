//! The course of one batch: what to do next, by what came of the last step. A transaction whose answer was lost
//! is looked up until it is known how it ended, and only what certainly did not happen is sent again. Free of
//! I/O and time, so that [`super::model`] runs it through every order of events.

use super::marks::Mark;

/// Transactions that one batch may take, where others came in between or the connection was lost.
const SENDS_MAX: u32 = 5;

/// What came of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sent {
    /// The server said that it is committed.
    Committed,
    /// The commit was asked for, and what the server said of it is not known.
    Unknown(Mark),
    /// It is certain that it was not committed.
    Failed {
        /// Whether another may go well.
        may_pass: bool,
    },
}

/// What a look told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    /// It took place.
    Committed,
    /// It has ended, and did not.
    NotCommitted,
    /// The look itself came to nothing.
    Nothing,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// A transaction.
    Send,
    /// A look whether this one was committed.
    Look(Mark),
    /// Nothing: it took place, once.
    Happened,
    /// Nothing: it certainly did not take place.
    GivenUp,
}

/// How far it has come. Whoever breaks it off in between does not know what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Course {
    sends: u32,
    doubt: Option<Mark>,
}

impl Course {
    /// After a transaction.
    pub(super) fn sent(&mut self, sent: Sent) -> Step {
        self.sends += 1;
        match sent {
            Sent::Committed => Step::Happened,
            Sent::Unknown(mark) => Step::Look(self.doubt.insert(mark).clone()),
            Sent::Failed { may_pass } => self.again(may_pass),
        }
    }

    /// After a look. One that tells nothing is repeated: the doubt stays until it is settled.
    pub(super) fn seen(&mut self, seen: Seen) -> Step {
        match (seen, self.doubt.take()) {
            (Seen::Committed, _) => Step::Happened,
            (Seen::Nothing, Some(mark)) => Step::Look(self.doubt.insert(mark).clone()),
            (Seen::NotCommitted | Seen::Nothing, _) => self.again(true),
        }
    }

    fn again(&self, may_pass: bool) -> Step {
        if may_pass && self.sends < SENDS_MAX { Step::Send } else { Step::GivenUp }
    }
}
