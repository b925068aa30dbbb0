//! The outbox for people and workers: lists, one task, and how much waits.

use std::collections::BTreeMap;

use sqlx::Row;

use super::stats::counts;
use crate::clock::Timestamp;
use crate::ids::Msisdn;
use crate::ledger::fulfil::Breaker;
use crate::ledger::tables::Cell;
use crate::ledger::{Ledger, StoreError};
use crate::outbox::{Task, TaskAction, TaskId, TaskState};

/// Which tasks are asked for.
#[derive(Debug, Clone, Default)]
pub struct TaskFilter {
    /// A state.
    pub state: Option<TaskState>,
    /// A provider's name.
    pub provider: Option<String>,
    /// A number.
    pub msisdn: Option<Msisdn>,
}

/// How much waits for one provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    /// Whose.
    pub provider: String,
    /// Tasks due or running, without those that were put off for days by plan.
    pub open: i64,
    /// The earliest time at which one of them was due, where that has passed.
    pub oldest_due_at: Option<Timestamp>,
    /// Those of them that wait for something else than their time, as their note says.
    pub waiting: i64,
}

const BY_STATE: &str = "/* task states */ SELECT state AS word, COUNT(*) AS many FROM task GROUP BY state";

const BACKLOG: &str = "/* task backlog */ SELECT state AS word, COUNT(*) AS many FROM task \
    WHERE state IN ('due', 'running', 'dead') GROUP BY state";

const DEPTHS: &str = "/* task depths */ SELECT provider, COUNT(*) AS many, \
    MIN(CASE WHEN state = 'due' AND due_at <= $1 THEN due_at END) AS oldest, \
    COUNT(CASE WHEN state = 'due' AND note IS NOT NULL THEN 1 END) AS waiting FROM task \
    WHERE open_on IS NOT NULL AND (action <> 'retire' OR due_at <= $1) GROUP BY provider ORDER BY provider";

/// Steps of a service that were, or may have been, carried out since it was last ended, the newest first.
const UNDONE: &str = "WHERE service_id = $1 AND id < $2 AND provider = $3 \
    AND action IN ('begin', 'change', 'redeem') AND (state = 'done' OR doubt = 1) \
    AND id > (SELECT COALESCE(MAX(e.id), 0) FROM task e WHERE e.service_id = $1 AND e.id < $2 \
    AND e.provider = $3 AND e.action = 'end' AND e.state = 'done') ORDER BY id DESC LIMIT $4";

/// Steps that one end undoes: renewals far ahead are few.
const UNDONE_MAX: i64 = 64;

impl Ledger {
    /// Up to `limit` tasks that fit, the newest first, from before one.
    ///
    /// # Errors
    /// As for all of these: the engine's.
    pub async fn tasks(
        &self,
        filter: &TaskFilter,
        before: Option<TaskId>,
        limit: u32,
    ) -> Result<Vec<Task>, StoreError> {
        let texts = [
            ("state", filter.state.map(|state| state.word().to_owned())),
            ("provider", filter.provider.clone()),
            ("msisdn", filter.msisdn.as_ref().map(|number| number.in_full().to_owned())),
        ];
        let mut tail = "WHERE id < $1".to_owned();
        let mut parameters: Vec<Cell> = vec![before.map_or(i64::MAX, |id| id.0).into(), limit.into()];
        for (column, text) in texts.into_iter().filter_map(|(column, text)| Some((column, text?))) {
            parameters.push(text.into());
            tail.push_str(&format!(" AND {column} = ${}", parameters.len()));
        }
        self.select(&format!("{tail} ORDER BY id DESC LIMIT $2"), parameters).await
    }

    /// One task.
    ///
    /// # Errors
    /// The engine's.
    pub async fn task(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        Ok(self.select("WHERE id = $1", vec![id.0.into()]).await?.into_iter().next())
    }

    /// How many tasks there are of each state. Reads an index of all of them: for people, not for a
    /// scrape.
    ///
    /// # Errors
    /// The engine's.
    pub async fn tasks_by_state(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        counts(&sqlx::query(BY_STATE).fetch_all(&self.0.pool).await?)
    }

    /// How many tasks wait, run or are dead, by state; from an index of those alone.
    ///
    /// # Errors
    /// The engine's.
    pub async fn task_backlog(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        counts(&sqlx::query(BACKLOG).fetch_all(&self.0.pool).await?)
    }

    /// What waits, for each provider; from an index of open tasks alone.
    ///
    /// # Errors
    /// The engine's.
    pub async fn task_depths(&self, now: Timestamp) -> Result<Vec<Depth>, StoreError> {
        let rows = sqlx::query(DEPTHS).bind(now.0).fetch_all(&self.0.pool).await?;
        let depth = |row: &sqlx::any::AnyRow| {
            let oldest: Option<i64> = row.try_get("oldest")?;
            let oldest_due_at = oldest.map(Timestamp);
            let (open, waiting) = (row.try_get("many")?, row.try_get("waiting")?);
            Ok(Depth { provider: row.try_get("provider")?, open, oldest_due_at, waiting })
        };
        rows.iter().map(depth).collect()
    }

    /// What workers know of the providers' health.
    ///
    /// # Errors
    /// The engine's.
    pub async fn breakers(&self) -> Result<Vec<Breaker>, StoreError> {
        self.select("ORDER BY provider", Vec::new()).await
    }

    /// Our own numbers of the steps that an end undoes, the newest first: that one, and of those before it, as
    /// renewals made them, the ones whose time is not over yet.
    ///
    /// # Errors
    /// The engine's.
    pub(in crate::ledger) async fn ended_order_nums(&self, end: &Task) -> Result<Vec<String>, StoreError> {
        let Some(service) = end.service_id.as_ref().filter(|_| end.action == TaskAction::End) else {
            return Ok(Vec::new());
        };
        let provider = end.provider.as_str();
        let parameters = vec![service.as_str().into(), end.id.0.into(), provider.into(), UNDONE_MAX.into()];
        let undone: Vec<Task> = self.select(UNDONE, parameters).await?;
        let ended_at_ms = end.body.ends_at_ms.unwrap_or(end.created_at.0);
        // Nothing was ordered for the days of grace.
        let is_left = |task: &Task| {
            let until_ms = task.body.expires_at_ms.or(task.body.ends_at_ms);
            until_ms.is_none_or(|until_ms| until_ms > ended_at_ms)
        };
        let left = undone.into_iter().enumerate().filter(|(place, task)| *place == 0 || is_left(task));
        Ok(left.map(|(_, task)| task.order_num).collect())
    }
}
