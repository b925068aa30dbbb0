//! Whether a device may have what a code is for, decided with what is known of the device and of the
//! code. Leaves carrying it out to the ledger, and saying it to the surfaces.

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

/// What a provider says is wrong with a code of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeFault {
    /// It was used before, elsewhere.
    Used,
    /// There is none such, or it is for another type of service.
    Invalid,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// The device is another account's.
    Device,
    /// The code was used.
    Used,
    /// There is no such code, it lapsed, or it is for another kind of service.
    Invalid,
}

/// Whether the code may be redeemed: the device first, then the code.
///
/// # Errors
/// Why not.
pub fn may_redeem(
    device: DeviceStanding,
    code: CodeStanding,
    asked: GrantKind,
    now: Timestamp,
) -> Result<(), Refused> {
    match (device, code) {
        (DeviceStanding::Another, _) => Err(Refused::Device),
        (_, CodeStanding::Unknown | CodeStanding::Void) => Err(Refused::Invalid),
        (_, CodeStanding::Used) => Err(Refused::Used),
        (_, CodeStanding::Unused { expires_at: Some(at), .. }) if at <= now => Err(Refused::Invalid),
        (_, CodeStanding::Unused { kind, .. }) if kind != asked => Err(Refused::Invalid),
        (_, CodeStanding::Unused { .. }) => Ok(()),
    }
}
