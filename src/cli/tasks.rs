//! `tasks`: what is owed to providers: lists, one of them, and what an operator may do to them.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::subscriber::cell;
use super::table::columns;
use super::{Ended, Global, block_on, chosen, open};
use crate::clock::{Clock, Timestamp};
use crate::ids::{Msisdn, visible};
use crate::ledger::Ledger;
use crate::ledger::fulfil::{Breaker, OperateTask, TaskOperation};
use crate::ledger::read::TaskFilter;
use crate::outbox::{Task, TaskId, TaskState};
use crate::story;

/// Rows read at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Tasks {
    /// Newest first; then the providers that nothing is sent to
    List {
        #[command(flatten)]
        filter: Which,
        /// The most to show
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// One task with all that is known of it
    Show {
        /// Its id
        id: i64,
    },
    /// Try dead or discarded tasks again, with all attempts; ones that wait, now
    Retry(Chosen),
    /// Lay tasks aside that are dead, or wait
    Discard(Chosen),
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Only this state
    #[arg(long, value_parser = TaskState::ALL.map(TaskState::word))]
    state: Option<String>,
    /// Only this provider
    #[arg(long, value_name = "NAME")]
    provider: Option<String>,
    /// Only this number, in any spelling
    #[arg(long, value_parser = Msisdn::parse)]
    msisdn: Option<Msisdn>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true).args(["ids", "all", "state"]))]
pub(crate) struct Chosen {
    /// Their ids
    #[arg(conflicts_with_all = ["all", "state"])]
    ids: Vec<i64>,
    /// Every task that fits the filter, of the dead ones where no state is given
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: Which,
}

impl Which {
    fn filter(&self) -> TaskFilter {
        TaskFilter {
            state: self.state.as_deref().and_then(TaskState::from_word),
            provider: self.provider.clone(),
            msisdn: self.msisdn.clone(),
        }
    }
}

pub(super) fn run(global: &Global, command: Tasks) -> Ended {
    block_on(async {
        let ledger = open::ledger(global).await?;
        let ended = match command {
            Tasks::List { filter, limit } => list(global, &ledger, &filter, limit).await,
            Tasks::Show { id } => show(&ledger, TaskId(id)).await,
            Tasks::Retry(chosen) => operate(global, &ledger, TaskOperation::Retry, &chosen).await,
            Tasks::Discard(chosen) => operate(global, &ledger, TaskOperation::Discard, &chosen).await,
        };
        ledger.close().await;
        ended
    })?
}

async fn list(global: &Global, ledger: &Ledger, which: &Which, limit: u32) -> Ended {
    let found = ledger.tasks(&which.filter(), None, limit).await?;
    let tasks =
        found.into_iter().map(story::task).map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
    let now = Clock::system().now();
    let mut breakers = ledger.breakers().await?;
    breakers.retain(|breaker| breaker.open_until.is_some_and(|until| until > now));
    if global.json {
        let breakers: Vec<Value> = breakers.iter().map(breaker).collect();
        super::print(&format!("{:#}\n", json!({ "tasks": tasks, "breakers": breakers })));
        return Ok(());
    }
    let heading = [
        "id",
        "created_at",
        "provider",
        "action",
        "msisdn",
        "device_id",
        "state",
        "attempts",
        "due_at",
        "last_error",
        "note",
    ];
    let row = |task: &Value| heading.iter().map(|key| cell(&task[*key])).collect();
    let mut text = columns(&heading, &tasks.iter().map(row).collect::<Vec<_>>());
    for breaker in breakers {
        text += &told(&breaker);
    }
    super::print(&text);
    Ok(())
}

fn breaker(breaker: &Breaker) -> Value {
    json!({
        "provider": breaker.provider,
        "failures": breaker.failures,
        "open_until": breaker.open_until.map(Timestamp::rfc3339),
        "last_error": breaker.last_error,
    })
}

fn told(breaker: &Breaker) -> String {
    let until = breaker.open_until.map(Timestamp::rfc3339).unwrap_or_default();
    let why = visible::one_line(breaker.last_error.as_deref().unwrap_or("-"));
    format!(
        "nothing is sent to {} before {until}: {} failures in a row, the last: {why}\n",
        breaker.provider, breaker.failures
    )
}

async fn show(ledger: &Ledger, id: TaskId) -> Ended {
    match ledger.task(id).await? {
        Some(task) => {
            super::print(&format!("{:#}\n", whole(task)?));
            Ok(())
        }
        None => Err(super::told(&format!("there is no task {}", id.0))),
    }
}

/// A task as surfaces show it, and what only an operator who looks into it wants. Codes are not shown.
fn whole(task: Task) -> Result<Value, serde_json::Error> {
    let more = json!({
        "entitlement": task.entitlement,
        "service_id": task.service_id.as_ref().map(|service| service.as_str().to_owned()),
        "order_num": task.order_num,
        "kind": task.body.kind.word(),
        "settings": task.body.settings,
        "has_code": task.code_key.is_some(),
        "may_have_been_done": task.doubt,
        "settled_at": task.settled_at.map(Timestamp::rfc3339),
    });
    let mut whole = serde_json::to_value(story::task(task))?;
    if let (Some(whole), Value::Object(more)) = (whole.as_object_mut(), more) {
        whole.extend(more);
    }
    Ok(whole)
}

async fn operate(global: &Global, ledger: &Ledger, operation: TaskOperation, chosen: &Chosen) -> Ended {
    let now = Clock::system().now();
    let ids: Vec<TaskId> = chosen.ids.iter().copied().map(TaskId).collect();
    let mut filter = chosen.filter.filter();
    filter.state.get_or_insert(TaskState::Dead);
    let mut before = None;
    let next_page = async || {
        let page = ledger.tasks(&filter, before, PAGE).await?;
        before = page.last().map(|task| task.id).or(before);
        Ok(page.iter().map(|task| task.id).collect())
    };
    let order = |id: &TaskId| OperateTask { operation, id: *id, now };
    chosen::operate(global, &ids, next_page, async |ids| ledger.write_all(ids.iter().map(order)).await).await
}
