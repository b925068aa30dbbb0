//! `replay`: sends recorded messages to a running gateway and compares its answers.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Ended, Failure, Global, block_on};
use crate::clock::Clock;
use crate::replay::{self, Options};

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// Fixture folders, folders of them, XML files, or journals exported as JSON Lines
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Where the gateway answers, such as http://127.0.0.1:8080
    #[arg(long, value_name = "URL")]
    target: String,
    /// Messages under way at once; those of one number stay in order
    #[arg(long, default_value_t = 1)]
    concurrency: usize,
    /// Messages a second; without it as fast as answers come
    #[arg(long)]
    rate: Option<f64>,
    /// How often the whole is sent
    #[arg(long, default_value_t = 1)]
    repeat: u32,
    /// Give new queueIDs, requestids, numbers and times, consistently
    #[arg(long)]
    fresh: bool,
    /// Write a JUnit XML report
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Seconds to wait for one answer
    #[arg(long, default_value_t = 30)]
    timeout: u64,
}

pub(super) fn run(global: &Global, command: Replay) -> Ended {
    let config = global.load()?;
    let options = Options {
        paths: command.paths,
        target: command.target,
        concurrency: command.concurrency,
        rate: command.rate,
        repeat: command.repeat,
        fresh: command.fresh,
        report: command.report,
        dry_run: command.dry_run,
        utc_offset: config.carrier.utc_offset,
        timeout: Duration::from_secs(command.timeout),
    };
    let summary = block_on(replay::run(options, Clock::system()))??;
    if summary.is_clean() { Ok(()) } else { Err(Failure::Told) }
}
