//! What was asked a short while ago, remembered in memory alone and in bounds of it: for questions whose answers are
//! everybody's, where a repetition does no harm and a write for each would be most of the work. Leaves all others to the
//! ledger, which remembers for all gateways and over a restart.

use std::collections::HashSet;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::mem;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;

/// Questions in one of two generations. Where more than these come within the time that they are to be remembered, the
/// oldest are forgotten before it is over. At 9 bytes each, both are at most 5 MB.
const ASKED_MAX: usize = 229_376;

/// The questions asked lately, each as a hash that nobody outside can foresee.
#[derive(Default)]
pub(super) struct Recent {
    hashes: RandomState,
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashSet<u64>,
    old: HashSet<u64>,
    /// When the young one is old.
    turns_at: Option<Timestamp>,
}

impl Recent {
    /// Whether a question is new; from now on it is not, until that time.
    pub(super) fn is_new(&self, question: impl Hash, until: Timestamp, now: Timestamp) -> bool {
        let question = self.hashes.hash_one(question);
        let mut generations = self.generations.lock().unwrap_or_else(PoisonError::into_inner);
        generations.turn(until, now);
        !generations.old.contains(&question) && generations.young.insert(question)
    }
}

impl Generations {
    fn turn(&mut self, until: Timestamp, now: Timestamp) {
        match self.turns_at {
            Some(at) if now < at && self.young.len() < ASKED_MAX => return,
            // Nothing came for so long that both are over.
            Some(at) if now >= at.plus_ms(until.0.saturating_sub(now.0)) => self.young.clear(),
            _ => {}
        }
        self.old = mem::take(&mut self.young);
        self.turns_at = Some(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn ask(recent: &Recent, question: usize, at_ms: i64) -> bool {
        recent.is_new(question, Timestamp(at_ms + MINUTE), Timestamp(at_ms))
    }

    #[test]
    fn a_question_is_new_once_in_its_time() {
        let recent = Recent::default();
        assert!(ask(&recent, 1, 0) && ask(&recent, 2, 59_999));
        assert!(!ask(&recent, 1, 59_999) && !ask(&recent, 1, 60_000), "in whichever generation");
        assert!(!ask(&recent, 2, 119_998), "a minute for each");
        assert!(ask(&recent, 1, 120_000), "and then it is forgotten");
        assert!(ask(&recent, 1, 1_000_000), "after a long time too");
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_go_first() {
        let recent = Recent::default();
        for question in 0..3 * ASKED_MAX {
            assert!(ask(&recent, question, 0));
        }
        let held = |recent: &Recent| {
            let generations = recent.generations.lock().unwrap_or_else(PoisonError::into_inner);
            generations.young.len() + generations.old.len()
        };
        assert!(held(&recent) <= 2 * ASKED_MAX);
        assert!(!ask(&recent, 3 * ASKED_MAX - 1, 0) && ask(&recent, 0, 0));
    }
}
