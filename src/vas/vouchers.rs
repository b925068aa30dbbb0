//! Vouchers: what one is for, and using it on a device.

use std::sync::Arc;

use serde_json::{Value, json};

use super::ask::Ask;
use super::refusal::Refusal;
use super::{Code, Vas, transfers, unavailable};
use crate::clock::Timestamp;
use crate::ids::{DeviceId, UserAccount};
use crate::ledger::fulfil::{UseVoucher, VoucherUsed};
use crate::stock::{CodeText, Lookup};

impl Vas {
    /// What a voucher of the account's tenant is for, and whether it can be used.
    pub(super) async fn voucher(&self, ask: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let (account, typed) = (ask.account()?, ask.text("voucherCode")?);
        self.may_try(None, &account)?;
        for key in self.keys(typed) {
            let code = self.ledger.code(&key).await.map_err(|error| unavailable(&error))?;
            let Some(code) = code.filter(|code| code.is_for(account.tenant())) else { continue };
            if let (Some(status), Some(voucher)) = (code.voucher_status(now), &code.about.voucher) {
                return Ok(json!({
                    "voucherCode": typed,
                    "packageNo": code.about.package,
                    "name": voucher.name,
                    "serviceType": code.about.storage.map(|storage| storage.service_type()),
                    "storageDays": code.about.retention_days,
                    "period": voucher.period.word(),
                    "periodCount": voucher.period_count,
                    "status": status.number(),
                }));
            }
        }
        Err(self.wrong(None, &account))
    }

    /// Uses one on a device of the account; its term is counted from when it may begin there.
    pub(super) async fn use_voucher(&self, ask: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let (account, device, typed) = (ask.account()?, ask.device()?, ask.text("voucherCode")?);
        let zone = ask.zone(self.zone)?;
        self.may_try(Some(&device), &account)?;
        self.own_device(&device, &account, now).await?;
        let (keys, pausing) = (self.keys(typed), Arc::clone(&self.pausing));
        let used = UseVoucher { keys, device: device.clone(), account: account.clone(), zone, now, pausing };
        let service = match self.ledger.write(used).await.map_err(|error| unavailable(&error))? {
            VoucherUsed::Done(service) => service,
            // It was a moment ago.
            VoucherUsed::NotOwn => return Err(Code::NoDevice.into()),
            VoucherUsed::Unknown => return Err(self.wrong(Some(&device), &account)),
            VoucherUsed::Used => return Err(Code::VoucherUsed.into()),
            VoucherUsed::Expired => return Err(Code::VoucherExpired.into()),
        };
        let paid = self.ledger.paid_on(&device, &service, now).await.map_err(|error| unavailable(&error))?;
        // Written, and moved away at once: to be looked for there.
        let paid = paid.ok_or(Code::System)?;
        let (start, end) = transfers::times(&paid.on_device, now);
        Ok(json!({
            "serviceId": service.as_str(),
            "deviceId": device.as_str(),
            "packageNo": paid.package.map(|(number, _)| number),
            "startTime": start,
            "endTime": end,
        }))
    }

    /// All that a code may be kept under; none where no code looks like it.
    fn keys(&self, typed: &str) -> Vec<Lookup> {
        CodeText::parse(typed).map(|code| self.ledger.vault().lookups(&code)).unwrap_or_default()
    }

    /// As long as not too many codes were wrong.
    fn may_try(&self, device: Option<&DeviceId>, account: &UserAccount) -> Result<(), Refusal> {
        let heard = self.wrong_codes.check(device, account);
        heard.map_err(|limited| self.verifier.over("codes", &limited, account).into())
    }

    fn wrong(&self, device: Option<&DeviceId>, account: &UserAccount) -> Refusal {
        self.wrong_codes.count(device, account);
        Code::NoVoucher.into()
    }
}
