//! What operators put right, as operators see it.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::ledger::Audit;

/// A repair.
#[derive(Debug, Serialize)]
pub struct AuditJson {
    /// Its row.
    pub id: i64,
    at: String,
    who: String,
    why: Option<String>,
    action: &'static str,
    msisdn: Option<String>,
    notice: Option<i64>,
    about: Option<String>,
    before: String,
    after: String,
}

/// A repair as it was written down.
#[must_use]
pub fn audit(audit: Audit) -> AuditJson {
    AuditJson {
        id: audit.id,
        at: Timestamp::rfc3339(audit.at),
        who: audit.who,
        why: audit.why,
        action: audit.action.word(),
        msisdn: audit.msisdn.map(|number| number.in_full().to_owned()),
        notice: audit.notice.map(|notice| notice.0),
        about: audit.about,
        before: audit.before,
        after: audit.after,
    }
}
