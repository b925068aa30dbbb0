//! Replay: sends recorded messages to a running gateway and compares its answers with the expected
//! ones. Knows the carrier's fields only as far as it must to shift times and to give out new ids;
//! leaves reading a command line to `cli` and every business rule to the gateway it talks to.
//!
//! One case, walked: `load` reads it (all faults before anything is sent), `prepare` writes the
//! message as it goes out now, `streams` sends it in the order of its number, `compare` holds the
//! answer against the expected one, `screen` prints, `report` writes JUnit.

mod case;
mod coded;
mod compare;
mod connection;
mod fields;
mod folder;
mod fresh;
mod fresh_numbers;
mod journal;
mod load;
mod prepare;
mod report;
mod screen;
mod streams;
mod target;
mod text;
mod verdict;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::FixedOffset;

use crate::clock::Clock;
use case::Case;
use prepare::Preparer;
use report::Report;
use screen::Screen;
use target::Target;
use verdict::Verdict;

/// The most connections.
pub const STREAMS_MAX: i64 = 1024;
/// The most repetitions.
pub const REPEAT_MAX: i64 = 1_000_000;
/// The fewest messages a second.
pub const RATE_MIN: f64 = 0.001;

/// What to send, where to, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Fixture folders, folders of them, XML files or exported journals.
    pub paths: Vec<PathBuf>,
    /// `http://host:port`, with an optional base path and an optional `user:password@`.
    pub target: String,
    /// Connections, each sending one message at a time. Cases of one number stay in order.
    pub concurrency: usize,
    /// Messages per second over all connections; none: as fast as answers come.
    pub rate: Option<f64>,
    /// How often the whole set is sent.
    pub repeat: u32,
    /// New queueIDs, requestids, regIDs, numbers and times for every repetition.
    pub fresh: bool,
    /// Where a JUnit XML report is written.
    pub report: Option<PathBuf>,
    /// Print what would be sent and send nothing.
    pub dry_run: bool,
    /// Print JSON Lines, the last one the summary.
    pub json: bool,
    /// The zone of 14-digit times.
    pub utc_offset: FixedOffset,
    /// The longest one message may take, connecting included.
    pub timeout: Duration,
}

/// How the run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Messages tried: the sum of the other three.
    pub replayed: u64,
    /// Answered as expected.
    pub matched: u64,
    /// Answered, but not as expected.
    pub differed: u64,
    /// Not sent, or not answered in time.
    pub failed: u64,
}

impl Summary {
    /// Whether every message was answered as expected.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.differed == 0 && self.failed == 0
    }

    fn count(&mut self, verdict: &Verdict) {
        self.replayed += 1;
        match verdict {
            Verdict::Matched => self.matched += 1,
            Verdict::Differed(_) => self.differed += 1,
            Verdict::Failed(_) => self.failed += 1,
        }
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { replayed, matched, differed, failed } = self;
        write!(f, "replayed {replayed}, matched {matched}, differed {differed}, failed {failed}")
    }
}

/// Why a run did not take place, or could not be told about.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// An option that cannot be followed.
    #[error("{0}")]
    Option(String),
    /// What is wrong with the paths: every fault found, nothing was sent.
    #[error("nothing was sent, these cannot be replayed:\n  {}", .0.join("\n  "))]
    Faults(Vec<String>),
    /// The results could not be printed.
    #[error("cannot print the results")]
    Output(#[source] io::Error),
    /// The report could not be written; the run itself is over.
    #[error("cannot write the report {}", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Replays `options.paths` against `options.target`, printing to `out`; the last line is the [`Summary`].
///
/// # Errors
/// [`ReplayError`]: before anything is sent for a bad option or an unreadable case. A difference or a
/// failed message is no error, see [`Summary::is_clean`].
pub async fn run(options: Options, clock: Clock, out: Box<dyn Write + Send>) -> Result<Summary, ReplayError> {
    check(&options)?;
    let target =
        Target::parse(&options.target).map_err(|what| ReplayError::Option(format!("target {what}")))?;
    let cases = load::load(&options.paths, options.utc_offset).map_err(ReplayError::Faults)?;
    let preparer = Preparer::new(&cases, &options, clock);
    let mut screen = Screen::new(out, cases.len() as u64 * u64::from(options.repeat), options.json);
    let summary = if options.dry_run {
        dry_run(&cases, &preparer, &target, options.repeat, &mut screen)?;
        Summary::default()
    } else {
        send(cases, preparer, target, &options, &mut screen).await?
    };
    screen.end(&summary).map_err(ReplayError::Output)?;
    Ok(summary)
}

fn check(options: &Options) -> Result<(), ReplayError> {
    let fault = |what: String| Err(ReplayError::Option(what));
    if !i64::try_from(options.concurrency).is_ok_and(|streams| (1..=STREAMS_MAX).contains(&streams)) {
        return fault(format!("concurrency must be from 1 to {STREAMS_MAX}"));
    }
    if !(1..=REPEAT_MAX).contains(&options.repeat.into()) {
        return fault(format!("repeat must be from 1 to {REPEAT_MAX}"));
    }
    if options.rate.is_some_and(|rate| !is_rate(rate)) {
        return fault(format!("rate must be {RATE_MIN} messages per second or more"));
    }
    Ok(())
}

/// Whether so many messages can be sent a second.
#[must_use]
pub fn is_rate(per_second: f64) -> bool {
    per_second.is_finite() && per_second >= RATE_MIN
}

/// Whether messages can be sent there.
///
/// # Errors
/// Why not, to follow the option's name; the address is not in it.
pub fn check_target(target: &str) -> Result<(), String> {
    Target::parse(target).map(drop)
}

fn dry_run(
    cases: &[Case],
    preparer: &Preparer,
    target: &Target,
    repeat: u32,
    screen: &mut Screen,
) -> Result<(), ReplayError> {
    for repetition in 0..repeat {
        for case in cases {
            let message = preparer.prepare(case, repetition);
            screen.would_send(&case.name, target, &message).map_err(ReplayError::Output)?;
        }
    }
    Ok(())
}

async fn send(
    cases: Vec<Case>,
    preparer: Preparer,
    target: Target,
    options: &Options,
    screen: &mut Screen,
) -> Result<Summary, ReplayError> {
    let mut report = options.report.clone().map(Report::new);
    let mut summary = Summary::default();
    let cases: Arc<[Case]> = cases.into();
    let mut results = streams::start(Arc::clone(&cases), preparer, target, options);
    while let Some(done) = results.recv().await {
        summary.count(&done.verdict);
        let name = done.name(&cases, options.repeat);
        if let Some(report) = &mut report {
            report.add(&name, &done.verdict, done.took);
        }
        screen.show(&name, &done, cases[done.case].expected.is_known()).map_err(ReplayError::Output)?;
    }
    if let Some(report) = report {
        report.write(&summary).map_err(|(path, source)| ReplayError::Report { path, source })?;
    }
    Ok(summary)
}
