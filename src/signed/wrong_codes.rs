//! Wrong codes that a partner signed: its app lets people type what they like, and an imported code may be
//! short enough to guess. A device or an account with too many of them in a minute is not heard for a while.

use std::time::{Duration, Instant};

use crate::ids::{DeviceId, UserAccount};
use crate::limits::{Limited, Strikes};

const MINUTE: Duration = Duration::from_secs(60);

/// What is remembered of them, by device and by account.
pub struct WrongCodes {
    of_devices: Strikes<DeviceId>,
    of_accounts: Strikes<UserAccount>,
}

impl WrongCodes {
    /// `per_minute` of each device and of each account (`limits.bad_code_per_minute`; 0: no limit).
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self { of_devices: Strikes::new(per_minute, MINUTE), of_accounts: Strikes::new(per_minute, MINUTE) }
    }

    /// Whether a code may be tried by an account, on a device where one is meant.
    ///
    /// # Errors
    /// [`Limited`], right code or wrong.
    pub fn check(&self, device: Option<&DeviceId>, account: &UserAccount) -> Result<(), Limited> {
        let now = Instant::now();
        device.map_or(Ok(()), |device| self.of_devices.check(device, now))?;
        self.of_accounts.check(account, now)
    }

    /// Counts one.
    pub fn count(&self, device: Option<&DeviceId>, account: &UserAccount) {
        let now = Instant::now();
        device.into_iter().for_each(|device| self.of_devices.strike(device, now));
        self.of_accounts.strike(account, now);
    }
}
