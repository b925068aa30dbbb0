//! A carrier's notice as the rules see it: fields checked once, spelled as they were sent.
//!
//! Whoever knows a message's grammar says what it is ([`Reading`]); of what it says a [`Statement`] makes the
//! [`Notice`]. That has an identity, by which a repeat is known, and a content, by which a repeat is told from a
//! conflict (contract section 2, "Notify"). What of its times cannot be meant is odd and counts as absent ([`Odd`]).

use std::collections::BTreeMap;

use chrono::FixedOffset;
use sha2::{Digest, Sha256};

use super::odd::{Odd, TimeField, Times};
use crate::catalog::{Cancelled, Catalog, Resolved, Sent};
use crate::clock::Timestamp;
use crate::ids::Msisdn;

/// What a message on the notify path turned out to be.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading {
    /// No notice can be made of it: not XML, wrong root, bad or missing fields.
    Unreadable(Glimpse),
    /// Another module's or type's message under the same root.
    WrongMessage(Glimpse),
    /// An SDP notice with valid fields.
    Notice(Box<Notice>),
}

/// What could be seen of a message that is no notice, for those who look into it later.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Glimpse {
    /// The number, where one could be read.
    pub msisdn: Option<Msisdn>,
    /// `regType` as sent.
    pub reg_type: Option<String>,
    /// Fields as sent.
    pub queue_id: Option<String>,
    /// Fields as sent.
    pub sent: SentIds,
}

/// Service and package as they were sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SentIds {
    /// `service_id`.
    pub service_id: Option<String>,
    /// `package_id`.
    pub package_id: Option<String>,
    /// `serviceCode`.
    pub service_code: Option<String>,
    /// `packageCode`.
    pub package_code: Option<String>,
}

impl SentIds {
    /// The same, as the catalog is asked.
    #[must_use]
    pub fn as_sent(&self) -> Sent<'_> {
        Sent {
            service_id: self.service_id.as_deref(),
            package_id: self.package_id.as_deref(),
            service_code: self.service_code.as_deref(),
            package_code: self.package_code.as_deref(),
        }
    }

    /// Whether it can be told what an operation of this kind is about.
    fn is_enough_for(&self, reg_type: RegType) -> bool {
        let package = self.package_id.is_some() || self.package_code.is_some();
        let service = self.service_id.is_some() || self.service_code.is_some();
        match reg_type {
            RegType::Register => package,
            RegType::Cancel => package || service,
            RegType::Ignored | RegType::Unknown => true,
        }
    }
}

/// A well-formed SDP notice with valid fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// What the carrier calls the operation: `queueID`; without one, regID and what tells one operation of it from
    /// another. With number and `regType` it is the identity, by which a repeat is known.
    pub name: String,
    /// Of which a repeat has the same, or is a conflict.
    pub content: Content,
    /// `queueID` as sent.
    pub queue_id: Option<String>,
    /// `regType` as sent.
    pub reg_type_sent: String,
    /// `channel` as sent.
    pub channel: Option<String>,
    /// When it happened, by the message's own account.
    pub event_at: Option<Timestamp>,
    /// `startTime`, where it can be read.
    pub start_at: Option<Timestamp>,
    /// The times that are not believed.
    pub odd: Odd,
    /// Whether `resultCode` says that the carrier's operation failed.
    pub failed: bool,
    /// What an operator knew whose own word it is; none of a carrier's notice.
    pub own: Option<Own>,
}

/// What an operator knew when they gave their word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Own {
    /// Of a grant: when the newest run of the package ended, as far as was known; none where there was no run.
    pub known_end: Option<Timestamp>,
}

/// The fields in which a repeat may not differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// The subscriber.
    pub msisdn: Msisdn,
    /// What it does.
    pub reg_type: RegType,
    /// Service and package as sent; compared as resolved.
    pub sent: SentIds,
    /// `regID` as sent.
    pub reg_id: Option<String>,
    /// `subcribeTime`, where it can be read.
    pub subscribe_at: Option<Timestamp>,
    /// `expiredTime`, where it can be read.
    pub expire_at: Option<Timestamp>,
    /// `autoRenew` 1 or absent.
    pub auto_renew: bool,
    /// `price` as sent.
    pub price: Option<String>,
}

/// What kind of notice it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegType {
    /// 1, or another one that means it.
    Register,
    /// 2, or another one that means it.
    Cancel,
    /// One that is to be ignored.
    Ignored,
    /// Any other.
    Unknown,
}

/// How a carrier's messages are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reads {
    /// Zone of 14-digit times.
    pub utc_offset: FixedOffset,
    /// What an operator's own values of `regType` mean, beside 1 and 2.
    pub reg_types: BTreeMap<String, RegType>,
}

impl Reads {
    /// As a carrier's guide has it, in a zone.
    #[must_use]
    pub fn in_zone(utc_offset: FixedOffset) -> Self {
        Self { utc_offset, reg_types: BTreeMap::new() }
    }

    /// What a value of `regType` means.
    #[must_use]
    pub fn reg_type(&self, sent: &str) -> RegType {
        match sent {
            "1" => RegType::Register,
            "2" => RegType::Cancel,
            other => self.reg_types.get(other).copied().unwrap_or(RegType::Unknown),
        }
    }
}

/// The longest name of an operation kept as text, bytes; a longer one is kept as its hash.
const NAME_BYTES_MAX: usize = 100;

/// The longest `regType` in an identity, bytes; of a longer one its hash.
const REG_TYPE_BYTES_MAX: usize = 8;

/// What a message says of one operation, as plain values, whatever grammar it came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The subscriber.
    pub msisdn: Msisdn,
    /// What it does.
    pub reg_type: RegType,
    /// `regType` as sent.
    pub reg_type_sent: String,
    /// Service and package as sent.
    pub sent: SentIds,
    /// What the operation is called, by its own kind of name: `q:` and the row of the carrier's queue, `r:` and what
    /// tells one operation of a registration from another.
    pub name: String,
    /// `queueID` as sent.
    pub queue_id: Option<String>,
    /// `regID` as sent.
    pub reg_id: Option<String>,
    /// `channel` as sent.
    pub channel: Option<String>,
    /// `price` as sent.
    pub price: Option<String>,
    /// Whether the carrier renews by itself.
    pub auto_renew: bool,
    /// Whether the carrier's operation failed.
    pub failed: bool,
    /// Its times as read; which of them are believed is found out here.
    pub times: Times,
}

impl Statement {
    /// The notice that it makes, first received at `received_at`; none where it does not say enough.
    #[must_use]
    pub fn notice(self, received_at: Timestamp) -> Option<Notice> {
        if !self.sent.is_enough_for(self.reg_type) {
            return None;
        }
        let times = self.times.doubted(self.reg_type, received_at);
        Some(Notice {
            name: bounded(self.name),
            reg_type_sent: self.reg_type_sent,
            queue_id: self.queue_id,
            channel: self.channel,
            event_at: times.event_at(self.reg_type),
            start_at: times.start_at,
            odd: times.odd,
            failed: self.failed,
            own: None,
            content: Content {
                msisdn: self.msisdn,
                reg_type: self.reg_type,
                sent: self.sent,
                reg_id: self.reg_id,
                subscribe_at: times.subscribe_at,
                expire_at: times.expire_at,
                auto_renew: self.auto_renew,
                price: self.price,
            },
        })
    }
}

fn bounded(name: String) -> String {
    if name.len() > NAME_BYTES_MAX { format!("h:{}", hash(&[name.as_bytes()])) } else { name }
}

/// Whether a `queueID` is one: callers without a queue send `0` or a negative number.
#[must_use]
pub fn names_a_row(queue_id: &str) -> bool {
    let digits = queue_id.strip_prefix('-');
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_negative = digits.is_some_and(is_number);
    let is_zero = is_number(queue_id) && queue_id.bytes().all(|b| b == b'0');
    !is_negative && !is_zero
}

/// The identity of a message that occupies none: the hash of what came.
#[must_use]
pub fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize()[..16].iter().fold(String::with_capacity(32), |text, byte| text + &format!("{byte:02x}"))
}

impl Notice {
    /// The identity as a whole. No name begins as it does, whatever a carrier writes into its fields.
    #[must_use]
    pub fn identity(&self) -> String {
        let kind = &self.reg_type_sent;
        let hashed = (kind.len() > REG_TYPE_BYTES_MAX).then(|| hash(&[kind.as_bytes()]));
        let (number, kind) = (self.content.msisdn.in_full(), hashed.as_deref().unwrap_or(kind));
        format!("n:{number} {} {kind} {}", kind.chars().count(), self.name)
    }

    /// Whether it is the same operation: a notifier that was installed anew, or that uses a row of its queue twice,
    /// gives one name to several.
    #[must_use]
    pub fn is_same_operation(&self, other: &Self) -> bool {
        self.name == other.name
            && self.reg_type_sent == other.reg_type_sent
            && self.content.msisdn == other.content.msisdn
    }

    /// Names one content among others of the same identity: service and package as the catalog resolves them, else as
    /// sent.
    #[must_use]
    pub fn fingerprint(&self, catalog: &Catalog) -> String {
        let content = &self.content;
        let time = |at: Option<Timestamp>| at.map_or(String::new(), |at| at.0.to_string());
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let SentIds { service_id, package_id, service_code, package_code } = &content.sent;
        let [service_id, package_id, service_code, package_code] = match content.target(catalog) {
            Some(target) => [format!("{target:?}"), String::new(), String::new(), String::new()],
            None => [service_id, package_id, service_code, package_code].map(text),
        };
        let parts = [
            self.name.clone(),
            content.msisdn.in_full().to_owned(),
            self.reg_type_sent.clone(),
            service_id,
            package_id,
            service_code,
            package_code,
            text(&content.reg_id),
            time(content.subscribe_at),
            time(content.expire_at),
            content.auto_renew.to_string(),
            text(&content.price),
        ];
        hash(&parts.each_ref().map(|part| part.as_bytes()))
    }

    /// `queueID`, where it names a row of the carrier's queue.
    #[must_use]
    pub fn queue_id(&self) -> Option<&str> {
        self.queue_id.as_deref().filter(|text| names_a_row(text))
    }

    /// `subcribeTime`, where it is believed.
    #[must_use]
    pub fn subscribe_at(&self) -> Option<Timestamp> {
        self.content.subscribe_at.filter(|_| !self.odd.has(TimeField::SubscribeTime))
    }

    /// `expiredTime`, where it is believed.
    #[must_use]
    pub fn expire_at(&self) -> Option<Timestamp> {
        self.content.expire_at.filter(|_| !self.odd.has(TimeField::ExpiredTime))
    }
}

impl Notice {
    /// One that says no more than its content, for those that no message brought.
    #[must_use]
    pub fn of(content: Content) -> Self {
        Self {
            name: String::new(),
            reg_type_sent: if content.reg_type == RegType::Cancel { "2" } else { "1" }.to_owned(),
            queue_id: None,
            channel: None,
            event_at: None,
            start_at: None,
            odd: Odd::default(),
            failed: false,
            own: None,
            content,
        }
    }
}

impl Content {
    /// What is said of a number's package, and nothing besides.
    #[must_use]
    pub fn of(msisdn: Msisdn, reg_type: RegType, sent: SentIds) -> Self {
        Self {
            msisdn,
            reg_type,
            sent,
            reg_id: None,
            subscribe_at: None,
            expire_at: None,
            auto_renew: false,
            price: None,
        }
    }

    /// Whether a repeat says the same: service and package compare as sent, else as the catalog
    /// resolves them, all else to the letter. (`regType` is part of the identity, and its meaning may be set later.)
    #[must_use]
    pub fn says_the_same(&self, other: &Self, catalog: &Catalog) -> bool {
        let plain =
            |content: &Self| Self { sent: SentIds::default(), reg_type: RegType::Unknown, ..content.clone() };
        let same_target = self.sent == other.sent || {
            let target = self.target(catalog);
            target.is_some() && target == other.target(catalog)
        };
        same_target && plain(self) == plain(other)
    }

    /// What the content names, as resolved; `None` where the catalog does not know it.
    fn target(&self, catalog: &Catalog) -> Option<Vec<(String, Option<String>)>> {
        let pair = |service: &str, package: &str| (service.to_owned(), Some(package.to_owned()));
        match self.reg_type {
            RegType::Cancel => match catalog.resolve_cancel(&self.sent.as_sent()) {
                Cancelled::Offers(offers) => {
                    Some(offers.iter().map(|offer| pair(&offer.service_id, &offer.package_id)).collect())
                }
                Cancelled::Services(services) => {
                    Some(services.iter().map(|service| ((*service).to_owned(), None)).collect())
                }
                Cancelled::None => None,
            },
            _ => match catalog.resolve_register(&self.sent.as_sent()) {
                Resolved::One(offer) => Some(vec![pair(&offer.service_id, &offer.package_id)]),
                Resolved::Several | Resolved::None => None,
            },
        }
    }
}
