//! The outbox for operators: lists, what may be done to a task, and what of it is measured.

use std::time::Duration;

use serde_json::json;

use super::Admin;
use super::query::{cursor, limit, provider, word};
use crate::json::{self, Problem, Query};
use crate::ledger::StoreError;
use crate::ledger::fulfil::{OperateTask, TaskOperated, TaskOperation};
use crate::ledger::read::TaskFilter;
use crate::outbox::{TaskId, TaskState};
use crate::server::Response;
use crate::{story, telemetry};

impl Admin {
    pub(super) async fn tasks(&self, query: &Query) -> Result<Response, Problem> {
        let state = word(query, "state", &TaskState::ALL.map(TaskState::word))?;
        let filter = TaskFilter {
            state: state.as_deref().and_then(TaskState::from_word),
            provider: provider(query)?,
            msisdn: query.get("msisdn").map(json::plain_number).transpose()?,
        };
        let (limit, cursor) = (limit(query)?, cursor(query)?.map(TaskId));
        let found = self.ledger.tasks(&filter, cursor, limit + 1).await;
        let mut found = found.map_err(|error| Problem::unavailable(&error))?;
        let more = found.len() > limit as usize;
        found.truncate(limit as usize);
        let next = found.last().filter(|_| more).map(|last| last.id.0.to_string());
        let tasks: Vec<_> = found.into_iter().map(story::task).collect();
        Ok(json::ok(&json!({"tasks": tasks, "next": next})))
    }

    pub(super) async fn operate_task(&self, operation: TaskOperation, id: &str) -> Result<Response, Problem> {
        let unknown = || Problem::not_found("there is no such task");
        let id = id.parse().map(TaskId).map_err(|_| unknown())?;
        let operated = self.ledger.write(OperateTask { operation, id, now: self.clock.now() }).await;
        match operated.map_err(|error| Problem::unavailable(&error))? {
            TaskOperated::Changed => {
                let found = self.ledger.task(id).await.map_err(|error| Problem::unavailable(&error))?;
                Ok(json::ok(&story::task(found.ok_or_else(unknown)?)))
            }
            TaskOperated::Unchanged(why) => Err(Problem::conflict(format!("nothing changed: {why}"))),
            TaskOperated::Unknown => Err(unknown()),
        }
    }

    /// Brings the gauges of the outbox up to date, from indexes of what waits or is dead.
    pub(super) async fn measure_tasks(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let backlog = self.ledger.task_backlog().await?;
        for state in [TaskState::Due, TaskState::Running, TaskState::Dead] {
            let many = backlog.get(state.word()).copied().unwrap_or_default();
            telemetry::tasks(state.word(), u32::try_from(many).unwrap_or(u32::MAX));
        }
        let depths = self.ledger.task_depths(now).await?;
        for provider in self.providers.iter() {
            let waiting =
                depths.iter().find(|depth| depth.provider == *provider).map_or(0, |depth| depth.waiting);
            telemetry::tasks_waiting(provider, u32::try_from(waiting).unwrap_or(u32::MAX));
        }
        let oldest = depths.into_iter().filter_map(|depth| depth.oldest_due_at).min();
        let age_ms = oldest.map_or(0, |at| now.0.saturating_sub(at.0));
        telemetry::oldest_due(Duration::from_millis(u64::try_from(age_ms).unwrap_or(0)));
        for breaker in self.ledger.breakers().await? {
            telemetry::breaker_open(&breaker.provider, breaker.open_until.is_some_and(|until| until > now));
        }
        Ok(())
    }
}
