//! What a device's and a code's standing mean for whoever asks: the result codes of the stock's rules.

use super::ResultCode;
use crate::stock::redeem::{DeviceStanding, Refused};

impl From<Refused> for ResultCode {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Device => Self::Device,
            Refused::Used => Self::CodeUsed,
            Refused::Invalid => Self::CodeInvalid,
        }
    }
}

/// Whether the account may ask about the device: one that is bound to nobody is an unknown one.
///
/// # Errors
/// [`ResultCode::Device`].
pub fn may_look(device: DeviceStanding) -> Result<(), ResultCode> {
    match device {
        DeviceStanding::Own => Ok(()),
        DeviceStanding::Unbound | DeviceStanding::Another => Err(ResultCode::Device),
    }
}
