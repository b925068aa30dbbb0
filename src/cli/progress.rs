//! How far a long command has come: a bar on a terminal, a plain line every few seconds elsewhere.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a plain line is written.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// A command's progress, on standard error: its output stays its own.
pub(super) enum Screen {
    Bar(ProgressBar),
    Plain(Instant),
}

impl Screen {
    /// Begins.
    pub(super) fn new() -> Self {
        if !io::stderr().is_terminal() {
            return Self::Plain(Instant::now());
        }
        let style = ProgressStyle::with_template("{msg} {bar:30} {human_pos}/{human_len} {per_sec} {eta}");
        Self::Bar(ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
    }

    /// Tells what is being done, and how many of how many are through; of 0 is of nobody knows how many.
    pub(super) fn show(&mut self, doing: &'static str, done: u64, of: u64) {
        let of = of.max(done);
        match self {
            Self::Bar(bar) => {
                if bar.message() != doing {
                    bar.set_message(doing);
                    bar.reset();
                }
                bar.set_length(of);
                bar.set_position(done);
            }
            Self::Plain(last) if last.elapsed() >= PLAIN_EVERY => {
                *last = Instant::now();
                // Progress that nobody can be shown is no reason to stop.
                let _ = writeln!(io::stderr(), "{doing}: {done} of {of}");
            }
            Self::Plain(_) => {}
        }
    }

    /// Prints something of the command's own in between.
    pub(super) fn beside(&self, print: impl FnOnce()) {
        match self {
            Self::Bar(bar) => bar.suspend(print),
            Self::Plain(_) => print(),
        }
    }

    /// Ends; nothing of a bar stays behind.
    pub(super) fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
