//! What becomes of a notice: does it reach the fold, or is it parked, and why.

use std::sync::Arc;

use super::decide::{Change, Event, Scope, content_hash};
use super::notice::{Notice, RegType};
use super::order::Place;
use super::terms::{Terms, TermsBook};
use crate::catalog::{Cancelled, Catalog, Offer, Resolved};
use crate::clock::Timestamp;

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
}

impl Policy {
    /// The policy of an operator who says of one notice: apply it whatever the settings.
    pub const APPLY: Self = Self { failed: Failed::Apply, record_only: false };
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

/// Judges a notice whose identity is new (or is judged again). The order of the questions is the
/// contract's.
#[must_use]
pub fn judge(notice: &Notice, catalog: &Catalog, book: &TermsBook, policy: Policy) -> Judgement {
    if let RegType::Other(_) = notice.content.reg_type {
        return Judgement::Parked(Reason::UnknownRegType);
    }
    if policy.record_only {
        return Judgement::Parked(Reason::RecordOnly);
    }
    match (notice.failed, policy.failed) {
        (true, Failed::Hold) => return Judgement::Parked(Reason::Held),
        (true, Failed::Ignore) => return Judgement::Ignored,
        _ => {}
    }
    match resolve(notice, catalog, book) {
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
            expires_at: content.expire_at,
            auto_renew: content.auto_renew,
        }),
        Resolved::Several => Err(Reason::Ambiguous),
        Resolved::None => Err(Reason::Unmapped),
    }
}

/// The notice as the fold sees it. `received_at` is its first receipt.
#[must_use]
pub fn event(notice: &Notice, change: Change, received_at: Timestamp) -> Event {
    let content = &notice.content;
    // The identity too: what another identity said is another notice, however alike.
    let fields = [Some(notice.identity.as_str()), content.reg_id.as_deref(), content.price.as_deref()];
    Event {
        place: Place {
            queue: notice.queue_id.as_deref().and_then(queue_value),
            at: notice.event_at,
            received_at,
            tie: content_hash(&change, fields),
        },
        reg_id: content.reg_id.clone(),
        channel: notice.channel.clone(),
        change,
    }
}

/// The value of an integer queueID of up to 30 digits.
fn queue_value(text: &str) -> Option<u128> {
    let digits = (1..=30).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}
