//! A code becomes a service on a device: the ledger decides and writes; a code of a remote provider is
//! redeemed there between the two.

use std::sync::Arc;

use super::answer::{Refusal, Told};
use super::check::{self, Ask};
use super::{Activation, ResultCode, unavailable};
use crate::clock::Timestamp;
use crate::ledger::fulfil::{Redeem, Redeemed, lease_token};

impl Activation {
    /// Redeems the code of an [`Ask`] for [`Call::Redeem`](super::Call::Redeem).
    pub(super) async fn redeem(&self, ask: &Ask, now: Timestamp) -> Result<Told, Refusal> {
        let Some(check::Redeem { code, kind }) = &ask.redeem else {
            return Err(Refusal::Code(ResultCode::Parameter));
        };
        let redeem = Redeem {
            keys: code.iter().flat_map(|code| self.ledger.vault().lookups(code)).collect(),
            kind: *kind,
            device: ask.device_id.clone(),
            account: ask.user_account.clone(),
            now,
            leased_until: now.plus_ms(self.remotes.lease_ms),
            token: lease_token().map_err(|error| unavailable(&error))?,
            pausing: Arc::clone(&self.pausing),
        };
        match self.ledger.write(redeem).await.map_err(|error| unavailable(&error))? {
            Redeemed::Done(service) => Ok(Told::Redeemed(service)),
            Redeemed::Remote(claimed) => self.remotes.redeem(*claimed).await.map(Told::Redeemed),
            // Its end is known soon: until then another try is the only true answer.
            Redeemed::UnderWay => Err(Refusal::Code(ResultCode::System)),
            Redeemed::Refused(refused) => Err(Refusal::Code(refused.into())),
        }
    }
}
