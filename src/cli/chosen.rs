//! What `retry` and `discard` do to the rows that an operator chose, by their ids or by a filter, and how it is
//! told. Leaves which rows there are, and what is done to one, to the commands.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Ended, Failure, Global, tell};
use crate::ids::NoticeId;
use crate::ledger::fulfil::TaskOperated;
use crate::ledger::{NotKept, Operated, StoreError};
use crate::outbox::TaskId;

/// So many rows are named for each reason of theirs; the others are counted.
const NAMED_MAX: usize = 10;

/// What came of one row.
pub(super) enum Came {
    Changed,
    Unchanged(&'static str),
    Unknown,
}

impl From<Operated> for Came {
    fn from(operated: Operated) -> Self {
        match operated {
            Operated::Changed => Self::Changed,
            Operated::Unchanged(why) => Self::Unchanged(why),
            Operated::Unknown => Self::Unknown,
        }
    }
}

impl From<TaskOperated> for Came {
    fn from(operated: TaskOperated) -> Self {
        match operated {
            TaskOperated::Changed => Self::Changed,
            TaskOperated::Unchanged(why) => Self::Unchanged(why),
            TaskOperated::Unknown => Self::Unknown,
        }
    }
}

/// A row as an operator names it.
pub(super) trait Id: Copy {
    fn number(self) -> i64;
}

impl Id for NoticeId {
    fn number(self) -> i64 {
        self.0
    }
}

impl Id for TaskId {
    fn number(self) -> i64 {
        self.0
    }
}

#[derive(Default)]
struct Tally {
    changed: u64,
    unchanged: BTreeMap<&'static str, Rows>,
    unknown: u64,
}

/// Some of them by their numbers.
#[derive(Default)]
struct Rows {
    named: Vec<i64>,
    count: u64,
}

impl Tally {
    fn count<O: Into<Came>>(&mut self, ids: &[impl Id], operated: Vec<O>) {
        for (id, one) in ids.iter().zip(operated) {
            match one.into() {
                Came::Changed => self.changed += 1,
                Came::Unchanged(why) => self.unchanged.entry(why).or_default().add(id.number()),
                Came::Unknown => self.unknown += 1,
            }
        }
    }

    /// An id that there is not is a slip that somebody should see, and so is a word that had no effect at all.
    fn told(self, global: &Global) -> Ended {
        let Self { changed, unchanged, unknown } = self;
        let rows: u64 = unchanged.values().map(|rows| rows.count).sum();
        let json = json!({ "changed": changed, "unchanged": rows, "unknown": unknown });
        for (why, rows) in unchanged {
            tell(format!("sdp-gateway: nothing changed of {}: {why}", rows.shown()));
        }
        global.print(&json, || format!("changed {changed}, unchanged {rows}, unknown {unknown}\n"));
        if unknown > 0 || (changed == 0 && rows > 0) { Err(Failure::Told) } else { Ok(()) }
    }
}

impl Rows {
    fn add(&mut self, number: i64) {
        self.count += 1;
        if self.named.len() < NAMED_MAX {
            self.named.push(number);
        }
    }

    fn shown(&self) -> String {
        let named: Vec<String> = self.named.iter().map(ToString::to_string).collect();
        let more = self.count - self.named.len() as u64;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", named.join(", "))
    }
}

/// Operates on the rows of `ids`; where none are named, on page after page of those that fit, until one is empty.
/// In batches, since what runs beside a gateway must not make its notices wait.
pub(super) async fn operate<I: Id, O: Into<Came>>(
    global: &Global,
    ids: &[I],
    mut next_page: impl AsyncFnMut() -> Result<Vec<I>, StoreError>,
    operate: impl AsyncFn(&[I]) -> Result<Vec<O>, NotKept>,
) -> Ended {
    let mut tally = Tally::default();
    if !ids.is_empty() {
        tally.count(ids, operate(ids).await?);
        return tally.told(global);
    }
    loop {
        let page = next_page().await?;
        if page.is_empty() {
            return tally.told(global);
        }
        tally.count(&page, operate(&page).await?);
    }
}
