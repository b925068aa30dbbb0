//! The journal for operators: lists, one notice, and what may be done to it.

use serde::Deserialize;
use serde_json::json;

use super::query::{cursor, limit, word};
use super::{Admin, audit};
use crate::ids::NoticeId;
use crate::json::{self, Problem, Query};
use crate::ledger::journal::Outcome;
use crate::ledger::read::{Filter, Page};
use crate::ledger::{Operate, Operated, Operation, WOULD_BE};
use crate::server::{Request, Response};
use crate::story;
use crate::subscription::judge::Reason;

/// What may be said with an operation; nothing need be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    who: Option<String>,
    why: Option<String>,
}

impl Admin {
    pub(super) async fn notices(&self, query: &Query) -> Result<Response, Problem> {
        let filter = Filter {
            outcome: word(query, "outcome", &Outcome::WORDS)?,
            reason: word(query, "reason", &Reason::ALL.map(Reason::as_str))?,
            would_be: word(query, "would_be", &WOULD_BE)?,
            msisdn: query.get("msisdn").map(json::plain_number).transpose()?,
            queue_id: query.get("queue_id").map(str::to_owned),
        };
        let (limit, cursor) = (limit(query)?, cursor(query)?.map(NoticeId));
        let found = self.ledger.notices(&filter, Page::Before(cursor), limit + 1).await;
        let mut found = found.map_err(|error| Problem::unavailable(&error))?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|last| last.id.to_string());
        let notices: Vec<_> = found.into_iter().map(story::notice).collect();
        Ok(json::ok(&json!({"notices": notices, "next": next})))
    }

    pub(super) async fn notice(&self, id: NoticeId) -> Result<Response, Problem> {
        let found = self.ledger.notice(id).await.map_err(|error| Problem::unavailable(&error))?;
        let found = found.ok_or_else(|| Problem::not_found("there is no such notice"))?;
        Ok(json::ok(&story::notice(found)))
    }

    pub(super) async fn operate(
        &self,
        operation: Operation,
        id: NoticeId,
        request: &mut Request,
    ) -> Result<Response, Problem> {
        let Said { who, why } = json::body(request).await?;
        let by = audit::by(request, who.as_deref(), why.as_deref())?;
        let operated = self.ledger.write(Operate { operation, id, by, now: self.clock.now() }).await;
        match operated.map_err(|error| Problem::unavailable(&error))? {
            Operated::Changed => self.notice(id).await,
            Operated::Unchanged(why) => Err(Problem::conflict(format!("nothing changed: {why}"))),
            Operated::Unknown => Err(Problem::not_found("there is no such notice")),
        }
    }
}
