//! What `retry` and `discard` do to the rows that an operator chose, by their ids or by a filter, and how it is
//! told. Leaves which rows there are, and what is done to one, to the commands.

use super::{Ended, Failure, print};
use crate::ledger::fulfil::TaskOperated;
use crate::ledger::{NotKept, Operated, StoreError};

/// What came of one row.
pub(super) enum Came {
    Changed,
    Unchanged,
    Unknown,
}

impl From<Operated> for Came {
    fn from(operated: Operated) -> Self {
        match operated {
            Operated::Changed => Self::Changed,
            Operated::Unchanged => Self::Unchanged,
            Operated::Unknown => Self::Unknown,
        }
    }
}

impl From<TaskOperated> for Came {
    fn from(operated: TaskOperated) -> Self {
        match operated {
            TaskOperated::Changed => Self::Changed,
            TaskOperated::Unchanged => Self::Unchanged,
            TaskOperated::Unknown => Self::Unknown,
        }
    }
}

#[derive(Default)]
struct Tally {
    changed: u32,
    unchanged: u32,
    unknown: u32,
}

impl Tally {
    fn count<O: Into<Came>>(&mut self, operated: Vec<O>) {
        for one in operated {
            match one.into() {
                Came::Changed => self.changed += 1,
                Came::Unchanged => self.unchanged += 1,
                Came::Unknown => self.unknown += 1,
            }
        }
    }

    /// An id that there is not is a slip that somebody should see.
    fn told(self) -> Ended {
        let Self { changed, unchanged, unknown } = self;
        print(&format!("changed {changed}, unchanged {unchanged}, unknown {unknown}\n"));
        if self.unknown > 0 { Err(Failure::Told) } else { Ok(()) }
    }
}

/// Operates on the rows of `ids`; where none are named, on page after page of those that fit, until one is empty.
/// In batches, since what runs beside a gateway must not make its notices wait.
pub(super) async fn operate<Id, O: Into<Came>>(
    ids: &[Id],
    mut next_page: impl AsyncFnMut() -> Result<Vec<Id>, StoreError>,
    operate: impl AsyncFn(&[Id]) -> Result<Vec<O>, NotKept>,
) -> Ended {
    let mut tally = Tally::default();
    if !ids.is_empty() {
        tally.count(operate(ids).await?);
        return tally.told();
    }
    loop {
        let page = next_page().await?;
        if page.is_empty() {
            return tally.told();
        }
        tally.count(operate(&page).await?);
    }
}
