//! A package: cloud storage for a term at a price, as camera apps sell it and vouchers give it. Leaves orders and what
//! is in force to others.

use serde::{Deserialize, Serialize};

use super::grant::Storage;
use crate::money::Money;

/// Storage for one device, for a term.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    /// What apps know it by, unique: 1 to 64 of `A-Z a-z 0-9 - _`.
    pub number: String,
    /// Its name for people.
    pub name: String,
    /// Where it is sold: two capitals each (ISO 3166-1), at least one.
    pub countries: Vec<String>,
    /// What is stored.
    pub storage: Storage,
    /// How long recordings are kept, in days; at least 1.
    pub storage_days: u32,
    /// What its term is counted in.
    pub period: TermUnit,
    /// How many of them; at least 1, and ten years at most in all.
    pub period_count: u32,
    /// Of the whole term.
    pub price: Money,
    /// The id of the carrier's offer that sells the same.
    pub offer: Option<String>,
    /// Who carries it out: `local`, or the name of a `[providers.NAME]`.
    pub provider: String,
    /// The provider's own settings: an object.
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// What a package's term is counted in, by the calendar of the order's zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TermUnit {
    /// To the same time of the next day.
    Day,
    /// Of seven days.
    Week,
    /// To the same day of the next month, or its last one.
    Month,
    /// Of twelve months.
    Year,
}

impl TermUnit {
    /// Its word in catalog and answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// How many of them are ten years, the longest term.
    pub(super) const fn count_max(self) -> u32 {
        match self {
            Self::Day => 3650,
            Self::Week => 520,
            Self::Month => 120,
            Self::Year => 10,
        }
    }
}
