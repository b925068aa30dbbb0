//! What becomes of a notice: does it reach the fold, or is it parked, and why.

use std::sync::Arc;

use super::cycle;
use super::decide::{Change, Event, Scope, content_hash};
use super::notice::{Notice, RegType};
use super::odd::{Odd, TimeField};
use super::order::Place;
use super::terms::{Terms, TermsBook};
use crate::catalog::{Cancelled, Catalog, Offer, Resolved};
use crate::clock::{DAY_MS, Timestamp};

/// What is done with notices whose `resultCode` is not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// Parked for an operator.
    Hold,
    /// Treated like any other.
    Apply,
    /// Kept, without effect.
    Ignore,
}

/// What the operator's settings say about notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `carrier.failed_result`.
    pub failed: Failed,
    /// `carrier.record_only`.
    pub record_only: bool,
    /// `carrier.queue_disorder_max_s`, in milliseconds.
    pub queue_disorder_ms: i64,
    /// `carrier.expiry_periods_max`.
    pub expiry_periods_max: u32,
    /// `carrier.clock_skew_s`.
    pub clock_skew_s: u32,
}

impl Default for Policy {
    /// As the settings are where nothing is set.
    fn default() -> Self {
        Self {
            failed: Failed::Hold,
            record_only: false,
            queue_disorder_ms: DAY_MS,
            expiry_periods_max: 12,
            clock_skew_s: 300,
        }
    }
}

impl Policy {
    /// The policy of an operator who says of one notice: apply it whatever the settings.
    #[must_use]
    pub fn applying(self) -> Self {
        Self { failed: Failed::Apply, record_only: false, ..self }
    }
}

/// What becomes of a notice.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    /// It stands in the fold.
    Stands(Change),
    /// Kept without effect, by setting.
    Ignored,
    /// Kept for an operator to look at.
    Parked(Reason),
}

/// Why a message is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Not XML, wrong root, bad fields.
    Unreadable,
    /// Another module's or type's message.
    WrongMessage,
    /// Same identity, other content.
    Conflict,
    /// Neither 1 nor 2.
    UnknownRegType,
    /// `carrier.record_only`.
    RecordOnly,
    /// `resultCode` other than 0.
    Held,
    /// The catalog has no such offer.
    Unmapped,
    /// The catalog has several.
    Ambiguous,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::Unreadable,
        Self::WrongMessage,
        Self::Conflict,
        Self::UnknownRegType,
        Self::RecordOnly,
        Self::Held,
        Self::Unmapped,
        Self::Ambiguous,
    ];

    /// The word the outside and the ledger see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::WrongMessage => "wrong_message",
            Self::Conflict => "conflict",
            Self::UnknownRegType => "unknown_reg_type",
            Self::RecordOnly => "record_only",
            Self::Held => "held",
            Self::Unmapped => "unmapped",
            Self::Ambiguous => "ambiguous",
        }
    }

    /// The reason with this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// An `expiredTime` this long after its start is believed, however short the offer's period.
const EXPIRY_BELIEVED_MS: i64 = 40 * DAY_MS;

/// Judges a notice whose identity is new (or is judged again). The order of the questions is the
/// contract's. `received_at` is its first receipt.
#[must_use]
pub fn judge(
    notice: &Notice,
    catalog: &Catalog,
    book: &TermsBook,
    policy: Policy,
    received_at: Timestamp,
) -> Judgement {
    match notice.content.reg_type {
        RegType::Unknown => return Judgement::Parked(Reason::UnknownRegType),
        RegType::Ignored => return Judgement::Ignored,
        RegType::Register | RegType::Cancel => {}
    }
    if policy.record_only {
        return Judgement::Parked(Reason::RecordOnly);
    }
    match (notice.failed, policy.failed) {
        (true, Failed::Hold) => return Judgement::Parked(Reason::Held),
        (true, Failed::Ignore) => return Judgement::Ignored,
        _ => {}
    }
    let start = notice.event_at.unwrap_or(received_at);
    match resolve(notice, catalog, book) {
        Ok(Change::Register { terms, expires_at: Some(expires_at), auto_renew })
            if is_too_late(expires_at, start, &terms, policy) =>
        {
            Judgement::Stands(Change::Register { terms, expires_at: None, auto_renew })
        }
        Ok(change) => Judgement::Stands(change),
        Err(reason) => Judgement::Parked(reason),
    }
}

fn resolve(notice: &Notice, catalog: &Catalog, book: &TermsBook) -> Result<Change, Reason> {
    let content = &notice.content;
    let sent = content.sent.as_sent();
    let terms = |offer: &Offer| book.current(offer).cloned().ok_or(Reason::Unmapped);
    if content.reg_type == RegType::Cancel {
        return Ok(Change::Cancel(match catalog.resolve_cancel(&sent) {
            Cancelled::Offers(offers) => {
                Scope::Packages(offers.into_iter().map(terms).collect::<Result<Vec<Arc<Terms>>, _>>()?)
            }
            Cancelled::Services(services) => {
                Scope::Services(services.into_iter().map(str::to_owned).collect())
            }
            Cancelled::None => return Err(Reason::Unmapped),
        }));
    }
    match catalog.resolve_register(&sent) {
        Resolved::One(offer) => Ok(Change::Register {
            terms: terms(offer)?,
            expires_at: notice.expire_at(),
            auto_renew: content.auto_renew,
        }),
        Resolved::Several => Err(Reason::Ambiguous),
        Resolved::None => Err(Reason::Unmapped),
    }
}

/// Whether an end is further from its start than a carrier sells.
fn is_too_late(expires_at: Timestamp, start: Timestamp, terms: &Terms, policy: Policy) -> bool {
    let far = cycle::later(terms.period, start, policy.expiry_periods_max, terms.utc_offset_s);
    expires_at > far.max(start.plus_ms(EXPIRY_BELIEVED_MS))
}

/// What of a register's times is not believed, by the offer that it stands for.
#[must_use]
pub fn odd_of(notice: &Notice, terms: &Terms, policy: Policy, received_at: Timestamp) -> Odd {
    let start = notice.event_at.unwrap_or(received_at);
    let is_register = notice.content.reg_type == RegType::Register;
    let too_late = |expires_at| is_too_late(expires_at, start, terms, policy);
    let mut odd = notice.odd;
    odd.mark_if(is_register && notice.expire_at().is_some_and(too_late), TimeField::ExpiredTime);
    odd
}

/// What of a notice's times is not believed, once it was judged: of an end, only its offer tells.
#[must_use]
pub fn odd(notice: &Notice, judgement: &Judgement) -> Odd {
    let mut odd = notice.odd;
    if let Judgement::Stands(Change::Register { expires_at, .. }) = judgement {
        odd.mark_if(expires_at.is_none() && notice.content.expire_at.is_some(), TimeField::ExpiredTime);
    }
    odd
}

/// The notice as the fold sees it. `received_at` is its first receipt.
#[must_use]
pub fn event(notice: &Notice, change: Change, received_at: Timestamp) -> Event {
    let content = &notice.content;
    // The operation's name too: what another said is another notice, however alike; and an operator's own regType.
    let own = !matches!(notice.reg_type_sent.as_str(), "1" | "2");
    let named = own.then(|| format!("{} {}", notice.name, notice.reg_type_sent));
    let name = named.as_deref().unwrap_or(&notice.name);
    let fields = [Some(name), content.reg_id.as_deref(), content.price.as_deref()];
    Event {
        place: Place {
            queue: notice.queue_id().and_then(queue_value),
            at: notice.event_at,
            start_at: notice.start_at,
            received_at,
            is_cancel: matches!(change, Change::Cancel(_)),
            tie: content_hash(&change, content.expire_at, fields),
        },
        subscribe_at: notice.subscribe_at(),
        reg_id: content.reg_id.clone(),
        channel: notice.channel.clone(),
        own: notice.own,
        change,
    }
}

/// The value of an integer queueID of up to 30 digits.
fn queue_value(text: &str) -> Option<u128> {
    let digits = (1..=30).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
