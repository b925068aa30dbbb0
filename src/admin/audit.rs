//! What operators put right, for operators: a list, and who a call is from.

use serde_json::json;

use super::Admin;
use super::query::{cursor, limit};
use crate::json::{self, Problem, Query};
use crate::ledger::{self, By};
use crate::server::{Request, Response};
use crate::story;

impl Admin {
    pub(super) async fn audit(&self, query: &Query) -> Result<Response, Problem> {
        let (limit, cursor) = (limit(query)?, cursor(query)?);
        let found = self.ledger.audit(None, cursor, limit + 1).await;
        let mut found = found.map_err(|error| Problem::unavailable(&error))?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|last| last.id.to_string());
        let audit: Vec<_> = found.into_iter().map(story::audit).collect();
        Ok(json::ok(&json!({"audit": audit, "next": next})))
    }
}

/// Who changes something, by name where the call gives one, else by the address that it comes from; and why.
///
/// # Errors
/// 400 where either is no text that can be kept.
pub(super) fn by(request: &Request, who: Option<&str>, why: Option<&str>) -> Result<By, Problem> {
    let bad = |name: &'static str| move |error| Problem::bad(format!("{name} is {error}"));
    let why = why.map(ledger::why).transpose().map_err(bad("why"))?;
    let who = who.map(ledger::who).transpose().map_err(bad("who"))?;
    Ok(By::admin(&who.unwrap_or_else(|| request.peer.to_string()), why))
}
