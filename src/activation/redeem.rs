//! What a device's and a code's standing mean for whoever asks: the result codes of the stock's rules.

use super::ResultCode;
use crate::stock::redeem::Refused;
pub use crate::stock::redeem::{CodeStanding, DeviceStanding};

impl From<Refused> for ResultCode {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Device => Self::Device,
            Refused::Used => Self::CodeUsed,
            Refused::Invalid => Self::CodeInvalid,
        }
    }
}

/// Whether the account may ask about the device: where nothing `binds` it, a device that is bound to
/// nobody is an unknown one.
///
/// # Errors
/// [`ResultCode::Device`].
pub fn may_look(device: DeviceStanding, binds: bool) -> Result<(), ResultCode> {
    match device {
        DeviceStanding::Own => Ok(()),
        DeviceStanding::Unbound if binds => Ok(()),
        DeviceStanding::Unbound | DeviceStanding::Another => Err(ResultCode::Device),
    }
}
