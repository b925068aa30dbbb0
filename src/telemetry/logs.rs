//! Sets up log lines on stderr, as text for a person or JSON for a collector. What is worth a line
//! is left to the modules; none of them writes to stderr by itself.
//!
//! Where stderr is the journal's (systemd says so in `JOURNAL_STREAM`), a line of text begins with its priority as
//! `<N>` and has no time of its own: the journal knows both by itself.

use std::fmt;
use std::io::{IsTerminal as _, stderr};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{Format, FormatEvent, FormatFields, Full, Writer};
use tracing_subscriber::registry::LookupSpan;
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

/// Starts logging to stderr, to the `journal` where that is its other end. `level` is `info`, `debug`, … or a list
/// such as `info,sdp_gateway::ledger=debug`; the environment is not read.
///
/// # Errors
/// [`BadLogSettings`] when the level cannot be read or a logger is already installed.
pub fn init_logs(format: LogFormat, level: &str, journal: bool) -> Result<(), BadLogSettings> {
    let filter = EnvFilter::builder().parse(level)?;
    // A line that cannot be written (a full disk, a reader gone) is lost; by default the logger would
    // complain to the same stderr and panic in the thread that logs.
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(lines::start())
        .log_internal_errors(false);
    match (format, journal) {
        (LogFormat::Text, true) => {
            let own = Prioritized(Format::default().without_time().with_level(false).with_ansi(false));
            lines.with_ansi(false).event_format(own).finish().try_init()?;
        }
        (LogFormat::Text, false) => lines.with_ansi(stderr().is_terminal()).finish().try_init()?,
        (LogFormat::Json, _) => lines.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}

/// Whether a level of [`init_logs`] can be read.
#[must_use]
pub fn is_log_level(level: &str) -> bool {
    !level.trim().is_empty() && EnvFilter::builder().parse(level).is_ok()
}

/// Lines that begin with the journal's priority.
struct Prioritized(Format<Full, ()>);

/// syslog's numbers, as `sd-daemon(3)` has them.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

impl<S, N> FormatEvent<S, N> for Prioritized
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        write!(writer, "<{}>", priority(*event.metadata().level()))?;
        self.0.format_event(context, writer, event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_level_is_refused_before_anything_is_installed() {
        let bad = init_logs(LogFormat::Text, "info,sdp_gateway=loudest", false);
        assert!(matches!(bad, Err(BadLogSettings::Level(_))));
        assert!(
            is_log_level("info,sdp_gateway::ledger=debug") && !is_log_level("") && !is_log_level("a=b=c")
        );
    }
}
