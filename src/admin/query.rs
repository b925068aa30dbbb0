//! The parameters that lists of the admin surface share.

use crate::json::{Problem, parameter};

/// Rows in one answer, unless asked otherwise.
const LIMIT_DEFAULT: u32 = 50;

/// The most that can be asked for.
const LIMIT_MAX: u32 = 500;

/// A parameter that is one of these words; a mistyped one must not look like an empty list.
pub(super) fn word(query: Option<&str>, name: &str, words: &[&str]) -> Result<Option<String>, Problem> {
    let sent = parameter(query, name)?;
    match &sent {
        Some(word) if !words.contains(&word.as_str()) => {
            Err(Problem::bad(format!("{name} is one of {}", words.join(", "))))
        }
        _ => Ok(sent),
    }
}

/// How many rows.
pub(super) fn limit(query: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = parameter(query, "limit")? else { return Ok(LIMIT_DEFAULT) };
    let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| Problem::bad(format!("limit is 1 to {LIMIT_MAX}")))
}

/// The row before which the page begins.
pub(super) fn cursor(query: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(text) = parameter(query, "cursor")? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| Problem::bad("cursor is not one that a list gave"))
}
