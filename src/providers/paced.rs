//! The calls of a look through all that another system has: no more in a second than the settings allow, and asked
//! again where that may help. For calls that only read.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use super::Fault;

/// How often a call is made before the look is given up.
const ATTEMPTS_MAX: u32 = 4;

/// The longest pause between those; what the other side asks for is kept up to here.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The rate; none where it has no limit.
pub(super) struct Paced(Option<DefaultDirectRateLimiter>);

impl Paced {
    /// `per_second` calls; 0: no limit.
    pub(super) fn new(per_second: u32) -> Self {
        let limiter = |rate| RateLimiter::direct(Quota::per_second(rate).allow_burst(NonZeroU32::MIN));
        Self(NonZeroU32::new(per_second).map(limiter))
    }

    /// Waits until the rate lets so many calls more out.
    pub(super) async fn wait(&self, calls: usize) {
        let Some(rate) = &self.0 else { return };
        for _ in 0..calls {
            rate.until_ready().await;
        }
    }

    /// Makes a call, again where that may help.
    ///
    /// # Errors
    /// The last call's.
    pub(super) async fn ask<T, C>(&self, call: impl Fn() -> C) -> Result<T, Fault>
    where
        C: Future<Output = Result<T, Fault>>,
    {
        let mut attempt = 1;
        loop {
            self.wait(1).await;
            match call().await {
                Err(Fault::Again { after, .. }) if attempt < ATTEMPTS_MAX => {
                    let pause = after.unwrap_or(Duration::from_millis(500) * attempt);
                    tokio::time::sleep(pause.min(PAUSE_MAX)).await;
                    attempt += 1;
                }
                answered => return answered,
            }
        }
    }
}
