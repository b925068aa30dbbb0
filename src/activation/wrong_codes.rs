//! Wrong codes that a partner signed: its app lets people type what they like, and an imported code may be
//! short enough to guess. A device or an account with too many of them in a minute is not heard for a while.

use std::time::{Duration, Instant};

use super::check::Ask;
use crate::ids::{DeviceId, UserAccount};
use crate::limits::{Limited, Strikes};

const MINUTE: Duration = Duration::from_secs(60);

/// What is remembered of them, by device and by account.
pub(super) struct WrongCodes {
    of_devices: Strikes<DeviceId>,
    of_accounts: Strikes<UserAccount>,
}

impl WrongCodes {
    /// `per_minute` of each device and of each account (`limits.bad_code_per_minute`; 0: no limit).
    pub(super) fn new(per_minute: u32) -> Self {
        Self { of_devices: Strikes::new(per_minute, MINUTE), of_accounts: Strikes::new(per_minute, MINUTE) }
    }

    /// Whether a code may be tried.
    ///
    /// # Errors
    /// [`Limited`], right code or wrong.
    pub(super) fn check(&self, ask: &Ask) -> Result<(), Limited> {
        let now = Instant::now();
        self.of_devices.check(&ask.device_id, now)?;
        self.of_accounts.check(&ask.user_account, now)
    }

    /// Counts one.
    pub(super) fn count(&self, ask: &Ask) {
        let now = Instant::now();
        self.of_devices.strike(&ask.device_id, now);
        self.of_accounts.strike(&ask.user_account, now);
    }
}
