//! What became of one message: its answer held against the expected one.

use super::case::Expected;
use super::compare;
use super::connection::Answer;

/// The longest reply that is printed, in characters.
const PRINTED_MAX: usize = 4000;

/// The result of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Answered as expected.
    Matched,
    /// Answered, but not so; one line for each difference.
    Differed(Vec<String>),
    /// Not sent or not answered, and why.
    Failed(String),
}

/// Holds an answer against what was expected.
pub(super) fn verdict(expected: &Expected, answer: &Answer) -> Verdict {
    let mut differences = Vec::new();
    if answer.status != expected.status {
        differences.push(format!("status: expected {}, came {}", expected.status, answer.status));
    }
    if let Some(reply) = &expected.reply {
        differences.extend(compare::differences(reply, &answer.reply));
    }
    if differences.is_empty() {
        return Verdict::Matched;
    }
    if let Some(reply) = &expected.reply {
        differences.push(format!("expected: {}", printed(reply)));
    }
    differences.push(format!("came:     {}", printed(&answer.reply)));
    Verdict::Differed(differences)
}

/// A reply on one line, cut where it is long.
pub(super) fn printed(reply: &[u8]) -> String {
    let text = String::from_utf8_lossy(reply);
    let mut lines: String = text.lines().map(str::trim).collect();
    if lines.is_empty() {
        return "(nothing)".to_owned();
    }
    if let Some((cut, _)) = lines.char_indices().nth(PRINTED_MAX) {
        lines.truncate(cut);
        lines.push('…');
    }
    lines
}
