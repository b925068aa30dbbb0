//! What was paid for beside the carrier, as operators see it: vouchers that were used, and what was moved.

use serde::Serialize;

use crate::clock::Timestamp;
use crate::ledger::read::Moved;
use crate::stock::Code;

/// A voucher that was used.
#[derive(Debug, Serialize)]
pub struct VoucherJson {
    package: Option<String>,
    name: Option<String>,
    batch: String,
    user_account: Option<String>,
    device_id: Option<String>,
    service_id: Option<String>,
    used_at: Option<String>,
}

/// A transfer that was made.
#[derive(Debug, Serialize)]
pub struct TransferJson {
    service_id: String,
    user_account: String,
    from_device: String,
    to_device: String,
    at: String,
}

/// A voucher, without its code.
#[must_use]
pub fn voucher(code: Code) -> VoucherJson {
    VoucherJson {
        package: code.about.package,
        name: code.about.voucher.map(|voucher| voucher.name),
        batch: code.about.batch,
        user_account: code.account.map(|account| account.in_full().to_owned()),
        device_id: code.device_id.map(|device| device.as_str().to_owned()),
        service_id: code.service_id.map(|service| service.as_str().to_owned()),
        used_at: code.used_at.map(Timestamp::rfc3339),
    }
}

/// A transfer.
#[must_use]
pub fn transfer(moved: Moved) -> TransferJson {
    TransferJson {
        service_id: moved.service.as_str().to_owned(),
        user_account: moved.account.in_full().to_owned(),
        from_device: moved.from.as_str().to_owned(),
        to_device: moved.to.as_str().to_owned(),
        at: moved.at.rfc3339(),
    }
}
