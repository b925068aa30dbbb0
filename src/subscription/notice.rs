//! A carrier's notice as the rules see it: fields checked once, spelled as they were sent.
//!
//! [`read`] tells what a message is; a [`Notice`] has an identity, by which a repeat is known, and a
//! content, by which a repeat is told from a conflict (contract section 2, "Notify").

use chrono::FixedOffset;
use sha2::{Digest, Sha256};

use crate::catalog::{Cancelled, Catalog, Resolved, Sent};
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::wire::accessgw::{AccessGw, Notify};

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
}

/// A well-formed SDP notice with valid fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// By which a repeat is known.
    pub identity: String,
    /// Of which a repeat has the same, or is a conflict.
    pub content: Content,
    /// `queueID` as sent.
    pub queue_id: Option<String>,
    /// `channel` as sent.
    pub channel: Option<String>,
    /// When it happened, by the message's own account.
    pub event_at: Option<Timestamp>,
    /// Whether `resultCode` says that the carrier's operation failed.
    pub failed: bool,
}

/// The fields in which a repeat may not differ.
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    /// The subscriber.
    pub msisdn: Msisdn,
    /// 1 or 2, or another one that is parked.
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RegType {
    /// 1.
    Register,
    /// 2.
    Cancel,
    /// Anything else, as sent.
    Other(String),
}

impl RegType {
    fn parse(text: &str) -> Self {
        match text {
            "1" => Self::Register,
            "2" => Self::Cancel,
            other => Self::Other(other.to_owned()),
        }
    }

    /// As the carrier spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Register => "1",
            Self::Cancel => "2",
            Self::Other(text) => text,
        }
    }
}

/// The longest identity kept as text, bytes; a longer one is kept as its hash.
const IDENTITY_BYTES_MAX: usize = 100;

/// Tells what a message under an ACCESSGW root is. `offset` is the zone of 14-digit times.
#[must_use]
pub fn read(message: &AccessGw, offset: FixedOffset) -> Reading {
    let fields = &message.fields;
    let is = |sent: &Option<String>, name: &str| sent.as_deref() == Some(name);
    if message.twice.is_some() {
        return Reading::Unreadable(glimpse(fields));
    }
    if !is(&message.module, "SDP") || !is(&message.message_type, "NOTIFY") {
        return Reading::WrongMessage(glimpse(fields));
    }
    match notice(fields, offset) {
        Some(notice) => Reading::Notice(Box::new(notice)),
        None => Reading::Unreadable(glimpse(fields)),
    }
}

fn glimpse(fields: &Notify) -> Glimpse {
    Glimpse {
        msisdn: fields.msisdn.as_deref().and_then(|text| Msisdn::parse(text).ok()),
        reg_type: fields.reg_type.clone(),
        queue_id: fields.queue_id.clone(),
        sent: sent(fields),
    }
}

fn sent(fields: &Notify) -> SentIds {
    SentIds {
        service_id: fields.service_id.clone(),
        package_id: fields.package_id.clone(),
        service_code: fields.service_code.clone(),
        package_code: fields.package_code.clone(),
    }
}

fn notice(fields: &Notify, offset: FixedOffset) -> Option<Notice> {
    let time = |text: &Option<String>| text.as_deref().and_then(|text| Timestamp::from_carrier(text, offset));
    let reg_type = RegType::parse(fields.reg_type.as_deref()?);
    let sent = sent(fields);
    let package = sent.package_id.is_some() || sent.package_code.is_some();
    let service = sent.service_id.is_some() || sent.service_code.is_some();
    let enough = match reg_type {
        RegType::Register => package,
        RegType::Cancel => package || service,
        RegType::Other(_) => true,
    };
    if !enough {
        return None;
    }
    let subscribe_at = time(&fields.subscribe_time);
    let happened = if reg_type == RegType::Cancel { time(&fields.update_time) } else { subscribe_at };
    Some(Notice {
        identity: identity(fields, &reg_type)?,
        queue_id: fields.queue_id.clone(),
        channel: fields.channel.clone(),
        event_at: happened.or_else(|| start_time(fields, offset)),
        failed: fields.result_code.as_deref().is_some_and(|code| code.bytes().any(|digit| digit != b'0')),
        content: Content {
            msisdn: Msisdn::parse(fields.msisdn.as_deref()?).ok()?,
            reg_type,
            sent,
            reg_id: fields.reg_id.clone(),
            subscribe_at,
            expire_at: time(&fields.expired_time),
            auto_renew: fields.auto_renew.as_deref().is_none_or(|text| text == "1"),
            price: fields.price.clone(),
        },
    })
}

/// `startTime`, the one field that is also read as epoch milliseconds.
fn start_time(fields: &Notify, offset: FixedOffset) -> Option<Timestamp> {
    fields.start_time.as_deref().and_then(|text| Timestamp::from_carrier_or_epoch(text, offset))
}

/// `queueID` as sent; without one, regID and what tells one operation of it from another.
fn identity(fields: &Notify, reg_type: &RegType) -> Option<String> {
    let key = match (&fields.queue_id, &fields.reg_id) {
        (Some(queue_id), _) => format!("q:{queue_id}"),
        (None, Some(reg_id)) => {
            let moment = match reg_type {
                RegType::Cancel => fields.update_time.as_deref().or(fields.start_time.as_deref()),
                _ => None,
            };
            let parts =
                [Some(reg_id.as_str()), Some(reg_type.as_str()), fields.subscribe_time.as_deref(), moment];
            let parts: Vec<String> = parts.iter().map(|p| p.unwrap_or_default().replace('|', "||")).collect();
            format!("r:{}", parts.join(" | "))
        }
        (None, None) => return None,
    };
    Some(if key.len() > IDENTITY_BYTES_MAX { format!("h:{}", hash(&[key.as_bytes()])) } else { key })
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

impl Content {
    /// Whether a repeat says the same: service and package compare as sent, else as the catalog
    /// resolves them, all else to the letter.
    #[must_use]
    pub fn says_the_same(&self, other: &Self, catalog: &Catalog) -> bool {
        let plain = |content: &Self| Self { sent: SentIds::default(), ..content.clone() };
        let same_target = self.sent == other.sent || {
            let target = self.target(catalog);
            target.is_some() && target == other.target(catalog)
        };
        same_target && plain(self) == plain(other)
    }

    /// What the content names, as resolved; `None` where the catalog does not know it.
    fn target(&self, catalog: &Catalog) -> Option<Vec<(String, Option<String>)>> {
        let pair = |service: &str, package: &str| (service.to_owned(), Some(package.to_owned()));
        match &self.reg_type {
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

    /// Names one content among others of the same identity.
    #[must_use]
    pub fn fingerprint(&self, identity: &str) -> String {
        let time = |at: Option<Timestamp>| at.map_or(String::new(), |at| at.0.to_string());
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let parts = [
            identity.to_owned(),
            self.msisdn.in_full().to_owned(),
            self.reg_type.as_str().to_owned(),
            text(&self.sent.service_id),
            text(&self.sent.package_id),
            text(&self.sent.service_code),
            text(&self.sent.package_code),
            text(&self.reg_id),
            time(self.subscribe_at),
            time(self.expire_at),
            self.auto_renew.to_string(),
            text(&self.price),
        ];
        hash(&parts.each_ref().map(|part| part.as_bytes()))
    }
}
