//! What running sessions were last allowed, for the moments in which the ledger cannot be asked: each for as long as
//! its streamer was told not to ask again, and no more of them than there is room for.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::clock::Timestamp;
use crate::service::playback::Playable;

/// Sessions and spans of recordings in one generation; there are two. Together they take some 20 MB at most.
const SESSIONS_MAX: usize = 32_768;
const SPANS_MAX: usize = 262_144;

/// What tells a session from others.
pub(super) type Key = [u8; 32];

/// What was allowed, and when.
#[derive(Debug, Clone)]
pub(super) struct Yes {
    pub(super) playable: Arc<Playable>,
    pub(super) at: Timestamp,
}

/// Remembers them.
pub(super) struct Recent {
    life_ms: i64,
    kept: Mutex<Kept>,
}

/// In two generations: when the younger one is full or has lived long enough, the older one is forgotten whole.
#[derive(Default)]
struct Kept {
    young: HashMap<Key, Yes>,
    old: HashMap<Key, Yes>,
    spans: usize,
    since_ms: i64,
}

/// The key of a session that is known by all of `words`, which are apart whatever is in them.
pub(super) fn key(words: [&str; 5]) -> Key {
    let mut hash = Sha256::new();
    for word in words {
        hash.update(u64::try_from(word.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(word.as_bytes());
    }
    hash.finalize().into()
}

impl Recent {
    /// Each is remembered for `life_s` seconds.
    pub(super) fn new(life_s: u32) -> Self {
        Self { life_ms: i64::from(life_s) * 1000, kept: Mutex::default() }
    }

    /// A session was allowed this by the ledger's word.
    pub(super) fn remember(&self, key: Key, playable: Arc<Playable>, now: Timestamp) {
        let spans = playable.windows.len() + playable.recorded.len();
        let mut kept = self.lock();
        let is_full = kept.young.len() >= SESSIONS_MAX || kept.spans + spans > SPANS_MAX;
        if is_full || now.0.saturating_sub(kept.since_ms) >= self.life_ms {
            kept.old = mem::take(&mut kept.young);
            (kept.spans, kept.since_ms) = (0, now.0);
        }
        kept.spans += spans;
        kept.young.insert(key, Yes { playable, at: now });
    }

    /// A session was refused: nothing it was allowed before counts any more.
    pub(super) fn forget(&self, key: &Key) {
        let mut kept = self.lock();
        kept.young.remove(key);
        kept.old.remove(key);
    }

    /// What a session was allowed less than a life ago.
    pub(super) fn find(&self, key: &Key, now: Timestamp) -> Option<Yes> {
        let kept = self.lock();
        let yes = kept.young.get(key).or_else(|| kept.old.get(key))?;
        (0..self.life_ms).contains(&now.0.saturating_sub(yes.at.0)).then(|| yes.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::playback::Span;

    fn playable(spans: usize) -> Arc<Playable> {
        let span = Span { starts_at: Timestamp(0), ends_at: Timestamp(1) };
        Arc::new(Playable { until: Timestamp(1), windows: vec![span; spans], recorded: Vec::new() })
    }

    fn session(number: usize) -> Key {
        key([&number.to_string(), "cam-1", "token", "", ""])
    }

    #[test]
    fn each_lives_as_long_as_it_should_and_no_longer() {
        let recent = Recent::new(60);
        let found = |number, second: i64| recent.find(&session(number), Timestamp(second * 1000)).is_some();
        recent.remember(session(1), playable(1), Timestamp(1_000_000));
        recent.remember(session(2), playable(1), Timestamp(1_050_000));
        recent.remember(session(3), playable(1), Timestamp(1_070_000));
        assert!(found(1, 1000) && found(1, 1059) && !found(1, 1060));
        assert!(found(2, 1109) && !found(2, 1110));
        assert!(!found(3, 1069), "the clock went back");
        assert!(!found(4, 1070));
        recent.remember(session(1), playable(1), Timestamp(1_071_000));
        assert!(found(1, 1130));
        recent.forget(&session(1));
        recent.forget(&session(2));
        assert!(!found(1, 1072) && !found(2, 1072) && found(3, 1072));
    }

    #[test]
    fn there_is_a_bound_on_sessions_and_on_spans() {
        for (many, spans, most) in [(100_000, 1, 2 * SESSIONS_MAX), (20_000, 128, 2 * SPANS_MAX / 128)] {
            let (recent, playable) = (Recent::new(3600), playable(spans));
            for number in 0..many {
                recent.remember(session(number), Arc::clone(&playable), Timestamp(1));
            }
            let found = |number: &usize| recent.find(&session(*number), Timestamp(1)).is_some();
            let kept = (0..many).filter(found).count();
            assert!(kept <= most && kept >= most / 2, "{kept} of {many}");
            assert!(found(&(many - 1)), "the newest");
        }
    }

    #[test]
    fn words_are_apart() {
        assert_ne!(key(["ab", "", "", "", ""]), key(["a", "b", "", "", ""]));
        assert_eq!(session(1), session(1));
    }
}
