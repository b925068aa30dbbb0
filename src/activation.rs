//! The activation surface: codes redeemed, and what was redeemed and is in force on a device, in the
//! grammar that camera apps speak already (contract section 5). Here is all of it that needs no
//! ledger: reading and checking a request, deciding with what the ledger says, and the answer.
//!
//! ```text
//! params   what arrived, as it arrived
//! check    who signed it, once and lately: verify, then (the ledger's word on the nonce) ask
//! redeem   whether this device may have this code, decided with the ledger's word on both
//! answer   the envelope
//! ```

pub mod answer;
pub mod check;
mod code;
pub mod params;
pub mod redeem;

pub use code::ResultCode;

/// The calls there are; each takes POST and GET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A code for a device.
    Redeem,
    /// The codes redeemed on a device, newest first.
    UsageRecord,
    /// What is in force on a device now.
    Effect,
}

/// The paths, and the call each is for.
pub const PATHS: [(&str, Call); 3] = [
    ("/v3/third/sdk/actCode/service", Call::Redeem),
    ("/v3/third/sdk/actCode/usage/record", Call::UsageRecord),
    ("/v3/third/sdk/device/services/effect", Call::Effect),
];
