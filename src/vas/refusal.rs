//! Why a camera app gets another answer than the one it asked for.

use super::Code;
use crate::signed::Unheard;

/// Why it is not told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// By a check or a rule, or since we could not.
    Code(Code),
    /// For a parameter: its name, and what is wrong with it.
    Parameter(String),
    /// Over a limit: to be tried again after so many seconds.
    Limited(u64),
    /// The body is larger than is read, as it came or decoded.
    TooLarge,
    /// The body is in a coding that is not taken off.
    Coding,
    /// It was no POST.
    NotPosted,
    /// The path is no method's.
    NoPath,
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self::Code(code)
    }
}

impl From<Unheard> for Refusal {
    fn from(unheard: Unheard) -> Self {
        match unheard {
            Unheard::Limited(retry_after_s) => Self::Limited(retry_after_s),
            Unheard::TooLarge => Self::TooLarge,
            Unheard::Coding => Self::Coding,
            Unheard::Unreadable => {
                Self::Parameter("The body is not one JSON object of parameters".to_owned())
            }
            Unheard::Ambiguous => Self::Parameter(
                "A parameter can be read in two ways: it is there twice, or holds an &".to_owned(),
            ),
            Unheard::Unsigned | Unheard::Stale | Unheard::Repeated => Self::Code(Code::Signature),
            Unheard::Unavailable => Self::Code(Code::System),
        }
    }
}

impl Refusal {
    /// The code of its answer.
    pub(super) const fn code(&self) -> Code {
        match self {
            Self::Code(code) => *code,
            Self::Parameter(_) | Self::TooLarge | Self::Coding | Self::NotPosted => Code::Parameter,
            Self::Limited(_) => Code::TooMany,
            Self::NoPath => Code::NoMethod,
        }
    }

    /// What is said beside it.
    pub(super) fn msg(&self) -> &str {
        match self {
            Self::Parameter(msg) => msg,
            Self::TooLarge => "The body is too large",
            Self::Coding => "The body is in an unknown coding",
            Self::NotPosted => "Methods are called with POST",
            Self::Code(_) | Self::Limited(_) | Self::NoPath => self.code().msg(),
        }
    }
}
