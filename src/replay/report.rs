//! The run as JUnit XML, for build servers: a difference is a failure, a message without an answer an
//! error. Written once, at the end.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::Summary;
use super::verdict::Verdict;

/// A report being gathered.
#[derive(Debug)]
pub(super) struct Report {
    path: PathBuf,
    cases: String,
    took: Duration,
}

impl Report {
    /// A report that will be written to `path`.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, cases: String::new(), took: Duration::ZERO }
    }

    /// Adds a result.
    pub(super) fn add(&mut self, name: &str, verdict: &Verdict, took: Duration) {
        self.took += took;
        let (name, seconds) = (escaped(name), took.as_secs_f64());
        let head = format!("  <testcase classname=\"replay\" name=\"{name}\" time=\"{seconds:.3}\"");
        let (tag, message, text) = match verdict {
            Verdict::Matched => {
                let _ = writeln!(self.cases, "{head}/>");
                return;
            }
            Verdict::Differed(lines) => {
                ("failure", lines.first().map(String::as_str).unwrap_or_default(), lines.join("\n"))
            }
            Verdict::Failed(why) => ("error", why.as_str(), why.clone()),
        };
        let (message, text) = (escaped(message), escaped(&text));
        let _ =
            writeln!(self.cases, "{head}>\n    <{tag} message=\"{message}\">{text}</{tag}>\n  </testcase>");
    }

    /// Writes the report, making its folder.
    ///
    /// # Errors
    /// The file and why it cannot be written.
    pub(super) fn write(self, summary: &Summary) -> Result<(), (PathBuf, io::Error)> {
        let Summary { replayed, differed, failed, .. } = summary;
        let seconds = self.took.as_secs_f64();
        let counts = format!("tests=\"{replayed}\" failures=\"{differed}\" errors=\"{failed}\"");
        let suite = format!("<testsuite name=\"replay\" {counts} time=\"{seconds:.3}\">");
        let text =
            format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{suite}\n{}</testsuite>\n", self.cases);
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let made = folder.map_or(Ok(()), std::fs::create_dir_all);
        made.and_then(|()| std::fs::write(&self.path, text)).map_err(|error| (self.path, error))
    }
}

/// Text as it may stand in an attribute or element; what XML 1.0 forbids becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forbidden_characters_and_markup_are_harmless() {
        assert_eq!(escaped("<a b=\"&\u{1}\">\n"), "&lt;a b=&quot;&amp;\u{fffd}&quot;&gt;\n");
    }
}
