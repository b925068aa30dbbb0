//! What follows from what a provider said: another attempt, the end, a dead letter. Pure; the ledger
//! remembers it.

use std::time::Duration;

use super::backoff::Backoff;
use crate::clock::Timestamp;
use crate::outbox;
use crate::providers::{Attempted, Fulfilled, Why};

/// How tasks are gone on with.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetryPolicy {
    pub(super) attempts_max: u32,
    pub(super) backoff: Backoff,
    /// How long the stock is left alone that had no code for a task.
    pub(super) stock_pause: Duration,
}

/// What an attempt says of the provider's health.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It answered.
    Worked,
    /// It did not, or could not.
    Failed(String),
    /// Nothing: it was not asked.
    Unasked,
}

/// Says nothing of a provider that is called, nor of a task; the words are those of the metric.
pub(super) fn class(outcome: &Attempted) -> &'static str {
    match outcome {
        Attempted::Done(_) => "done",
        Attempted::Again { .. } => "again",
        Attempted::Never(_) => "never",
        Attempted::Unknown(_) => "unknown",
        Attempted::Waits => "waits",
        Attempted::Denied(_) => "denied",
        Attempted::BadCode { .. } => "bad_code",
    }
}

/// A provider that refuses a task works as well as one that carries it out, and so does one that fails at one
/// thing alone.
pub(super) fn verdict(outcome: &Attempted) -> Verdict {
    match outcome {
        Attempted::Done(_) | Attempted::Never(_) | Attempted::BadCode { .. } => Verdict::Worked,
        Attempted::Again { why, .. } | Attempted::Unknown(why) if why.is_of_one => Verdict::Worked,
        Attempted::Again { why, .. } | Attempted::Unknown(why) | Attempted::Denied(why) => {
            Verdict::Failed(why.to_string())
        }
        Attempted::Waits => Verdict::Unasked,
    }
}

impl RetryPolicy {
    /// What is settled after an attempt that came after `attempts` others.
    pub(super) fn rule(
        &self,
        outcome: Attempted,
        attempts: u32,
        chance: u32,
        now: Timestamp,
    ) -> outbox::Settlement {
        let is_last = attempts.saturating_add(1) >= self.attempts_max;
        let due_in = |asked| later(now, self.backoff.pause(attempts, asked, chance));
        match outcome {
            Attempted::Done(Fulfilled { note, follow_up_at, .. }) => {
                outbox::Settlement::Done { note: note.map(str::to_owned), follow_up_at }
            }
            Attempted::Never(why) => outbox::Settlement::Dead { why: why.to_string(), doubt: false },
            Attempted::Again { why, .. } if is_last => self.given_up(&why, false),
            Attempted::Unknown(why) if is_last => self.given_up(&why, true),
            Attempted::Again { why, after } => {
                outbox::Settlement::Again { due_at: due_in(after), why: why.to_string() }
            }
            Attempted::Unknown(why) => {
                outbox::Settlement::Unknown { due_at: due_in(None), why: why.to_string() }
            }
            Attempted::Waits => outbox::Settlement::Waits { due_at: later(now, self.stock_pause), why: None },
            Attempted::Denied(why) => {
                outbox::Settlement::Waits { due_at: due_in(None), why: Some(why.to_string()) }
            }
            // The last of them too: its code has to be put aside. The next attempt is not made.
            Attempted::BadCode { fault, why } => {
                outbox::Settlement::BadCode { fault, due_at: due_in(None), why: why.to_string() }
            }
        }
    }

    fn given_up(&self, why: &Why, doubt: bool) -> outbox::Settlement {
        outbox::Settlement::Dead {
            why: format!("given up after {} attempts: {why}", self.attempts_max),
            doubt,
        }
    }

    /// Whether a task has had all its attempts, the last of which nobody knows the end of: its worker
    /// died over it, or its code was bad.
    pub(super) fn is_spent(&self, attempts: u32) -> bool {
        attempts >= self.attempts_max
    }
}

/// When what is settled so is due again.
pub(super) fn due_at(outcome: &outbox::Settlement) -> Option<Timestamp> {
    match outcome {
        outbox::Settlement::Again { due_at, .. }
        | outbox::Settlement::Unknown { due_at, .. }
        | outbox::Settlement::Waits { due_at, .. }
        | outbox::Settlement::BadCode { due_at, .. } => Some(*due_at),
        outbox::Settlement::Done { .. } | outbox::Settlement::Dead { .. } => None,
        outbox::Settlement::Returned { .. }
        | outbox::Settlement::GivenBack
        | outbox::Settlement::BrokenOff => None,
    }
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    now.plus_ms(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::CodeFault;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts_max: 3,
        backoff: Backoff { min: Duration::from_secs(1), max: Duration::from_secs(60) },
        stock_pause: Duration::from_secs(30),
    };

    fn ruled(outcome: Attempted, attempts: u32) -> outbox::Settlement {
        POLICY.rule(outcome, attempts, 0, Timestamp(1000))
    }

    fn why() -> Why {
        Why::answered("1005", "system exception there")
    }

    fn text() -> String {
        "system exception there (result code 1005)".to_owned()
    }

    #[test]
    fn failures_are_tried_again_until_the_last() {
        let again = |after| Attempted::Again { why: why(), after };
        let due = |ms| outbox::Settlement::Again { due_at: Timestamp(ms), why: text() };
        assert_eq!(ruled(again(None), 0), due(2000));
        assert_eq!(ruled(again(Some(Duration::from_secs(7))), 1), due(8000));
        let why = format!("given up after 3 attempts: {}", text());
        assert_eq!(ruled(again(None), 2), outbox::Settlement::Dead { why, doubt: false });
    }

    #[test]
    fn what_nobody_knows_stays_in_doubt() {
        let unknown = outbox::Settlement::Unknown { due_at: Timestamp(3000), why: text() };
        assert_eq!(ruled(Attempted::Unknown(why()), 1), unknown);
        let last = ruled(Attempted::Unknown(why()), 2);
        assert!(matches!(last, outbox::Settlement::Dead { doubt: true, .. }), "{last:?}");
    }

    #[test]
    fn the_rest() {
        let done = outbox::Settlement::Done { note: None, follow_up_at: None };
        assert_eq!(ruled(Attempted::Done(Fulfilled::default()), 0), done);
        assert_eq!(ruled(Attempted::Never(why()), 0), outbox::Settlement::Dead { why: text(), doubt: false });
        let waits = |ms, why| outbox::Settlement::Waits { due_at: Timestamp(ms), why };
        assert_eq!(ruled(Attempted::Waits, 2), waits(31_000, None));
        assert_eq!(ruled(Attempted::Denied(why()), 2), waits(5000, Some(text())), "never the last");
        let bad = ruled(Attempted::BadCode { fault: CodeFault::Used, why: why() }, 2);
        assert!(matches!(bad, outbox::Settlement::BadCode { .. }), "the code is put aside: {bad:?}");
        assert!(POLICY.is_spent(3) && !POLICY.is_spent(2));
    }

    #[test]
    fn only_silence_and_faults_speak_against_a_provider() {
        assert_eq!(verdict(&Attempted::Never(why())), Verdict::Worked);
        assert_eq!(verdict(&Attempted::Unknown(why())), Verdict::Failed(text()));
        assert_eq!(verdict(&Attempted::Waits), Verdict::Unasked);
    }
}
