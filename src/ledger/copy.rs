//! Moves a ledger from one engine to another, in either direction, while its gateway still runs.
//!
//! The tables are those that both catalogs name, and must be described alike ([`table`]). Each is
//! walked on both sides at once in the order of its key, some thousand rows at a time. Where a
//! stretch differs, the target's is replaced in one transaction; what the target has beyond is
//! removed. So a copy that was interrupted is simply run again, and so is one that was made while the
//! gateway went on: the second run, after its end, reads much and writes little. Both stretches are in
//! memory then, so they are compared by themselves; the checksums are taken afterwards, from rows read
//! once more on both sides, and tell whether the source stood still.
//!
//! While a copy goes on, its target belongs to it alone: a gateway that has it open keeps it from
//! beginning, and until it is finished a mark ([`mark`]) keeps everybody from opening it.

mod checksum;
pub(super) mod mark;
mod postgres;
mod row;
mod side;
mod sqlite;
mod table;
mod target;

use std::path::Path;

use super::{OpenError, StoreError, migrate};
use crate::clock::Clock;
use crate::config::LedgerUrl;
use checksum::{Content, whole};
use side::Side;
use table::{Range, Table};
use target::Found;

/// Why a copy was not made.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Nothing to copy.
    #[error("source and target are the same ledger")]
    Same,
    /// One of the two cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A gateway, a command or another copy.
    #[error("{0} is in use: stop the gateway that has it open; a copy goes from one ledger to another")]
    InUse(String),
    /// Rows that no copy has made.
    #[error(
        "the target is not empty: there are rows in its table {0}; copy into an empty database or a new file"
    )]
    NotEmpty(String),
    /// The mark names another source.
    #[error("the target is a copy from {0}; copy into an empty database or a new file")]
    Another(String),
    /// It has notices of its own.
    #[error(
        "the target has been written to since its copy was finished; copy into an empty database or a new file"
    )]
    Written,
    /// The two catalogs differ.
    #[error("table {0} is not the same in source and target")]
    Table(String),
    /// A statement failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a copy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Makes sure that a finished copy is as it was left.
    Looking,
    /// Walks both sides and writes what differs.
    Copying,
    /// Takes the checksums.
    Comparing,
}

/// How far a copy has come.
#[derive(Debug, Clone, Copy)]
pub struct Progress {
    /// What it does now.
    pub phase: Phase,
    /// Rows that this phase is through with.
    pub rows: u64,
    /// Rows that it began with, or about as many.
    pub of: u64,
}

/// What came of one table.
#[derive(Debug, Clone)]
pub struct CopiedTable {
    /// Its name.
    pub name: String,
    /// Rows of the source.
    pub rows: u64,
    /// Rows of the target.
    pub target_rows: u64,
    /// Rows written to the target.
    pub copied: u64,
    /// SHA-256 of the source's rows.
    pub checksum: String,
    /// And of the target's.
    pub target_checksum: String,
}

/// What came of a copy.
#[derive(Debug, Clone)]
pub struct Copied {
    /// Every table, by name.
    pub tables: Vec<CopiedTable>,
}

impl CopiedTable {
    /// Whether the target has what the source has.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.checksum == self.target_checksum
    }
}

impl Copied {
    /// Whether the target is the source's equal. If not, the source changed meanwhile; the target stays
    /// marked as unfinished, and the next run makes up for it.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.tables.iter().all(CopiedTable::is_same)
    }
}

/// Copies a ledger into one that is empty, or that an earlier run of this has begun. The target is made
/// where there is none (a server's database must be there); the source's schema must be this binary's.
///
/// # Errors
/// [`CopyError`]. What was copied until then stands, and the next run goes on from there.
pub async fn copy(
    from: &LedgerUrl,
    to: &LedgerUrl,
    clock: &Clock,
    progress: &mut dyn FnMut(Progress),
) -> Result<Copied, CopyError> {
    let name = place(from);
    if name == place(to) {
        return Err(CopyError::Same);
    }
    let mut source = Side::source(from).await?;
    let found = source.catalog().await?;
    let tables = table::tables(found)?;
    migrate::migrate_target(to).await?;
    let mut target = Side::target(to).await?.ok_or_else(|| CopyError::InUse(to.to_string()))?;
    let found = target.catalog().await?;
    let is_marked = found.iter().any(|column| column.table == mark::TABLE);
    refuse_different(&tables, &table::tables(found)?)?;
    let found = target::find(&mut target, is_marked, &tables, &name).await?;
    let mut run = Run { source, target, tables, progress, of: 0 };
    if let Found::Finished(checksum) = found {
        run.refuse_written(&checksum).await?;
    }
    target::begin(&mut run.target, &name, clock.now()).await?;
    run.target.marked().await?;
    let copied = run.through(clock).await;
    run.source.close().await;
    run.target.close().await;
    Ok(copied?)
}

/// A ledger's name: the same however its path is spelled, and without any password.
fn place(url: &LedgerUrl) -> String {
    match url {
        LedgerUrl::Sqlite(path) => LedgerUrl::Sqlite(whole_path(path)).to_string(),
        LedgerUrl::Postgres(_) => url.to_string(),
    }
}

fn whole_path(path: &Path) -> std::path::PathBuf {
    let whole = path.canonicalize().or_else(|_| std::path::absolute(path));
    whole.unwrap_or_else(|_| path.to_owned())
}

fn refuse_different(source: &[Table], target: &[Table]) -> Result<(), CopyError> {
    let lacks = |these: &[Table], those: &[Table]| these.iter().find(|t| !those.contains(t)).cloned();
    match lacks(source, target).or_else(|| lacks(target, source)) {
        Some(table) => Err(CopyError::Table(table.name)),
        None => Ok(()),
    }
}

struct Run<'p> {
    source: Side,
    target: Side,
    tables: Vec<Table>,
    progress: &'p mut dyn FnMut(Progress),
    /// Rows that the phase will see.
    of: u64,
}

impl Run<'_> {
    /// Copies, compares, and marks the target as whole where it is.
    async fn through(&mut self, clock: &Clock) -> Result<Copied, StoreError> {
        self.of = 0;
        for table in &self.tables {
            self.of += u64::try_from(self.source.number(table.count()).await?).unwrap_or_default();
        }
        let written = self.write().await?;
        let (source, target) = self.compare().await?;
        let tables = self.tables.iter().zip(written).zip(source.iter().zip(&target));
        let tables = tables.map(|((table, copied), (source, target))| CopiedTable {
            name: table.name.clone(),
            rows: source.rows,
            target_rows: target.rows,
            copied,
            checksum: source.checksum.clone(),
            target_checksum: target.checksum.clone(),
        });
        let copied = Copied { tables: tables.collect() };
        if copied.is_same() {
            self.target.finish().await?;
            target::finish(&mut self.target, &target, clock.now()).await?;
        }
        Ok(copied)
    }

    /// Makes every table of the target what the source's is; how many rows were written of each.
    async fn write(&mut self) -> Result<Vec<u64>, StoreError> {
        let (mut seen, mut all) = (0, Vec::with_capacity(self.tables.len()));
        for table in &self.tables {
            let (mut range, mut written) = (Range::default(), 0);
            loop {
                let rows = self.source.rows(table, &range, table.rows_max()).await?;
                let is_last = rows.len() < table.rows_max();
                range.upto = rows.last().filter(|_| !is_last).map(|last| table.key_of(last));
                // One more tells a target that has more than that.
                let there = self.target.rows(table, &range, rows.len() + 1).await?;
                seen += rows.len() as u64;
                if rows != there {
                    written += rows.len() as u64;
                    self.target.replace(table, &range, rows).await?;
                }
                (self.progress)(Progress { phase: Phase::Copying, rows: seen, of: self.of });
                if is_last {
                    break;
                }
                range.after = range.upto.take();
            }
            all.push(written);
        }
        Ok(all)
    }

    /// Reads every table once more, on both sides at the same time.
    async fn compare(&mut self) -> Result<(Vec<Content>, Vec<Content>), StoreError> {
        let (mut seen, of, progress) = (0, self.of, &mut self.progress);
        let (mut source, mut target) = (Vec::new(), Vec::new());
        for table in &self.tables {
            let tell = |more| {
                seen += more as u64;
                progress(Progress { phase: Phase::Comparing, rows: seen, of });
            };
            let both = tokio::join!(self.source.content(table, tell), self.target.content(table, |_| {}));
            source.push(both.0?);
            target.push(both.1?);
        }
        Ok((source, target))
    }

    /// A finished copy may be brought up to date as long as nobody else has written to it: not even
    /// a repeat's count must be lost.
    async fn refuse_written(&mut self, checksum: &str) -> Result<(), CopyError> {
        let (mut rows, progress) = (0, &mut self.progress);
        let mut contents = Vec::with_capacity(self.tables.len());
        for table in &self.tables {
            let tell = |more| {
                rows += more as u64;
                progress(Progress { phase: Phase::Looking, rows, of: 0 });
            };
            contents.push(self.target.content(table, tell).await?);
        }
        if whole(contents.iter()) == checksum { Ok(()) } else { Err(CopyError::Written) }
    }
}
