//! What is to be paid. Leaves when, and by whom, to orders.

use secrecy::SecretString;

use super::pay_type::PayType;
use crate::clock::Timestamp;
use crate::money::Money;

/// An order that is to be paid.
#[derive(Debug, Clone)]
pub struct Charge {
    /// Ours: 6 to 32 of `[A-Za-z0-9]`, which is what both vendors take, and no other order's.
    pub order_id: String,
    /// What the payer reads.
    pub subject: String,
    /// How much.
    pub money: Money,
    /// Until when it may be paid.
    pub expires_at: Timestamp,
    /// What we are known by outside (`https://HOST[/PATH]`, no `/` at the end): vendors call back below it.
    pub public_url: String,
    /// How to register for the same at the carrier; none: the carrier does not sell it.
    pub registration: Option<Registration>,
}

/// How to register at the carrier.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The carrier's service.
    pub service_id: String,
    /// The carrier's package.
    pub package_id: String,
    /// Where to send a message, where that is known.
    pub sms_short_code: Option<String>,
    /// Which message.
    pub sms_text: Option<String>,
    /// What the answer is signed with: the secret of the partner that asks, the one that signed its request.
    pub secret: SecretString,
}

impl Charge {
    /// Where this vendor calls back.
    pub(super) fn callback(&self, pay_type: PayType) -> String {
        format!("{}{}", self.public_url, pay_type.callback_path().unwrap_or_default())
    }
}
