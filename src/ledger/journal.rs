//! The journal's narrow rows: one per notice, kept for ever. How a row becomes a [`Notice`] again,
//! and an [`Event`] of the fold.

use std::sync::Arc;

use super::{StoreError, own};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::subscription::decide::{Change, Event, Scope};
use crate::subscription::judge::{self, Reason};
use crate::subscription::notice::{Content, Glimpse, Notice, RegType, SentIds};
use crate::subscription::odd::Odd;
use crate::subscription::terms::Terms;

/// How terms are found by their number.
pub type FindTerms<'a> = &'a dyn Fn(i64) -> Result<Arc<Terms>, StoreError>;

/// What became of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Changed the subscription.
    Applied,
    /// Said nothing new.
    NoChange,
    /// Older than what was known.
    Superseded,
    /// Without effect, by setting.
    Ignored,
    /// Without effect, by an operator.
    Discarded,
    /// Waits for an operator.
    Parked(Reason),
}

impl Outcome {
    /// Every outcome's word.
    pub const WORDS: [&str; 6] = ["applied", "no_change", "superseded", "ignored", "discarded", "parked"];

    /// The word the outside and the ledger see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::NoChange => "no_change",
            Self::Superseded => "superseded",
            Self::Ignored => "ignored",
            Self::Discarded => "discarded",
            Self::Parked(_) => "parked",
        }
    }

    /// The reason of a parked one.
    #[must_use]
    pub fn reason(self) -> Option<Reason> {
        match self {
            Self::Parked(reason) => Some(reason),
            _ => None,
        }
    }

    /// Reads the two words back.
    #[must_use]
    pub fn parse(outcome: &str, reason: Option<&str>) -> Option<Self> {
        Some(match outcome {
            "applied" => Self::Applied,
            "no_change" => Self::NoChange,
            "superseded" => Self::Superseded,
            "ignored" => Self::Ignored,
            "discarded" => Self::Discarded,
            "parked" => Self::Parked(Reason::parse(reason?)?),
            _ => return None,
        })
    }
}

/// The columns of a row, in the order in which the engines read it.
pub(super) const COLUMNS: &str = "id, received_at, caller, outcome, reason, answer, count, identity, msisdn, queue_id, \
    reg_type, reg_id, service_id, package_id, service_code, package_code, channel, price, event_at, \
    subscribe_at, expire_at, auto_renew, failed, scope, kind, start_at, odd";

/// One row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// 0 until it is inserted.
    pub id: NoticeId,
    /// First receipt.
    pub received_at: Timestamp,
    /// Which caller brought it first.
    pub caller: String,
    /// What became of it.
    pub outcome: Outcome,
    /// The `error_id` answered.
    pub answer: i64,
    /// Receipts.
    pub count: i64,
    /// What the carrier calls the operation; of other messages the hash they are unique by.
    pub identity: String,
    /// Canonical number, where one could be read.
    pub msisdn: Option<Msisdn>,
    /// `queueID` as sent.
    pub queue_id: Option<String>,
    /// `regType` as sent.
    pub reg_type: Option<String>,
    /// `regID` as sent.
    pub reg_id: Option<String>,
    /// Service and package as sent.
    pub sent: SentIds,
    /// `channel` as sent.
    pub channel: Option<String>,
    /// `price` as sent.
    pub price: Option<String>,
    /// When it happened, by the message's own account.
    pub event_at: Option<Timestamp>,
    /// `subcribeTime` as read.
    pub subscribe_at: Option<Timestamp>,
    /// `expiredTime` as read.
    pub expire_at: Option<Timestamp>,
    /// `autoRenew` 1 or absent.
    pub auto_renew: bool,
    /// `resultCode` other than 0.
    pub failed: bool,
    /// What it says in the fold, where it stands in it.
    pub scope: Option<String>,
    /// What it does.
    pub kind: Kind,
    /// `startTime` as read.
    pub start_at: Option<Timestamp>,
    /// Its times that are not believed.
    pub odd: Odd,
}

/// What a row's message does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Registers.
    Register,
    /// Cancels.
    Cancel,
    /// None of these, as far as is known.
    Other,
}

impl Kind {
    /// The word the outside and the ledger see.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Cancel => "cancel",
            Self::Other => "other",
        }
    }

    /// Reads it back; what is none of the words is `Other`.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        match word {
            "register" => Self::Register,
            "cancel" => Self::Cancel,
            _ => Self::Other,
        }
    }
}

impl Row {
    /// The row of a message that is no notice.
    #[must_use]
    pub fn of_glimpse(glimpse: &Glimpse, reason: Reason) -> Self {
        Self {
            id: NoticeId(0),
            received_at: Timestamp(0),
            caller: String::new(),
            outcome: Outcome::Parked(reason),
            answer: 0,
            count: 1,
            identity: String::new(),
            msisdn: glimpse.msisdn.clone(),
            queue_id: glimpse.queue_id.clone(),
            reg_type: glimpse.reg_type.clone(),
            reg_id: None,
            sent: glimpse.sent.clone(),
            channel: None,
            price: None,
            event_at: None,
            subscribe_at: None,
            expire_at: None,
            auto_renew: false,
            failed: false,
            scope: None,
            kind: match glimpse.reg_type.as_deref() {
                Some("1") => Kind::Register,
                Some("2") => Kind::Cancel,
                _ => Kind::Other,
            },
            start_at: None,
            odd: Odd::default(),
        }
    }

    /// The row of a notice.
    #[must_use]
    pub fn of_notice(notice: &Notice, outcome: Outcome) -> Self {
        let mut row = Self::of_glimpse(&Glimpse::default(), Reason::Unreadable);
        row.outcome = outcome;
        row.take(notice);
        row
    }

    /// Takes a notice's fields, as read now.
    pub fn take(&mut self, notice: &Notice) {
        let content = &notice.content;
        self.identity.clone_from(&notice.name);
        self.msisdn = Some(content.msisdn.clone());
        self.queue_id.clone_from(&notice.queue_id);
        self.reg_type = Some(notice.reg_type_sent.clone());
        self.kind = match content.reg_type {
            RegType::Register => Kind::Register,
            RegType::Cancel => Kind::Cancel,
            RegType::Ignored | RegType::Unknown => Kind::Other,
        };
        self.reg_id.clone_from(&content.reg_id);
        self.sent = content.sent.clone();
        self.channel.clone_from(&notice.channel);
        self.price.clone_from(&content.price);
        self.event_at = notice.event_at;
        self.subscribe_at = content.subscribe_at;
        self.expire_at = content.expire_at;
        self.auto_renew = content.auto_renew;
        self.failed = notice.failed;
        self.start_at = notice.start_at;
        self.odd = notice.odd;
    }

    /// The notice again; `None` for a message that is none.
    #[must_use]
    pub fn notice(&self) -> Option<Notice> {
        if matches!(self.outcome, Outcome::Parked(Reason::Unreadable | Reason::WrongMessage)) {
            return None;
        }
        let reg_type = match self.kind {
            Kind::Register => RegType::Register,
            Kind::Cancel => RegType::Cancel,
            Kind::Other => RegType::Unknown,
        };
        Some(Notice {
            name: self.identity.clone(),
            queue_id: self.queue_id.clone(),
            reg_type_sent: self.reg_type.clone()?,
            channel: self.channel.clone(),
            event_at: self.event_at,
            start_at: self.start_at,
            odd: self.odd,
            failed: self.failed,
            own: own::own(&self.identity),
            content: Content {
                msisdn: self.msisdn.clone()?,
                reg_type,
                sent: self.sent.clone(),
                reg_id: self.reg_id.clone(),
                subscribe_at: self.subscribe_at,
                expire_at: self.expire_at,
                auto_renew: self.auto_renew,
                price: self.price.clone(),
            },
        })
    }

    /// Whether it is an operator's own, and no message.
    #[must_use]
    pub fn is_operators(&self) -> bool {
        own::own(&self.identity).is_some()
    }

    /// The row as the fold sees it; `None` where it does not stand in the fold.
    ///
    /// # Errors
    /// What `terms` gives for a number that the ledger does not have, or a scope no gateway wrote.
    pub fn event(&self, terms: FindTerms<'_>) -> Result<Option<Event>, StoreError> {
        let (Some(scope), Some(notice)) = (&self.scope, self.notice()) else { return Ok(None) };
        let change = change(scope, &notice, terms)?
            .ok_or_else(|| StoreError::broken(format!("notice {} has the scope {scope:?}", self.id)))?;
        Ok(Some(judge::event(&notice, change, self.received_at)))
    }
}

/// How the journal spells what a notice says in the fold.
#[must_use]
pub fn scope(change: &Change) -> String {
    let ids = |terms: &[Arc<Terms>]| {
        let ids: Vec<String> = terms.iter().map(|terms| terms.id.to_string()).collect();
        format!("t{}", ids.join(","))
    };
    match change {
        Change::Register { terms, .. } => ids(std::slice::from_ref(terms)),
        Change::Cancel(Scope::Packages(packages)) => ids(packages),
        Change::Cancel(Scope::Services(services)) => format!("s{}", serde_json::json!(services)),
    }
}

fn change(scope: &str, notice: &Notice, terms: FindTerms<'_>) -> Result<Option<Change>, StoreError> {
    if let Some(services) = scope.strip_prefix('s') {
        let services = serde_json::from_str(services).ok();
        return Ok(services.map(|services| Change::Cancel(Scope::Services(services))));
    }
    let ids =
        scope.strip_prefix('t').map(|ids| ids.split(',').map(str::parse).collect::<Result<Vec<i64>, _>>());
    let Some(Ok(ids)) = ids else { return Ok(None) };
    let mut packages = ids.into_iter().map(terms).collect::<Result<Vec<_>, _>>()?;
    Ok(match notice.content.reg_type {
        RegType::Cancel => Some(Change::Cancel(Scope::Packages(packages))),
        _ => packages.pop().map(|terms| Change::Register {
            terms,
            expires_at: notice.expire_at(),
            auto_renew: notice.content.auto_renew,
        }),
    })
}
