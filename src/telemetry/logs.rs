//! Sets up log lines on stderr, as text for a person or JSON for a collector. What is worth a line
//! is left to the modules; none of them writes to stderr by itself.

use std::io::{IsTerminal as _, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use super::lines;

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// One readable line each; coloured on a terminal.
    #[default]
    Text,
    /// One JSON object each.
    Json,
}

/// Logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum BadLogSettings {
    /// The level is none of the known words, nor a list of `module=level`.
    #[error("reading the log level")]
    Level(#[from] tracing_subscriber::filter::ParseError),
    /// Something in this process set up logging before.
    #[error("installing the logger")]
    Taken(#[from] TryInitError),
}

/// Starts logging to stderr. `level` is `info`, `debug`, … or a list such as
/// `info,sdp_gateway::ledger=debug`; the environment is not read.
///
/// # Errors
/// [`BadLogSettings`] when the level cannot be read or a logger is already installed.
pub fn init_logs(format: LogFormat, level: &str) -> Result<(), BadLogSettings> {
    let filter = EnvFilter::builder().parse(level)?;
    // A line that cannot be written (a full disk, a reader gone) is lost; by default the logger would
    // complain to the same stderr and panic in the thread that logs.
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(lines::start())
        .log_internal_errors(false);
    match format {
        LogFormat::Text => lines.with_ansi(stderr().is_terminal()).finish().try_init()?,
        LogFormat::Json => lines.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_level_is_refused_before_anything_is_installed() {
        let bad = init_logs(LogFormat::Text, "info,sdp_gateway=loudest");
        assert!(matches!(bad, Err(BadLogSettings::Level(_))));
    }
}
