//! The journal's narrow rows: one per notice, kept for ever. What one is, and how it becomes a notice again and an
//! event of the fold, is [`row`]'s; here are its words.

mod row;

use std::sync::Arc;

use super::StoreError;
use crate::subscription::decide::{Change, Scope};
use crate::subscription::judge::Reason;
use crate::subscription::notice::{Notice, RegType};
use crate::subscription::terms::Terms;

pub use row::Row;
pub(super) use row::{COLUMNS, Sink, Source, assignments};

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
