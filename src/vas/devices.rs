//! Whose a device is.

use super::refusal::Refusal;
use super::{Code, Vas, unavailable};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::read::Device;

impl Vas {
    /// The device, where it is bound to that account.
    ///
    /// # Errors
    /// [`Code::NoDevice`] where nobody has it, or another tenant; [`Code::ForeignDevice`] where another account of the
    /// same tenant has it.
    pub(super) async fn own_device(
        &self,
        device: &DeviceId,
        account: &UserAccount,
        now: Timestamp,
    ) -> Result<Device, Refusal> {
        let known = self.ledger.device(device, now).await.map_err(|error| unavailable(&error))?;
        let known = known.ok_or(Code::NoDevice)?;
        match &known.account {
            Some(owner) if owner == account => Ok(known),
            Some(owner) if owner.tenant() == account.tenant() => Err(Code::ForeignDevice.into()),
            Some(_) | None => Err(Code::NoDevice.into()),
        }
    }
}
