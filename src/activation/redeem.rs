//! Whether a device may have what a code is for, decided with what the ledger says of the device and
//! of the code. Leaves carrying it out to the transaction that asked.

use super::ResultCode;
use crate::catalog::GrantKind;
use crate::clock::Timestamp;

/// Whose a device is, seen from the asking account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceStanding {
    /// Bound to the asking account.
    Own,
    /// Bound to nobody; redeeming binds it.
    Unbound,
    /// Bound to another account.
    Another,
}

/// What the stock says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeStanding {
    /// There is none.
    Unknown,
    /// It was used, by whomever.
    Used,
    /// It was withdrawn: its subscription was cancelled.
    Void,
    /// It can be redeemed.
    Unused {
        /// What for.
        kind: GrantKind,
        /// Until when, exclusively; none: for ever.
        expires_at: Option<Timestamp>,
    },
}

/// Whether the code may be redeemed: the device first, then the code.
///
/// # Errors
/// The code to refuse with.
pub fn may_redeem(
    device: DeviceStanding,
    code: CodeStanding,
    asked: GrantKind,
    now: Timestamp,
) -> Result<(), ResultCode> {
    may_look(device, true)?;
    match code {
        CodeStanding::Unknown | CodeStanding::Void => Err(ResultCode::CodeInvalid),
        CodeStanding::Used => Err(ResultCode::CodeUsed),
        CodeStanding::Unused { expires_at: Some(at), .. } if at <= now => Err(ResultCode::CodeInvalid),
        CodeStanding::Unused { kind, .. } if kind != asked => Err(ResultCode::CodeInvalid),
        CodeStanding::Unused { .. } => Ok(()),
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
