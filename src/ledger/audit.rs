//! Who put what right, when and why, and what it changed: a row of its own for each repair, in the transaction that
//! does it. Rows are never changed and never removed.

use super::fulfil::holding::states;
use super::journal::Outcome;
use super::records::{Records, Writes};
use super::store::Store;
use super::tables::audit::{Action, Audit};
use super::{Ledger, StoreError};
use crate::clock::Timestamp;
use crate::ids::{Msisdn, NoticeId};
use crate::ledger::tables::Cell;
use crate::subscription::{ServiceState, State, Subscription};

/// The longest reason, in characters.
pub const WHY_CHARS_MAX: usize = 500;

/// The longest name of somebody who calls, in characters.
pub const WHO_CHARS_MAX: usize = 100;

/// So many subscriptions are named; the others are counted.
const NAMED_MAX: usize = 20;

/// The text is no name and no reason: it is empty or too long, or no database has a text of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not 1 to {0} characters of text")]
pub struct BadWords(usize);

/// Checks why something is done, as somebody says it.
///
/// # Errors
/// [`BadWords`] where it is empty, longer than [`WHY_CHARS_MAX`], or has the character 0 in it.
pub fn why(text: &str) -> Result<String, BadWords> {
    words(text, WHY_CHARS_MAX)
}

/// Checks who somebody says that he is.
///
/// # Errors
/// [`BadWords`] where it is empty, longer than [`WHO_CHARS_MAX`], or has the character 0 in it.
pub fn who(text: &str) -> Result<String, BadWords> {
    words(text, WHO_CHARS_MAX)
}

fn words(text: &str, chars_max: usize) -> Result<String, BadWords> {
    let fits = (1..=chars_max).contains(&text.chars().count()) && !text.contains('\0');
    fits.then(|| text.to_owned()).ok_or(BadWords(chars_max))
}

/// Who does something, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    who: String,
    why: Option<String>,
}

impl By {
    /// Somebody at the command line. Of a login name that no database has a text of, so much as it has.
    #[must_use]
    pub fn command(login: &str, why: Option<String>) -> Self {
        let login: String = login.chars().filter(|c| *c != '\0').take(WHO_CHARS_MAX).collect();
        Self { who: format!("command:{login}"), why }
    }

    /// Somebody on the admin listener: an address, or the name that came with the call.
    #[must_use]
    pub fn admin(who: &str, why: Option<String>) -> Self {
        Self { who: format!("admin:{who}"), why }
    }
}

/// How a notice and its number stand, in words.
pub(super) struct Standing {
    outcome: Option<Outcome>,
    held: Option<String>,
}

impl Standing {
    /// How they stand now.
    ///
    /// # Errors
    /// The engine's.
    pub(super) fn of(
        store: &mut impl Store,
        outcome: Option<Outcome>,
        number: Option<&Msisdn>,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        let states = number.map(|number| states(store, number)).transpose()?;
        Ok(Self { outcome, held: states.map(|states| held(&states, now)) })
    }

    fn told(&self, also: Option<&str>) -> String {
        let outcome = self.outcome.map(told);
        let parts = [outcome.as_deref(), also, self.held.as_deref()];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }
}

/// An outcome, with the reason of a parked one.
fn told(outcome: Outcome) -> String {
    match outcome.reason() {
        Some(reason) => format!("{} ({})", outcome.as_str(), reason.as_str()),
        None => outcome.as_str().to_owned(),
    }
}

/// What a number holds at a clock.
fn held(states: &[ServiceState], now: Timestamp) -> String {
    let all: Vec<&Subscription> = states.iter().flat_map(|state| &state.subscriptions).collect();
    if all.is_empty() {
        return "nothing held".to_owned();
    }
    let mut named: Vec<String> = all.iter().take(NAMED_MAX).map(|held| one(held, now)).collect();
    if all.len() > NAMED_MAX {
        named.push(format!("{} more", all.len() - NAMED_MAX));
    }
    named.join(", ")
}

fn one(held: &Subscription, now: Timestamp) -> String {
    let offer = &held.terms.offer;
    match (held.state(now), &held.run) {
        (State::Active, Some(run)) => format!("{offer} active until {}", run.expires_at.rfc3339()),
        (State::Grace, Some(run)) => format!("{offer} in grace until {}", run.lapses_at.rfc3339()),
        (state, _) => format!("{offer} {}", state.as_str()),
    }
}

/// What was done to what.
pub(super) struct Repair<'a> {
    pub(super) action: Action,
    pub(super) by: &'a By,
    pub(super) number: Option<&'a Msisdn>,
    pub(super) notice: NoticeId,
    pub(super) now: Timestamp,
    /// What else there is to say of it.
    pub(super) also: Option<String>,
}

/// Writes down what was done, and what it changed.
///
/// # Errors
/// The engine's.
pub(super) fn write(
    store: &mut impl Store,
    repair: Repair<'_>,
    before: &Standing,
    after: &Standing,
) -> Result<(), StoreError> {
    let id = store.new_number::<Audit>()?;
    store.save(&Audit {
        id,
        at: repair.now,
        who: repair.by.who.clone(),
        why: repair.by.why.clone(),
        action: repair.action,
        msisdn: repair.number.cloned(),
        notice: Some(repair.notice),
        about: None,
        before: before.told(None),
        after: after.told(repair.also.as_deref()),
    })
}

/// What was done to something that is no notice.
pub(super) struct Mark<'a> {
    pub(super) action: Action,
    pub(super) by: &'a By,
    pub(super) number: Option<&'a Msisdn>,
    /// What it was done to, by its kind and name.
    pub(super) about: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) now: Timestamp,
}

/// Writes that down.
///
/// # Errors
/// The engine's.
pub(super) fn mark(store: &mut impl Writes<Audit>, mark: Mark<'_>) -> Result<(), StoreError> {
    let id = store.new_number::<Audit>()?;
    store.save(&Audit {
        id,
        at: mark.now,
        who: mark.by.who.clone(),
        why: mark.by.why.clone(),
        action: mark.action,
        msisdn: mark.number.cloned(),
        notice: None,
        about: Some(mark.about),
        before: mark.before,
        after: mark.after,
    })
}

/// Whether a notice that is laid aside stood in the fold when it was.
///
/// # Errors
/// The engine's.
pub(super) fn stood_in_fold(store: &mut impl Store, id: NoticeId) -> Result<bool, StoreError> {
    let repairs: Vec<Audit> = store.list("notice_id", id.0)?;
    let discards = repairs.into_iter().filter(|repair| repair.action == Action::Discard);
    let newest = discards.max_by_key(|repair| repair.id);
    let stood = [Outcome::Applied, Outcome::NoChange, Outcome::Superseded].map(told);
    Ok(newest.is_some_and(|repair| {
        let outcome = repair.before.split(';').next().unwrap_or_default();
        stood.iter().any(|word| word == outcome)
    }))
}

impl Ledger {
    /// Up to `limit` repairs, the newest first, from before one; of one number, where it is given.
    ///
    /// # Errors
    /// The engine's.
    pub async fn audit(
        &self,
        number: Option<&Msisdn>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Audit>, StoreError> {
        let mut parameters: Vec<Cell> = vec![before.unwrap_or(i64::MAX).into(), limit.into()];
        parameters.extend(number.map(|number| number.in_full().into()));
        let of_number = if number.is_some() { " AND msisdn = $3" } else { "" };
        self.select(&format!("WHERE id < $1{of_number} ORDER BY id DESC LIMIT $2"), parameters).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_bounded_by_characters() {
        let long = "ệ".repeat(WHY_CHARS_MAX);
        assert_eq!(why(&long).as_deref(), Ok(long.as_str()));
        assert_eq!(why(&format!("{long}x")), Err(BadWords(WHY_CHARS_MAX)));
        assert_eq!(why("a\u{1b}[2J\n"), Ok("a\u{1b}[2J\n".to_owned()), "shown with its controls escaped");
        for bad in ["", "a\0b"] {
            assert!(why(bad).is_err() && who(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nobody_at_the_command_line_is_nameless() {
        assert_eq!(By::command("ann", None).who, "command:ann");
        assert_eq!(By::command(&"a\0".repeat(200), None).who, format!("command:{}", "a".repeat(100)));
    }
}
