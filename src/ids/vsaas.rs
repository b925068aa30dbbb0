//! Ids of the two camera systems, each its own type: billing numbers its tariffs and organizations anew, and a
//! number of the one system means something else, or nothing, in the other. Leaves whether there is such a
//! thing to whoever asks there.

use std::fmt;
use std::str::FromStr;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// The text is not a whole number of 1 or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: a whole number, 1 or more")]
pub struct BadId;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                parse(text).map(Self).ok_or(BadId)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Number).map(Self)
            }
        }
    )*};
}

ids! {
    /// A tariff plan of billing. What Watcher calls it is its `external_id`, a [`PresetId`].
    TariffId;
    /// An organization as billing numbers it. What Watcher calls it is its `external_id`, an [`OrganizationId`].
    OrganizationBillingId;
    /// A preset of Watcher: the technical side of a tariff.
    PresetId;
    /// An organization as Watcher numbers it.
    OrganizationId;
    /// A folder of cameras at Watcher.
    FolderId;
    /// A user of Watcher.
    UserId;
}

fn parse(text: &str) -> Option<i64> {
    text.trim().parse().ok().filter(|id| *id > 0)
}

/// Up to here a number with a fraction is exact.
const WHOLE_MAX: f64 = 9_007_199_254_740_992.0;

/// Reads a number, or a text that holds one: both are met in answers.
struct Number;

impl Visitor<'_> for Number {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id: a whole number, 1 or more")
    }

    fn visit_i64<E: Error>(self, id: i64) -> Result<i64, E> {
        if id > 0 { Ok(id) } else { Err(E::invalid_value(Unexpected::Signed(id), &self)) }
    }

    fn visit_u64<E: Error>(self, id: u64) -> Result<i64, E> {
        let read = i64::try_from(id).ok().filter(|id| *id > 0);
        read.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(id), &self))
    }

    /// Some systems write whole numbers with a fraction of nothing.
    fn visit_f64<E: Error>(self, id: f64) -> Result<i64, E> {
        let whole = format!("{id:.0}").parse().ok().filter(|_| id.fract() == 0.0 && id.abs() < WHOLE_MAX);
        whole.filter(|id| *id > 0).ok_or_else(|| E::invalid_value(Unexpected::Float(id), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_or_a_text_that_holds_one() {
        let read = |json: &str| serde_json::from_str::<PresetId>(json).ok().map(|id| id.0);
        for (json, expected) in [
            ("391", Some(391)),
            ("\"391\"", Some(391)),
            ("\" 391 \"", Some(391)),
            ("0", None),
            ("-1", None),
            ("1.5", None),
            ("\"x\"", None),
            ("null", None),
            ("18446744073709551615", None),
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
        assert_eq!(serde_json::to_string(&PresetId(391)).expect("JSON"), "391");
        assert_eq!("736".parse::<OrganizationBillingId>(), Ok(OrganizationBillingId(736)));
        assert_eq!("0".parse::<UserId>(), Err(BadId));
    }
}
