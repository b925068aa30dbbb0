//! The result codes of the activation surface: the one table of them.

use crate::signed::Unheard;

/// What an answer says in `resultCode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultCode {
    /// Done.
    Done,
    /// A parameter is missing, wrong, or given in two ways.
    Parameter,
    /// We could not; worth another try.
    System,
    /// No such device, or it is another account's.
    Device,
    /// No such key, a wrong signature, a stale or repeated request.
    Signature,
    /// The code was used.
    CodeUsed,
    /// There is no such code, it lapsed, or it is for another type of service.
    CodeInvalid,
}

impl ResultCode {
    /// Every code there is.
    pub const ALL: [Self; 7] = [
        Self::Done,
        Self::Parameter,
        Self::System,
        Self::Device,
        Self::Signature,
        Self::CodeUsed,
        Self::CodeInvalid,
    ];

    /// Its text on the wire, where it is a string.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "1001",
            Self::Parameter => "1003",
            Self::System => "1005",
            Self::Device => "1007",
            Self::Signature => "1023",
            Self::CodeUsed => "1067",
            Self::CodeInvalid => "1068",
        }
    }
}

impl From<Unheard> for ResultCode {
    fn from(unheard: Unheard) -> Self {
        match unheard {
            Unheard::Limited(_) | Unheard::Unavailable => Self::System,
            Unheard::TooLarge | Unheard::Coding | Unheard::Unreadable | Unheard::Ambiguous => Self::Parameter,
            Unheard::Unsigned | Unheard::Stale | Unheard::Repeated => Self::Signature,
        }
    }
}
