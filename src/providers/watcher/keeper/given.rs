//! The presets that organizations were seen to have, for a minute: who begins at the same time as others need not ask
//! each for itself. What was taken away meanwhile shows in Watcher's refusal, after which it is asked again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::ids::vsaas::{OrganizationId, PresetId};

/// For so long what was seen is taken for true.
const FRESH: Duration = Duration::from_secs(60);

/// Of so many it is remembered.
const GIVEN_MAX: usize = 10_000;

/// Which organization has which preset, and until when that is remembered.
#[derive(Default)]
pub(super) struct Given(Mutex<HashMap<(OrganizationId, PresetId), Instant>>);

impl Given {
    /// Whether an organization was seen with a preset a moment ago.
    pub(super) fn has(&self, home: OrganizationId, preset: PresetId) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&(home, preset)).is_some_and(|until| *until > Instant::now())
    }

    /// What was just seen of it.
    pub(super) fn seen(&self, home: OrganizationId, preset: PresetId, has: bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !has {
            all.remove(&(home, preset));
            return;
        }
        let now = Instant::now();
        if all.len() >= GIVEN_MAX {
            all.retain(|_, until| *until > now);
        }
        if all.len() < GIVEN_MAX {
            all.insert((home, preset), now + FRESH);
        }
    }
}
