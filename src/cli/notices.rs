//! `notices`: the journal of the carrier's messages: lists, one of them, what an operator may do to
//! them, and an export that `replay` can send again.

mod losers;
mod stood;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::subscriber::cell;
use super::table::columns;
use super::{Ended, Global, block_on, caller, chosen, open, output, told};
use crate::clock::Clock;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::journal::Outcome;
use crate::ledger::read::{Filter, Kept, Page};
use crate::ledger::{self, Ledger, Operate, Operation, StoreError, WOULD_BE};
use crate::story;
use crate::subscription::judge::Reason;

/// Rows read at a time.
const PAGE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum Notices {
    /// Newest first
    List {
        #[command(flatten)]
        filter: Which,
        /// The most to show
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// One notice with its bytes and its answer
    Show {
        /// Its id
        id: i64,
    },
    /// Judge notices again; those that were laid aside are put back
    Retry(Chosen),
    /// Lay notices aside, applied ones too: they have no effect any more, and repeats of them have none
    Discard(Chosen),
    /// Write messages and answers as JSON Lines, oldest first
    Export {
        #[command(flatten)]
        filter: Which,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Only this outcome
    #[arg(long, value_parser = Outcome::WORDS)]
    outcome: Option<String>,
    /// Only this reason of parking
    #[arg(long, value_parser = Reason::ALL.map(Reason::as_str))]
    reason: Option<String>,
    /// Only those kept without effect (carrier.record_only) that would become this
    #[arg(long, value_name = "WORD", value_parser = WOULD_BE)]
    would_be: Option<String>,
    /// Only this number, in any spelling
    #[arg(long, value_parser = Msisdn::parse)]
    msisdn: Option<Msisdn>,
    /// Only this queueID, as sent
    #[arg(long)]
    queue_id: Option<String>,
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["ids", "all"]))]
pub(crate) struct Chosen {
    /// Their ids
    ids: Vec<i64>,
    /// Every parked notice that fits the filter
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    filter: Which,
    /// Why, for whoever looks at it later
    #[arg(long, value_name = "TEXT", value_parser = ledger::why)]
    why: Option<String>,
    /// Do not ask, whoever loses
    #[arg(long)]
    yes: bool,
}

impl Which {
    fn filter(&self) -> Filter {
        Filter {
            outcome: self.outcome.clone(),
            reason: self.reason.clone(),
            msisdn: self.msisdn.clone(),
            would_be: self.would_be.clone(),
            queue_id: self.queue_id.clone(),
        }
    }
}

pub(super) fn run(global: &Global, command: Notices) -> Ended {
    block_on(async {
        let ledger = match command {
            Notices::Retry(_) => open::judging(global).await?,
            _ => open::ledger(global).await?,
        };
        let ended = match command {
            Notices::List { filter, limit } => list(global, &ledger, &filter, limit).await,
            Notices::Show { id } => show(&ledger, NoticeId(id)).await,
            Notices::Retry(chosen) => operate(global, &ledger, Operation::Retry, &chosen).await,
            Notices::Discard(chosen) => operate(global, &ledger, Operation::Discard, &chosen).await,
            Notices::Export { filter } => export(&ledger, &filter).await,
        };
        ledger.close().await;
        ended
    })?
}

async fn list(global: &Global, ledger: &Ledger, which: &Which, limit: u32) -> Ended {
    let kept = ledger.notices(&which.filter(), Page::Before(None), limit).await?;
    let notices =
        kept.into_iter().map(story::notice).map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
    if global.json {
        super::print(&format!("{:#}\n", json!({ "notices": notices })));
        return Ok(());
    }
    let heading = [
        "id",
        "received_at",
        "kind",
        "msisdn",
        "queue_id",
        "service_id",
        "package_id",
        "outcome",
        "reason",
        "would_be",
        "odd",
        "count",
        "answer",
    ];
    let row = |notice: &Value| heading.iter().map(|key| cell(&notice[*key])).collect();
    super::print(&columns(&heading, &notices.iter().map(row).collect::<Vec<_>>()));
    Ok(())
}

async fn show(ledger: &Ledger, id: NoticeId) -> Ended {
    match ledger.notice(id).await? {
        Some(kept) => {
            let notice = serde_json::to_value(story::notice(kept))?;
            super::print(&format!("{notice:#}\n"));
            Ok(())
        }
        None => Err(told(&format!("there is no notice {id}"))),
    }
}

/// The notices after one, oldest first; `None` at the end.
async fn next_page(
    ledger: &Ledger,
    filter: &Filter,
    after: &mut NoticeId,
) -> Result<Option<Vec<Kept>>, StoreError> {
    let page = ledger.notices(filter, Page::After(*after), PAGE).await?;
    *after = page.last().map_or(*after, |last| last.id);
    Ok((!page.is_empty()).then_some(page))
}

async fn operate(global: &Global, ledger: &Ledger, operation: Operation, chosen: &Chosen) -> Ended {
    match operation {
        Operation::Retry => {
            stood::tell_otherwise(ledger, chosen).await?;
            losers::agree(ledger, chosen).await?;
        }
        _ => agree_to_many(chosen)?,
    }
    let by = caller::by(chosen.why.as_deref());
    let ids: Vec<NoticeId> = chosen.ids.iter().copied().map(NoticeId).collect();
    let mut filter = chosen.filter.filter();
    filter.outcome.get_or_insert_with(|| "parked".to_owned());
    let mut after = NoticeId(0);
    let next_page = async || {
        let page = next_page(ledger, &filter, &mut after).await?.unwrap_or_default();
        Ok(page.iter().map(|kept| kept.id).collect())
    };
    let operate = async |ids: &[NoticeId]| {
        let now = Clock::system().now();
        let order = |id: &NoticeId| Operate { operation, id: *id, by: by.clone(), now };
        ledger.write_all(ids.iter().map(order)).await
    };
    chosen::operate(global, &ids, next_page, operate).await
}

/// One number's notices may all be laid aside; those of all numbers, with all that they brought about, only where
/// somebody says so once more.
fn agree_to_many(chosen: &Chosen) -> Ended {
    let outcome = chosen.filter.outcome.as_deref().filter(|_| chosen.all && chosen.filter.msisdn.is_none());
    match outcome.filter(|outcome| ["applied", "no_change", "superseded"].contains(outcome)) {
        Some(outcome) => {
            let what = format!("every {outcome} notice would be laid aside, whatever its number");
            caller::consent(chosen.yes, &what)
        }
        None => Ok(()),
    }
}

async fn export(ledger: &Ledger, which: &Which) -> Ended {
    let filter = which.filter();
    let mut after = NoticeId(0);
    while output::lost().is_none()
        && let Some(page) = next_page(ledger, &filter, &mut after).await?
    {
        let lines = page.iter().filter_map(line).map(|line| format!("{line}\n"));
        super::print(&lines.collect::<String>());
    }
    Ok(())
}

/// One line of an export; nothing for a message whose bytes were purged.
fn line(kept: &Kept) -> Option<Value> {
    let raw = kept.raw.as_ref()?;
    let (body, encoding) = story::text(&raw.body);
    let mut line = json!({
        "id": kept.id.0,
        "received_at": kept.received_at.rfc3339(),
        "method": raw.method,
        "path": raw.path,
        "query": raw.query,
        "content_type": raw.content_type,
        "raw": body,
        "encoding": encoding,
        "status": raw.status,
        "reply": raw.reply,
    });
    // Only where there is one: hardly any message has, and without it the line is as it always was.
    if let Some(coding) = &raw.content_encoding {
        line["content_encoding"] = json!(coding);
    }
    Some(line)
}
