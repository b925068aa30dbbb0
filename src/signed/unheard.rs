//! Why a request is not heard. Leaves the words for it to each surface.

/// Why a request is not heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unheard {
    /// Over a limit: to be tried again after so many seconds.
    Limited(u64),
    /// The body is larger than is read, as it came or decoded.
    TooLarge,
    /// The body is in a coding that is not taken off.
    Coding,
    /// The body broke off, or no parameters can be read from it.
    Unreadable,
    /// No partner has signed it.
    Unsigned,
    /// There are two readings of it.
    Ambiguous,
    /// It is too old, of times to come, or without a time or a nonce that it needs.
    Stale,
    /// It was here before.
    Repeated,
    /// We could not: worth another try.
    Unavailable,
}
