//! Why a call of Watcher or of billing did not come about, in the classes that say what to do about it. Leaves
//! doing so to the caller.

use std::time::Duration;

use reqwest::Method;

use super::attempted::Why;

/// Why a call did not come about. What it says holds no id, no login, no number and no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It was not carried out, or may be repeated without harm; another attempt may succeed.
    #[error("{why}")]
    Again {
        /// Why not.
        why: Why,
        /// How long to wait, where the other side said so.
        after: Option<Duration>,
    },
    /// Our credentials are not accepted, or do not suffice: the operator's to mend, so nothing is given up
    /// for it, however often it is tried.
    #[error("{0}")]
    Denied(Why),
    /// It was refused, and always will be; where the other side said why, in its words.
    #[error("{0}")]
    Never(Why),
    /// What it was about is not there.
    #[error("{0}")]
    NotThere(Why),
    /// It may have been carried out: look before it is repeated.
    #[error("{0}")]
    Unsure(Why),
}

impl Fault {
    /// Of a call that may have been carried out, and was not answered in a way that tells. Reading and putting
    /// are the same however often they are done.
    pub(super) fn of_doubt(method: &Method, why: Why) -> Self {
        if method == Method::GET || method == Method::PUT {
            Self::Again { why, after: None }
        } else {
            Self::Unsure(why)
        }
    }

    /// The same of one thing only: for others the other side works.
    pub(super) fn of_one(self) -> Self {
        let one = |why: Why| Why { is_of_one: true, ..why };
        match self {
            Self::Again { why, after } => Self::Again { why: one(why), after },
            Self::Denied(why) => Self::Denied(why),
            Self::Never(why) => Self::Never(one(why)),
            Self::NotThere(why) => Self::NotThere(one(why)),
            Self::Unsure(why) => Self::Unsure(one(why)),
        }
    }

    /// Whether it says something about one thing only, and nothing about the others.
    #[must_use]
    pub fn is_of_one(&self) -> bool {
        matches!(self, Self::Never(_)) || self.why().is_of_one
    }

    /// Why, in words.
    #[must_use]
    pub fn why(&self) -> &Why {
        match self {
            Self::Again { why, .. } | Self::Denied(why) => why,
            Self::Never(why) | Self::NotThere(why) | Self::Unsure(why) => why,
        }
    }
}
