//! The journal for people: lists, one notice, and pages for an export.

use sqlx::Row;
use sqlx::any::AnyRow;

use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::journal::Outcome;
use crate::ledger::raw::Raw;
use crate::ledger::{Ledger, StoreError};
use crate::subscription::odd::Odd;

/// Which notices are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// An outcome's word.
    pub outcome: Option<String>,
    /// A reason's word.
    pub reason: Option<String>,
    /// A number.
    pub msisdn: Option<Msisdn>,
    /// A `queueID` as sent.
    pub queue_id: Option<String>,
    /// What would become of one that is kept without effect, one of [`crate::ledger::WOULD_BE`].
    pub would_be: Option<String>,
}

/// Which part of them.
#[derive(Debug, Clone, Copy)]
pub enum Page {
    /// The newest, or those before one.
    Before(Option<NoticeId>),
    /// The oldest after one.
    After(NoticeId),
}

/// A kept message.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The journal's row.
    pub id: NoticeId,
    /// `register`, `cancel`, `cdr` or `other`.
    pub kind: String,
    /// The canonical number, where one could be read.
    pub msisdn: Option<Msisdn>,
    /// As sent.
    pub service_id: Option<String>,
    /// As sent.
    pub package_id: Option<String>,
    /// As sent.
    pub queue_id: Option<String>,
    /// Which caller brought it first.
    pub caller: String,
    /// When it happened, by its own account.
    pub event_at: Option<Timestamp>,
    /// First receipt.
    pub received_at: Timestamp,
    /// Receipts.
    pub count: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// What would become of it, where it is kept without effect.
    pub would_be: Option<String>,
    /// Its times that are not believed.
    pub odd: Odd,
    /// The `error_id` answered.
    pub answer: i64,
    /// Of a conflict, the notice that holds its identity.
    pub holder: Option<NoticeId>,
    /// The message as it came, unless purged; an operator's own row has none.
    pub raw: Option<Raw>,
}

const SELECT: &str = "/* notices */ SELECT n.id, n.kind, n.msisdn, n.service_id, n.package_id, n.queue_id, \
    n.caller, n.event_at, n.received_at, n.count, n.outcome, n.reason, n.answer, r.method, r.path, r.query, \
    r.content_type, r.content_encoding, r.body, r.status, r.reply, f.would_be, n.odd, \
    CASE WHEN n.reason = 'conflict' THEN coalesce((SELECT i.notice_id FROM identity i \
    WHERE i.key = 'n:' || n.msisdn || ' ' || length(n.reg_type) || ' ' || n.reg_type || ' ' || n.identity), \
    (SELECT i.notice_id FROM identity i WHERE i.key = n.identity)) END AS holder \
    FROM notice n \
    LEFT JOIN notice_raw r ON r.notice_id = n.id LEFT JOIN foreseen f ON f.notice_id = n.id";

impl Ledger {
    /// Up to `limit` notices that fit: newest first, or oldest first after one.
    ///
    /// # Errors
    /// The engine's.
    pub async fn notices(&self, filter: &Filter, page: Page, limit: u32) -> Result<Vec<Kept>, StoreError> {
        let texts = [
            ("n.outcome", filter.outcome.clone()),
            ("n.reason", filter.reason.clone()),
            ("f.would_be", filter.would_be.clone()),
            ("n.queue_id", filter.queue_id.clone()),
            ("n.msisdn", filter.msisdn.as_ref().map(|number| number.in_full().to_owned())),
        ];
        let (from, sign, order) = match page {
            Page::Before(id) => (id.map_or(i64::MAX, |id| id.0), '<', "DESC"),
            Page::After(id) => (id.0, '>', "ASC"),
        };
        let mut sql = format!("{SELECT} WHERE n.id {sign} $1");
        let given: Vec<_> = texts.into_iter().filter_map(|(column, text)| Some((column, text?))).collect();
        for (index, (column, _)) in given.iter().enumerate() {
            sql.push_str(&format!(" AND {column} = ${}", index + 3));
        }
        sql.push_str(&format!(" ORDER BY n.id {order} LIMIT $2"));
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(from).bind(i64::from(limit));
        for (_, text) in given {
            query = query.bind(text);
        }
        query.fetch_all(&self.0.pool).await?.iter().map(kept).collect()
    }

    /// One notice.
    ///
    /// # Errors
    /// The engine's.
    pub async fn notice(&self, id: NoticeId) -> Result<Option<Kept>, StoreError> {
        let sql = sqlx::AssertSqlSafe(format!("{SELECT} WHERE n.id = $1"));
        let row = sqlx::query(sql).bind(id.0).fetch_optional(&self.0.pool).await?;
        row.as_ref().map(kept).transpose()
    }
}

fn kept(row: &AnyRow) -> Result<Kept, StoreError> {
    let (outcome, reason): (&str, Option<&str>) = (row.try_get("outcome")?, row.try_get("reason")?);
    Ok(Kept {
        id: NoticeId(row.try_get("id")?),
        kind: row.try_get("kind")?,
        msisdn: row.try_get::<Option<String>, _>("msisdn")?.map(Msisdn::from_canonical),
        service_id: row.try_get("service_id")?,
        package_id: row.try_get("package_id")?,
        queue_id: row.try_get("queue_id")?,
        caller: row.try_get("caller")?,
        event_at: row.try_get::<Option<i64>, _>("event_at")?.map(Timestamp),
        received_at: Timestamp(row.try_get("received_at")?),
        count: row.try_get("count")?,
        outcome: Outcome::parse(outcome, reason)
            .ok_or_else(|| StoreError::broken(format!("a notice has the outcome {outcome:?}")))?,
        would_be: row.try_get("would_be")?,
        odd: Odd::parse(row.try_get("odd")?),
        answer: row.try_get("answer")?,
        holder: row.try_get::<Option<i64>, _>("holder")?.map(NoticeId),
        raw: raw(row)?,
    })
}

fn raw(row: &AnyRow) -> Result<Option<Raw>, StoreError> {
    let Some(method) = row.try_get::<Option<String>, _>("method")? else { return Ok(None) };
    Ok(Some(Raw {
        method,
        path: row.try_get("path")?,
        query: row.try_get("query")?,
        content_type: row.try_get("content_type")?,
        content_encoding: row.try_get("content_encoding")?,
        body: row.try_get::<Vec<u8>, _>("body")?.into(),
        status: u16::try_from(row.try_get::<i64, _>("status")?).unwrap_or_default(),
        reply: row.try_get("reply")?,
    }))
}
