//! How orders are paid: what an app needs to pay with Alipay, with WeChat or by registering at the carrier, and what the
//! first two say when they call back. They see no ledger: an order's life, and that a payment counts once, are others'.
//!
//! ```text
//! charge     what is to be paid;  pay_type: how
//! alipay     an order string, and callbacks that are forms
//! wechat     a call for a prepay id, and callbacks that are sealed JSON
//! sdp        what to send to the carrier, which settles it by its notice
//! called     what a callback says, why one is not believed, and what it is answered
//! beijing    the clock that Alipay and WeChat go by
//! ```
//!
//! A callback that is not believed is counted and answered with a failure, so that it is sent again: a wrong key of ours
//! loses nothing that is put right within the day or so for which the vendors repeat.

mod alipay;
mod beijing;
mod called;
mod charge;
mod pay_type;
mod refused;
mod sdp;
mod wechat;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::ArcSwap;
use hyper::HeaderMap;
use serde_json::Value;

pub use called::{Answer, Outcome, Paid, Told, Unproven};
pub use charge::{Charge, Registration};
pub use pay_type::PayType;
pub use refused::Refused;

use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::http::ClientError;
use crate::signature::KeyFault;

/// What an app pays with, being made.
pub type Preparing<'a> = Pin<Box<dyn Future<Output = Result<Value, Refused>> + Send + 'a>>;

/// One way to pay.
pub trait Payment: Send + Sync {
    /// What an app needs to pay this: the `createPayment` answer's data. The same charge may be prepared any number of
    /// times, and is paid once.
    fn prepare<'a>(&'a self, charge: &'a Charge) -> Preparing<'a>;

    /// Its callbacks, where it calls back.
    fn calls_back(&self) -> Option<&dyn CallsBack> {
        None
    }
}

/// Who tells us by a request of its own that something was paid.
pub trait CallsBack: Send + Sync {
    /// What a request says, if it is genuine and about us.
    ///
    /// # Errors
    /// [`Unproven`]: nothing of it may be believed.
    fn called(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Told, Unproven>;

    /// How to answer it.
    fn answer(&self, outcome: Outcome) -> Answer;
}

/// Why the ways to pay cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A key is none, which the settings' own check finds first.
    #[error("a key in the settings of payments {0}")]
    Key(KeyFault),
    /// The client of a vendor cannot be built.
    #[error("a client for payments cannot be set up")]
    Client(#[from] ClientError),
}

type Ways = BTreeMap<PayType, Arc<dyn Payment>>;

/// The ways to pay that the settings open. Exchanged as a whole by a reload, while requests go on with what they found.
pub struct Payments {
    ways: ArcSwap<Ways>,
    clock: Clock,
}

impl Payments {
    /// Those of these settings.
    ///
    /// # Errors
    /// [`BuildError`].
    pub fn build(settings: &config::Payments, clock: &Clock) -> Result<Self, BuildError> {
        Ok(Self { ways: ArcSwap::from_pointee(ways(settings, clock)?), clock: clock.clone() })
    }

    /// Those of other settings from now on.
    ///
    /// # Errors
    /// [`BuildError`]; then it goes on with its old ones.
    pub fn renew(&self, settings: &config::Payments) -> Result<(), BuildError> {
        self.ways.store(Arc::new(ways(settings, &self.clock)?));
        Ok(())
    }

    /// A way, where it is open.
    #[must_use]
    pub fn of(&self, pay_type: PayType) -> Option<Arc<dyn Payment>> {
        self.ways.load().get(&pay_type).cloned()
    }
}

fn ways(settings: &config::Payments, clock: &Clock) -> Result<Ways, BuildError> {
    let mut ways = Ways::new();
    if settings.sdp.is_some() {
        ways.insert(PayType::Sdp, Arc::new(sdp::Sdp));
    }
    if let Some(settings) = &settings.alipay {
        ways.insert(PayType::Alipay, Arc::new(alipay::Alipay::new(settings, clock.clone())?));
    }
    if let Some(settings) = &settings.wechat {
        ways.insert(PayType::WeChat, Arc::new(wechat::WeChat::new(settings, clock.clone())?));
    }
    Ok(ways)
}
