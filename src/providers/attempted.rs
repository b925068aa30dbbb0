//! What came of one attempt at a task. Leaves what follows from it (a pause, a dead letter, another code) to
//! the worker.

use std::fmt;
use std::time::Duration;

use crate::clock::Timestamp;
pub use crate::stock::redeem::CodeFault;

/// What came of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempted {
    /// It is carried out, now or by an earlier attempt.
    Done(Fulfilled),
    /// It was not carried out; another attempt may.
    Again {
        /// Why not.
        why: Why,
        /// How long to wait, where the other side said so.
        after: Option<Duration>,
    },
    /// It was not carried out, and no attempt will.
    Never(Why),
    /// Nobody knows. The next attempt has to be made with [`Doubt::Possible`](super::Doubt).
    Unknown(Why),
    /// There is no code in stock to carry it out with. Counts as no attempt.
    Waits,
    /// The provider does not accept our credentials, which an operator has to mend: counts as no attempt,
    /// and as a failure of the provider.
    Denied(Why),
    /// The code is at fault and not the task: it is to be put aside, and another reserved.
    BadCode {
        /// What is wrong with it.
        fault: CodeFault,
        /// In words.
        why: Why,
    },
}

/// What a task that was carried out left behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fulfilled {
    /// What the other side calls the service, where it has a name for it.
    pub order_num: Option<String>,
    /// What an operator should know, where it did not go by the book.
    pub note: Option<&'static str>,
    /// When the device is to be looked at again, by a task of its own: for providers that
    /// [`keep a state`](super::Can::keeps_state).
    pub follow_up_at: Option<Timestamp>,
}

/// Why something did not come about, for the ledger and the log: never holds a number, a code, an
/// account or a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The other side's own result code, where it gave one.
    pub result_code: Option<String>,
    /// In words.
    pub text: String,
    /// Whether it is about one thing only: for others the other side works, so it says nothing against it.
    pub is_of_one: bool,
}

impl Why {
    /// In words only.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { result_code: None, text: text.into(), is_of_one: false }
    }

    /// The same of one thing only.
    #[must_use]
    pub fn of_one(text: impl Into<String>) -> Self {
        Self { is_of_one: true, ..Self::new(text) }
    }

    /// With the other side's result code.
    #[must_use]
    pub fn answered(result_code: &str, text: impl Into<String>) -> Self {
        Self { result_code: Some(result_code.to_owned()), ..Self::new(text) }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result_code {
            Some(code) => write!(f, "{} (result code {code})", self.text),
            None => f.write_str(&self.text),
        }
    }
}
