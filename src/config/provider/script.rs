//! The words of a scripted provider. Leaves acting on them to the provider.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a scripted provider does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScriptWord {
    /// `done`: carried out.
    Done,
    /// `again`, `again:MS`: not carried out; worth another try, after so many milliseconds.
    Again(Option<Duration>),
    /// `never`: not carried out, and never will be.
    Never,
    /// `unknown`: nobody knows whether it was carried out.
    Unknown,
    /// `waits`: there is nothing in stock to carry it out with.
    Waits,
    /// `used`, `invalid`: the code is at fault.
    BadCode {
        /// It was used; otherwise it is none.
        used: bool,
    },
    /// `wait:MS`: so many milliseconds pass; then the next word.
    Wait(Duration),
}

/// No pause in a script is longer, in milliseconds.
const PAUSE_MS_MAX: u64 = 600_000;

impl FromStr for ScriptWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (word, pause) = match text.split_once(':') {
            Some((word, ms)) => (word, Some(ms.parse().ok().filter(|ms| *ms <= PAUSE_MS_MAX))),
            None => (text, None),
        };
        match (word, pause.map(|ms| ms.map(Duration::from_millis))) {
            ("done", None) => Ok(Self::Done),
            ("again", None) => Ok(Self::Again(None)),
            ("again", Some(Some(after))) => Ok(Self::Again(Some(after))),
            ("never", None) => Ok(Self::Never),
            ("unknown", None) => Ok(Self::Unknown),
            ("waits", None) => Ok(Self::Waits),
            ("used", None) => Ok(Self::BadCode { used: true }),
            ("invalid", None) => Ok(Self::BadCode { used: false }),
            ("wait", Some(Some(pause))) => Ok(Self::Wait(pause)),
            _ => Err(format!(
                "{text:?} is none of done, again, again:MS, never, unknown, waits, used, invalid, wait:MS (MS at \
                 most {PAUSE_MS_MAX})"
            )),
        }
    }
}

impl fmt::Display for ScriptWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Again(None) => f.write_str("again"),
            Self::Again(Some(after)) => write!(f, "again:{}", after.as_millis()),
            Self::Never => f.write_str("never"),
            Self::Unknown => f.write_str("unknown"),
            Self::Waits => f.write_str("waits"),
            Self::BadCode { used: true } => f.write_str("used"),
            Self::BadCode { used: false } => f.write_str("invalid"),
            Self::Wait(pause) => write!(f, "wait:{}", pause.as_millis()),
        }
    }
}

impl<'de> Deserialize<'de> for ScriptWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for ScriptWord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
