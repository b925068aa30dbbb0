//! One row of the journal: its fields, and the columns they are kept in. Both engines write and read them through
//! [`Row::write`] and [`Row::read`]: a field more is a field more here, and a step of the schema.

use super::{FindTerms, Kind, Outcome, change};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::{StoreError, own};
use crate::subscription::decide::Event;
use crate::subscription::judge::{self, Reason};
use crate::subscription::notice::{Content, Glimpse, Notice, RegType, SentIds};
use crate::subscription::odd::Odd;

/// The columns, in the order of the table.
pub(in crate::ledger) const COLUMNS: &str = "id, received_at, caller, kind, outcome, reason, answer, count, identity, \
    msisdn, queue_id, reg_type, reg_id, service_id, package_id, service_code, package_code, channel, price, event_at, \
    subscribe_at, expire_at, auto_renew, failed, scope, start_at, odd";

/// Those that stay as they were first written: receipts are counted by themselves.
const FIRST: [&str; 5] = ["id", "received_at", "caller", "answer", "count"];

/// How each column that changes with its row is set, from what `value` says of it (its place counts from 1).
pub(in crate::ledger) fn assignments(value: impl Fn(usize, &str) -> String) -> String {
    let places = COLUMNS.split(", ").zip(1..).filter(|(name, _)| !FIRST.contains(name));
    let set: Vec<String> = places.map(|(name, place)| format!("{name} = {}", value(place, name))).collect();
    set.join(", ")
}

/// Takes a row's cells, one after the other.
pub(in crate::ledger) trait Sink {
    /// The engine's.
    type Error;

    fn int(&mut self, value: Option<i64>) -> Result<(), Self::Error>;

    fn text(&mut self, value: Option<&str>) -> Result<(), Self::Error>;
}

/// Gives a row's cells, one after the other.
pub(in crate::ledger) trait Source {
    fn int_or_none(&mut self) -> Result<Option<i64>, StoreError>;

    fn text_or_none(&mut self) -> Result<Option<String>, StoreError>;

    fn int(&mut self) -> Result<i64, StoreError> {
        self.int_or_none()?.ok_or_else(|| StoreError::broken("a notice lacks a number"))
    }

    fn text(&mut self) -> Result<String, StoreError> {
        self.text_or_none()?.ok_or_else(|| StoreError::broken("a notice lacks a word"))
    }

    fn time_or_none(&mut self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.int_or_none()?.map(Timestamp))
    }
}

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

impl Row {
    /// Writes the cells, in the order of [`COLUMNS`].
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::ledger) fn write<S: Sink>(&self, to: &mut S) -> Result<(), S::Error> {
        let time = |at: Option<Timestamp>| at.map(|at| at.0);
        to.int(Some(self.id.0).filter(|id| *id != 0))?;
        to.int(Some(self.received_at.0))?;
        to.text(Some(&self.caller))?;
        to.text(Some(self.kind.as_str()))?;
        to.text(Some(self.outcome.as_str()))?;
        to.text(self.outcome.reason().map(Reason::as_str))?;
        to.int(Some(self.answer))?;
        to.int(Some(self.count))?;
        to.text(Some(&self.identity))?;
        to.text(self.msisdn.as_ref().map(Msisdn::in_full))?;
        to.text(self.queue_id.as_deref())?;
        to.text(self.reg_type.as_deref())?;
        to.text(self.reg_id.as_deref())?;
        to.text(self.sent.service_id.as_deref())?;
        to.text(self.sent.package_id.as_deref())?;
        to.text(self.sent.service_code.as_deref())?;
        to.text(self.sent.package_code.as_deref())?;
        to.text(self.channel.as_deref())?;
        to.text(self.price.as_deref())?;
        to.int(time(self.event_at))?;
        to.int(time(self.subscribe_at))?;
        to.int(time(self.expire_at))?;
        to.int(Some(self.auto_renew.into()))?;
        to.int(Some(self.failed.into()))?;
        to.text(self.scope.as_deref())?;
        to.int(time(self.start_at))?;
        to.text(self.odd.spelled().as_deref())
    }

    /// Reads the cells, in the order of [`COLUMNS`].
    ///
    /// # Errors
    /// The engine's, and where a cell holds what no gateway wrote.
    pub(in crate::ledger) fn read(from: &mut impl Source) -> Result<Self, StoreError> {
        let (id, received_at, caller) = (from.int()?, from.int()?, from.text()?);
        let (kind, outcome, reason) = (from.text()?, from.text()?, from.text_or_none()?);
        Ok(Self {
            id: NoticeId(id),
            received_at: Timestamp(received_at),
            caller,
            kind: Kind::parse(&kind),
            outcome: Outcome::parse(&outcome, reason.as_deref())
                .ok_or_else(|| StoreError::broken(format!("a notice has the outcome {outcome:?}")))?,
            answer: from.int()?,
            count: from.int()?,
            identity: from.text()?,
            msisdn: from.text_or_none()?.map(Msisdn::from_canonical),
            queue_id: from.text_or_none()?,
            reg_type: from.text_or_none()?,
            reg_id: from.text_or_none()?,
            sent: SentIds {
                service_id: from.text_or_none()?,
                package_id: from.text_or_none()?,
                service_code: from.text_or_none()?,
                package_code: from.text_or_none()?,
            },
            channel: from.text_or_none()?,
            price: from.text_or_none()?,
            event_at: from.time_or_none()?,
            subscribe_at: from.time_or_none()?,
            expire_at: from.time_or_none()?,
            auto_renew: from.int()? != 0,
            failed: from.int()? != 0,
            scope: from.text_or_none()?,
            start_at: from.time_or_none()?,
            odd: Odd::parse(from.text_or_none()?.as_deref()),
        })
    }

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
