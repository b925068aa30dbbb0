//! Transfers: what an account paid for on its other devices, and moving it to one.

use serde_json::{Value, json};

use super::ask::Ask;
use super::refusal::Refusal;
use super::{Code, Vas, unavailable};
use crate::catalog::Storage;
use crate::clock::Timestamp;
use crate::ledger::fulfil::{Transfer, Transferred};
use crate::ledger::read::{OnDevice, Paid};
use crate::service::holdings::Refused;
use crate::service::source::ServiceId;

/// In use: it has begun, and goes on wherever it may.
const IN_USE: u8 = 1;
/// Not started.
const NOT_STARTED: u8 = 4;

impl Vas {
    /// What may be moved to a device, the newest first.
    pub(super) async fn transferable(&self, ask: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let (account, to) = (ask.account()?, ask.device()?);
        self.own_device(&to, &account, now).await?;
        let paid = self.ledger.paid_by(&account, now).await.map_err(|error| unavailable(&error))?;
        let may_move =
            |paid: &&Paid| paid.on_device.service.device != to && paid.on_device.service.may_move();
        Ok(paid.iter().filter(may_move).map(|paid| shown(paid, now)).collect())
    }

    /// Moves one to a device.
    pub(super) async fn transfer(&self, ask: &Ask<'_>, now: Timestamp) -> Result<Value, Refusal> {
        let (account, to, service) = (ask.account()?, ask.device()?, ask.text("serviceId")?);
        self.own_device(&to, &account, now).await?;
        // What no ledger can hold is no id of a service.
        if !service.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Code::ServiceUnknown.into());
        }
        let service = ServiceId::from_stored(service.to_owned());
        let transfer = Transfer { service: service.clone(), to: to.clone(), account, now };
        match self.ledger.write(transfer).await.map_err(|error| unavailable(&error))? {
            Transferred::Moved => {}
            Transferred::Refused(why) => return Err(code(why).into()),
        }
        let paid = self.ledger.paid_on(&to, &service, now).await.map_err(|error| unavailable(&error))?;
        // It has ended since, or was moved on.
        let paid = paid.ok_or(Code::ServiceUnknown)?;
        let (start, end) = times(&paid.on_device, now);
        Ok(json!({
            "serviceId": service.as_str(),
            "deviceId": to.as_str(),
            "startTime": start,
            "endTime": end,
        }))
    }
}

/// Why it was not moved. The device was the account's a moment ago.
const fn code(why: Refused) -> Code {
    match why {
        Refused::NotBound => Code::NoDevice,
        Refused::AnotherAccount => Code::ForeignDevice,
        Refused::NoSuchService => Code::ServiceUnknown,
        Refused::NotPaid | Refused::Unstoppable => Code::ServiceFixed,
    }
}

fn shown(Paid { on_device, package }: &Paid, now: Timestamp) -> Value {
    let service = &on_device.service;
    let (number, name) = package.clone().unzip();
    let (start, end) = times(on_device, now);
    let has_begun = service.starts_at().is_some_and(|begun| begun <= now);
    json!({
        "serviceId": service.id.as_str(),
        "deviceId": service.device.as_str(),
        "packageNo": number,
        "name": name,
        "serviceType": service.plan.storage.map(Storage::service_type),
        "status": if has_begun { IN_USE } else { NOT_STARTED },
        "startTime": start,
        "endTime": end,
    })
}

/// When a service began or is going to, and when it ends, in seconds since 1970: as far as is known today. What
/// stands still on a device that is not the account's any more, as if it went on now.
pub(super) fn times(on_device: &OnDevice, now: Timestamp) -> (i64, i64) {
    let starts_at = on_device.starts_at.unwrap_or(now);
    let left_ms = on_device.service.left_ms(now).unwrap_or(0);
    let ends_at = on_device.ends_at.unwrap_or_else(|| starts_at.max(now).plus_ms(left_ms));
    (starts_at.seconds(), ends_at.seconds())
}
