//! One at a time for each subscriber: two tasks of one subscriber that both look and find nothing would both
//! make it. Other processes are not held up; what they make at the same time is found, and mended, afterwards.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};

use crate::providers::{Fault, Why};
use crate::service::wanted::Owner;

/// A subscriber's turn, which lasts as long as this.
pub(super) type Turn = OwnedMutexGuard<()>;

/// The subscribers whose turn it is; no more of them than tasks are under way.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<Owner, Weak<Mutex<()>>>>);

impl Turns {
    /// Waits for a subscriber's turn.
    ///
    /// # Errors
    /// [`Fault::Again`] where it did not come in time.
    pub(super) async fn take(&self, owner: &Owner, deadline: Instant) -> Result<Turn, Fault> {
        let turn = {
            let mut turns = self.0.lock().await;
            let known = turns.get(owner).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                turns.retain(|_, turn| turn.strong_count() > 0);
                let turn = Arc::default();
                turns.insert(owner.clone(), Arc::downgrade(&turn));
                turn
            })
        };
        timeout_at(deadline, turn.lock_owned()).await.map_err(|_| Fault::Again {
            why: Why::new("another task of the same subscriber took all the time"),
            after: None,
        })
    }
}
