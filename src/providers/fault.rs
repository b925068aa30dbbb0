//! Why a call of Watcher or of billing did not come about, in the classes that say what to do about it. Leaves
//! doing so to the caller.

use std::time::Duration;

use reqwest::Method;

use super::outcome::Why;

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
    /// It was refused, and always will be.
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
    /// Of an answer whose status says that it was not carried out, or not as asked; `about` names the call.
    ///
    /// A conflict means that somebody took the same step at the same time: the next attempt looks, and
    /// finds it taken.
    pub(super) fn of_status(method: &Method, status: u16, after: Option<Duration>, about: &str) -> Self {
        let why = |words: &str| Why::new(format!("{about}: HTTP {status}{words}"));
        let again = |words: &str| Self::Again { why: why(words), after };
        match status {
            401 | 403 => Self::Denied(why(": it does not accept our credentials, or they do not suffice")),
            404 => Self::NotThere(why(": not there")),
            408 => again(""),
            409 => again(": it is there already, or being changed"),
            429 => again(": too many calls"),
            503 => again(": not available"),
            300..=399 => again(": it answers elsewhere, see base_url"),
            400..=499 => Self::Never(why(": refused")),
            _ => Self::of_doubt(method, why("")),
        }
    }

    /// Of a call that may have been carried out, and was not answered in a way that tells. Reading and putting
    /// are the same however often they are done.
    pub(super) fn of_doubt(method: &Method, why: Why) -> Self {
        if method == Method::GET || method == Method::PUT {
            Self::Again { why, after: None }
        } else {
            Self::Unsure(why)
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_status_says() {
        let class = |method: Method, status| match Fault::of_status(&method, status, None, "x") {
            Fault::Again { .. } => "again",
            Fault::Denied(_) => "denied",
            Fault::Never(_) => "never",
            Fault::NotThere(_) => "not there",
            Fault::Unsure(_) => "unsure",
        };
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
            for status in [301, 307, 408, 409, 429, 503] {
                assert_eq!(class(method.clone(), status), "again", "{method} {status}");
            }
            for status in [401, 403] {
                assert_eq!(class(method.clone(), status), "denied", "{method} {status}");
            }
            for status in [400, 402, 405, 410, 415, 422] {
                assert_eq!(class(method.clone(), status), "never", "{method} {status}");
            }
            assert_eq!(class(method.clone(), 404), "not there");
            let doubt = if matches!(method, Method::GET | Method::PUT) { "again" } else { "unsure" };
            for status in [500, 501, 502, 504, 599] {
                assert_eq!(class(method.clone(), status), doubt, "{method} {status}");
            }
        }
    }
}
