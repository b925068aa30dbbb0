//! What the operator sees: differences as they are found, a progress bar on a terminal or a plain
//! line every few seconds elsewhere, and the summary as the last line.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::Summary;
use super::prepare::Message;
use super::streams::Done;
use super::target::Target;
use super::verdict::{Verdict, printed};
use crate::ids::visible;

/// How often a plain progress line is written.
const PLAIN_EVERY: Duration = Duration::from_secs(5);
/// How much of a body `--dry-run` prints, in characters.
const BODY_MAX: usize = 2000;

/// The output of one run.
pub(super) struct Screen {
    out: Box<dyn Write + Send>,
    json: bool,
    progress: Progress,
}

enum Progress {
    Bar(ProgressBar),
    Plain { done: u64, total: u64, last: Instant },
}

impl Screen {
    /// Results go to `out`, progress to standard error.
    pub(super) fn new(out: Box<dyn Write + Send>, total: u64, json: bool) -> Self {
        let progress = if io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {per_sec} {eta} {msg}");
            let bar = ProgressBar::new(total);
            Progress::Bar(bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())))
        } else {
            Progress::Plain { done: 0, total, last: Instant::now() }
        };
        Self { out, json, progress }
    }

    /// Prints a result, when there is something to say, and moves the progress on.
    pub(super) fn show(&mut self, name: &str, done: &Done, expected: bool) -> io::Result<()> {
        let text = match self.json {
            true => told(name, done),
            false => in_words(name, done, expected),
        };
        self.print(&text)?;
        self.progress.step();
        Ok(())
    }

    /// Prints what a message would be.
    pub(super) fn would_send(&mut self, name: &str, target: &Target, message: &Message) -> io::Result<()> {
        let Message { method, path_and_query, body, shift_s, .. } = message;
        let bytes = body.len();
        if self.json {
            let url = format!("{}{path_and_query}", target.base);
            let body = String::from_utf8_lossy(body);
            let line = json!({"case": name, "method": method.as_str(), "url": url, "shift_s": shift_s, "body": body});
            self.print(&format!("{line}\n"))?;
            self.progress.step();
            return Ok(());
        }
        let mut text = format!("{name}: {method} {}{path_and_query}, {bytes} bytes", target.base);
        if *shift_s != 0 {
            let _ = write!(text, ", times {shift_s:+} s");
        }
        text.push('\n');
        let shown: String = String::from_utf8_lossy(body).chars().take(BODY_MAX).collect();
        for line in shown.lines() {
            let _ = writeln!(text, "  {line}");
        }
        self.print(&text)?;
        self.progress.step();
        Ok(())
    }

    /// Prints the summary, the last line.
    pub(super) fn end(&mut self, summary: &Summary) -> io::Result<()> {
        if let Progress::Bar(bar) = &self.progress {
            bar.finish_and_clear();
        }
        match self.json {
            true => {
                let Summary { replayed, matched, differed, failed } = summary;
                let line = json!({
                    "replayed": replayed, "matched": matched, "differed": differed, "failed": failed,
                });
                writeln!(self.out, "{line}")?;
            }
            false => writeln!(self.out, "{summary}")?,
        }
        self.out.flush()
    }

    fn print(&mut self, text: &str) -> io::Result<()> {
        // What came over the wire or out of a file is shown, not obeyed.
        let (text, out) = (visible::lines(text), &mut self.out);
        match &self.progress {
            _ if text.is_empty() => Ok(()),
            Progress::Bar(bar) => bar.suspend(|| out.write_all(text.as_bytes())),
            Progress::Plain { .. } => out.write_all(text.as_bytes()),
        }
    }
}

/// One message's line of JSON.
fn told(name: &str, done: &Done) -> String {
    let (verdict, lines) = match &done.verdict {
        Verdict::Matched => ("matched", Vec::new()),
        Verdict::Differed(lines) => ("differed", lines.clone()),
        Verdict::Failed(why) => ("failed", vec![why.to_string()]),
    };
    let reply = done.answer.as_ref().map(|answer| printed(&answer.reply));
    format!("{}\n", json!({ "case": name, "verdict": verdict, "lines": lines, "reply": reply }))
}

/// What there is to say of a message; nothing where it was answered as expected.
fn in_words(name: &str, done: &Done, expected: bool) -> String {
    let mut text = String::new();
    match &done.verdict {
        Verdict::Matched if expected => {}
        Verdict::Matched => {
            let reply = done.answer.as_ref().map(|answer| printed(&answer.reply)).unwrap_or_default();
            let _ = writeln!(text, "{name}\n  {reply}");
        }
        Verdict::Differed(lines) => {
            let _ = writeln!(text, "{name}: differs\n  {}", lines.join("\n  "));
        }
        Verdict::Failed(why) => {
            let _ = writeln!(text, "{name}: failed\n  {why}");
        }
    }
    text
}

impl Progress {
    fn step(&mut self) {
        match self {
            Self::Bar(bar) => bar.inc(1),
            Self::Plain { done, total, last } => {
                *done += 1;
                if last.elapsed() >= PLAIN_EVERY {
                    *last = Instant::now();
                    // Progress that nobody can be shown is no reason to stop.
                    let _ = writeln!(io::stderr(), "replayed {done} of {total}");
                }
            }
        }
    }
}
