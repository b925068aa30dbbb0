//! What a provider should have on a device by now, whatever was asked of it before: for providers that
//! bring about a state instead of carrying out steps. Leaves reading it to the ledger, and what the state is
//! made of to the provider.

mod seen;

pub use seen::{Ask, Beside, Place, Seen, is_served, wanted};

use serde_json::{Map, Value};

use super::Service;
use super::hold::Hold;
use crate::catalog::GrantKind;
use crate::clock::Timestamp;
use crate::ids::{Msisdn, UserAccount};

/// Who has a service: a number, or an account that bought without one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Owner {
    /// A subscriber of the carrier.
    Number(Msisdn),
    /// Anybody else.
    Account(UserAccount),
}

/// What one provider should have on one device, for one owner.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Wanted {
    /// For whom; none: the device is nobody's.
    pub owner: Option<Owner>,
    /// What is carried there for the owner.
    pub carried: Carried,
    /// Whether something is carried there for somebody else: the device changed hands.
    pub is_anothers: bool,
    /// Whether paid time of the owner waits there and may go on: nothing is thrown away for good then.
    pub waits: bool,
    /// When the newest service that ran there ended, or of one that waits when it first began; none where
    /// none ran, or where one is carried.
    pub ended_at: Option<Timestamp>,
    /// Whether the owner has something carried by the provider on any device.
    pub is_owner_served: bool,
    /// Of a number's task that something ended: the device's account, which may have had it before the number came.
    pub former: Option<Owner>,
    /// Whether that account by itself has something carried by the provider on any device.
    pub is_former_served: bool,
}

/// The grants' settings of what is carried, the leading service's first; empty: nothing is carried.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Carried(Vec<Map<String, Value>>);

impl Owner {
    /// The owner of a device, or of a task: the number where there is one.
    #[must_use]
    pub fn of(msisdn: Option<&Msisdn>, account: Option<&UserAccount>) -> Option<Self> {
        match (msisdn, account) {
            (Some(number), _) => Some(Self::Number(number.clone())),
            (None, Some(account)) => Some(Self::Account(account.clone())),
            (None, None) => None,
        }
    }

    /// What the other side knows the owner by: the number's digits, or the account.
    #[must_use]
    pub fn in_full(&self) -> &str {
        match self {
            Self::Number(number) => number.in_full(),
            Self::Account(account) => account.in_full(),
        }
    }
}

impl Carried {
    /// What `provider` carries among a device's advanced services: cloud leads, then AI, then 4G, since a
    /// camera has one preset and storage is what it is bought for.
    #[must_use]
    pub fn among<'s>(services: impl Iterator<Item = &'s Service>, provider: &str) -> Self {
        let mut carried: Vec<&Service> =
            services.filter(|service| service.is_carried() && service.plan.provider == provider).collect();
        carried.sort_by_key(|service| (place(service.plan.kind), service.rank()));
        Self(carried.into_iter().map(|service| service.plan.settings.clone()).collect())
    }

    /// Whether nothing is.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.0.is_empty()
    }

    /// The first value that any of the services has under one of the names, the leading service before
    /// the others, and of its names the first before the next.
    #[must_use]
    pub fn setting(&self, names: &[&str]) -> Option<&Value> {
        self.0.iter().find_map(|settings| names.iter().find_map(|name| settings.get(*name)))
    }
}

impl From<Vec<Map<String, Value>>> for Carried {
    fn from(settings: Vec<Map<String, Value>>) -> Self {
        Self(settings)
    }
}

impl Service {
    /// Whether it is paid time that may yet go on by itself, or with its device's binding.
    #[must_use]
    pub fn waits_to_go_on(&self) -> bool {
        self.is_live() && !self.is_carried() && matches!(self.hold, Hold::Paid(_))
    }
}

fn place(kind: GrantKind) -> u8 {
    match kind {
        GrantKind::Cloud => 0,
        GrantKind::Ai => 1,
        GrantKind::FourG => 2,
    }
}
