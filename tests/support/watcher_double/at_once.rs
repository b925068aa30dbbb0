//! Calls at once: how many there were at most, and those that are not answered before another has come.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::state::State;

/// How often it is looked whether the other has come.
const LOOK_EVERY: Duration = Duration::from_millis(2);

#[derive(Debug, Clone, Default)]
pub struct AtOnce {
    now: usize,
    /// The most there were.
    pub most: usize,
    /// What calls of a kind wait for: that one of the other kind has come too.
    pub held: BTreeMap<&'static str, &'static str>,
}

/// A call that is under way, to its answer or until its caller has gone.
pub struct UnderWay(Arc<Mutex<State>>);

impl UnderWay {
    pub fn begin(state: &Arc<Mutex<State>>) -> Self {
        let at_once = &mut state.lock().unwrap().at_once;
        at_once.now += 1;
        at_once.most = at_once.most.max(at_once.now);
        Self(Arc::clone(state))
    }

    /// Until what this kind waits for has come.
    pub async fn wait(&self, kind: &str) {
        let Some(other) = self.0.lock().unwrap().at_once.held.get(kind).copied() else { return };
        while self.0.lock().unwrap().count(other) == 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let at_once = &mut self.0.lock().unwrap().at_once;
        // A test may have put another world in its place meanwhile.
        at_once.now = at_once.now.saturating_sub(1);
    }
}
