//! What an offer grants. Leaves carrying it out to the providers.

use serde::{Deserialize, Serialize};

/// One thing an offer grants. Kept with each subscription as it was when registered, hence readable
/// from and writable to JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Grant {
    /// What is granted.
    pub kind: GrantKind,
    /// What is stored; set for [`GrantKind::Cloud`] and only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage: Option<Storage>,
    /// How long recordings are kept, in days; at least 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u32>,
    /// On how many devices at once; at least 1.
    pub devices_max: u32,
    /// How it reaches the devices.
    pub delivery: Delivery,
    /// Who carries it out: `local`, or the name of a `[providers.NAME]`.
    pub provider: String,
    /// The provider's own settings: an object.
    #[serde(default)]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

/// What is granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantKind {
    /// Cloud storage of recordings.
    Cloud,
    /// Detection in pictures.
    Ai,
    /// Mobile data for the device.
    #[serde(rename = "4g")]
    FourG,
}

impl GrantKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Cloud, Self::Ai, Self::FourG];

    /// Its word in catalog, ledger and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::Ai => "ai",
            Self::FourG => "4g",
        }
    }

    /// The kind of that [`word`](Self::word).
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Its `type` where activation codes are redeemed, with us and with providers. Orders there count
    /// from one.
    #[must_use]
    pub fn service_type(self) -> &'static str {
        match self {
            Self::Cloud => "0",
            Self::Ai => "1",
            Self::FourG => "2",
        }
    }

    /// The kind of that [`service_type`](Self::service_type).
    #[must_use]
    pub fn from_service_type(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.service_type() == text)
    }
}

/// What cloud storage keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Storage {
    /// What was recorded around an event.
    Event,
    /// Everything.
    Continuous,
}

impl Storage {
    /// Its word in catalog, ledger and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Continuous => "continuous",
        }
    }

    /// The storage of that [`word`](Self::word).
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Event, Self::Continuous].into_iter().find(|storage| storage.word() == word)
    }

    /// Its `serviceType` where packages are sold, in the catalog too.
    #[must_use]
    pub const fn service_type(self) -> u32 {
        match self {
            Self::Continuous => 1,
            Self::Event => 2,
        }
    }

    /// The storage of that [`service_type`](Self::service_type).
    #[must_use]
    pub fn from_service_type(number: u32) -> Option<Self> {
        [Self::Event, Self::Continuous].into_iter().find(|storage| storage.service_type() == number)
    }
}

/// How a grant reaches the devices.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// By itself, to the devices bound to the number.
    #[default]
    Device,
    /// As an activation code that the subscriber redeems.
    Code,
}
