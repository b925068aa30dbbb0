//! Where a service comes from, and the ids that follow from it: the same on every gateway and after
//! every computing again.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::ids::DeviceId;

/// What a service comes from, by the id of that (never a secret: not the code itself).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A subscriber's right.
    Entitlement(String),
    /// An activation code.
    Code(String),
    /// A voucher.
    Voucher(String),
    /// A paid order.
    Order(String),
}

impl Source {
    /// Its word in ledger and answers.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Entitlement(_) => "entitlement",
            Self::Code(_) => "code",
            Self::Voucher(_) => "voucher",
            Self::Order(_) => "order",
        }
    }

    /// The source of that [`word`](Self::word) and [`id`](Self::id).
    #[must_use]
    pub fn parse(word: &str, id: String) -> Option<Self> {
        match word {
            "entitlement" => Some(Self::Entitlement(id)),
            "code" => Some(Self::Code(id)),
            "voucher" => Some(Self::Voucher(id)),
            "order" => Some(Self::Order(id)),
            _ => None,
        }
    }

    /// The id of what it names.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Entitlement(id) | Self::Code(id) | Self::Voucher(id) | Self::Order(id) => id,
        }
    }
}

/// A service's id: `services[].id`, `orderNum` and `serviceId` of the surfaces.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId(String);

impl ServiceId {
    /// The id of what was paid: each code, voucher or order makes one service.
    #[must_use]
    pub fn of_paid(source: &Source) -> Self {
        Self::hashed(&[source.word(), source.id()])
    }

    /// The id of a right's attachment to a device, the first (`before` is 0) or a later one, after the
    /// device was unbound.
    #[must_use]
    pub fn of_attachment(entitlement: &str, device: &DeviceId, before: usize) -> Self {
        Self::hashed(&["attachment", entitlement, device.as_str(), &before.to_string()])
    }

    /// Trusts an id that this type wrote earlier, as the ledger gives it back; one that a caller
    /// names is known by looking it up.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The id's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn hashed(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let digest = hash.finalize();
        Self(digest[..12].iter().fold(String::from("svc-"), |id, byte| id + &format!("{byte:02x}")))
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
