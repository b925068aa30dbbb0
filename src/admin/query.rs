//! The parameters that the calls of the admin surface take, and how those are read that lists share.

use super::Call;
use crate::json::{Problem, Query};

/// Rows in one answer, unless asked otherwise.
const LIMIT_DEFAULT: u32 = 50;

/// The most that can be asked for.
const LIMIT_MAX: u32 = 500;

/// A row's number has no more digits.
const CURSOR_DIGITS_MAX: usize = 18;

/// No provider of the settings has a longer name.
const PROVIDER_BYTES_MAX: usize = 64;

/// The names of what a call takes; none of a path that there is no call for.
pub(super) const fn names(call: Call) -> Option<&'static [&'static str]> {
    match call {
        Call::Notices => Some(&["outcome", "reason", "would_be", "msisdn", "queue_id", "limit", "cursor"]),
        Call::Tasks => Some(&["state", "provider", "msisdn", "limit", "cursor"]),
        Call::Orders => Some(&["state", "account", "device", "limit", "cursor"]),
        Call::Payments => Some(&["became", "limit", "cursor"]),
        Call::Audit => Some(&["limit", "cursor"]),
        Call::Nothing => None,
        _ => Some(&[]),
    }
}

/// A parameter that is one of these words; a mistyped one must not look like an empty list.
pub(super) fn word(query: &Query, name: &str, words: &[&str]) -> Result<Option<String>, Problem> {
    match query.get(name) {
        Some(word) if !words.contains(&word) => {
            Err(Problem::bad(format!("{name} is one of {}", words.join(", "))))
        }
        sent => Ok(sent.map(str::to_owned)),
    }
}

/// A provider's name, whether or not the settings still have it.
pub(super) fn provider(query: &Query) -> Result<Option<String>, Problem> {
    let Some(name) = query.get("provider") else { return Ok(None) };
    let fits = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    let fits = fits && name.len() <= PROVIDER_BYTES_MAX;
    fits.then(|| Some(name.to_owned())).ok_or_else(|| Problem::bad("provider is not the name of one"))
}

/// How many rows.
pub(super) fn limit(query: &Query) -> Result<u32, Problem> {
    let Some(text) = query.get("limit") else { return Ok(LIMIT_DEFAULT) };
    let limit = digits(text).and_then(|text| text.parse().ok());
    let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
    limit.ok_or_else(|| Problem::bad(format!("limit is 1 to {LIMIT_MAX}")))
}

/// The row before which the page begins.
pub(super) fn cursor(query: &Query) -> Result<Option<i64>, Problem> {
    let Some(text) = query.get("cursor") else { return Ok(None) };
    let row = digits(text).filter(|text| text.len() <= CURSOR_DIGITS_MAX).and_then(|text| text.parse().ok());
    row.map(Some).ok_or_else(|| Problem::bad("cursor is not one that a list gave"))
}

/// The text where it is digits alone: a number may be parsed of others, with a sign.
fn digits(text: &str) -> Option<&str> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then_some(text)
}
