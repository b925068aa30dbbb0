//! `replay`: sends recorded messages to a running gateway and compares its answers.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::error::ErrorKind;

use super::output::Output;
use super::{Ended, Failure, Global, block_on, wrong_usage};
use crate::clock::Clock;
use crate::config::Secrets;
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
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=replay::STREAMS_MAX))]
    concurrency: u16,
    /// Messages a second; without it as fast as answers come
    #[arg(long, value_parser = rate)]
    rate: Option<f64>,
    /// How often the whole is sent
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=replay::REPEAT_MAX))]
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
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..))]
    timeout: u64,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok().filter(|rate| replay::is_rate(*rate));
    rate.ok_or_else(|| format!("is not a number of {} or more", replay::RATE_MIN))
}

pub(super) fn run(global: &Global, command: Replay) -> Ended {
    // Told without the address itself: it may hold a password.
    if let Err(what) = replay::check_target(&command.target) {
        wrong_usage(ErrorKind::ValueValidation, &format!("--target {what}"));
    }
    let config = global.load(Secrets::Of(&[]))?;
    let options = Options {
        paths: command.paths,
        target: command.target,
        concurrency: command.concurrency.into(),
        rate: command.rate,
        repeat: command.repeat,
        fresh: command.fresh,
        report: command.report,
        dry_run: command.dry_run,
        json: global.json,
        utc_offset: config.carrier.utc_offset,
        timeout: Duration::from_secs(command.timeout),
    };
    let summary = block_on(replay::run(options, Clock::system(), Box::new(Output)))??;
    if summary.is_clean() { Ok(()) } else { Err(Failure::Told) }
}
