//! The table of what operators put right.

use super::{Cell, Cells, Record, Table, Type};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::StoreError;

/// What an operator did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Had a notice judged again.
    Retry,
    /// Laid one aside.
    Discard,
    /// Ended what a number held.
    End,
    /// Granted a number an offer.
    Grant,
    /// Marked an order, or a kept payment, as paid back.
    Refund,
}

impl Action {
    const ALL: [Self; 5] = [Self::Retry, Self::Discard, Self::End, Self::Grant, Self::Refund];

    /// The word the outside and the ledger see.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Discard => "discard",
            Self::End => "end",
            Self::Grant => "grant",
            Self::Refund => "refund",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.word() == word)
    }
}

/// One repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audit {
    /// Its row, rising in the order in which they were done.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who: `command:LOGIN`, `admin:ADDRESS` or `admin:NAME`.
    pub who: String,
    /// Why, where they said so.
    pub why: Option<String>,
    /// What was done.
    pub action: Action,
    /// Whose, where a number is known.
    pub msisdn: Option<Msisdn>,
    /// The notice that it was done to, or that it made.
    pub notice: Option<NoticeId>,
    /// The order or payment that it was done to: `order ID`, `payment PAY_TYPE/TRANSACTION`.
    pub about: Option<String>,
    /// The notice's outcome and what its number held before, or what the order or payment was, in words.
    pub before: String,
    /// The same after it.
    pub after: String,
}

impl Record for Audit {
    const TABLE: &'static Table = &Table {
        name: "audit",
        columns: &[
            ("id", Type::Int),
            ("at", Type::Int),
            ("who", Type::Text),
            ("why", Type::Text),
            ("action", Type::Text),
            ("msisdn", Type::Text),
            ("notice_id", Type::Int),
            ("before", Type::Text),
            ("after", Type::Text),
            ("about", Type::Text),
        ],
    };

    fn write(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            self.at.into(),
            (&self.who).into(),
            self.why.as_ref().into(),
            self.action.word().into(),
            self.msisdn.as_ref().map(Msisdn::in_full).into(),
            self.notice.map(|notice| notice.0).into(),
            (&self.before).into(),
            (&self.after).into(),
            self.about.as_ref().into(),
        ]
    }

    fn read(row: &mut Cells) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.int()?,
            at: row.time()?,
            who: row.text()?,
            why: row.text_or_none()?,
            action: row.word(Action::from_word)?,
            msisdn: row.text_or_none()?.map(Msisdn::from_canonical),
            notice: row.int_or_none()?.map(NoticeId),
            before: row.text()?,
            after: row.text()?,
            about: row.text_or_none()?,
        })
    }
}
