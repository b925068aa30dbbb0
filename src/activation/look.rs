//! What a device's account may ask: the codes that it redeemed there, and what is in force there now.

use super::answer::{EffectRow, Refusal, Told, UsageRow};
use super::check::Ask;
use super::redeem::may_look;
use super::{Activation, unavailable};
use crate::clock::Timestamp;
use crate::ledger::read::{Device, OnDevice};
use crate::service::state::State;
use crate::stock::Code;
use crate::stock::redeem::DeviceStanding;
use crate::telemetry::Chain;

impl Activation {
    /// The codes that the account redeemed on the device, newest first.
    pub(super) async fn usage(&self, ask: &Ask, now: Timestamp) -> Result<Told, Refusal> {
        self.device(ask, now).await?;
        let codes = self.ledger.usage(&ask.device_id).await.map_err(|error| unavailable(&error))?;
        // What an earlier owner redeemed is not the new one's to read.
        let own = codes.into_iter().filter(|code| code.account.as_ref() == Some(&ask.user_account));
        Ok(Told::Usage(own.filter_map(|code| self.usage_row(code)).collect()))
    }

    /// What is in force on the device, newest first.
    pub(super) async fn effect(&self, ask: &Ask, now: Timestamp) -> Result<Told, Refusal> {
        let device = self.device(ask, now).await?;
        Ok(Told::Effect(device.services.into_iter().filter_map(effect_row).collect()))
    }

    /// The device, where it is the account's.
    async fn device(&self, ask: &Ask, now: Timestamp) -> Result<Device, Refusal> {
        let device = self.ledger.device(&ask.device_id, now).await.map_err(|error| unavailable(&error))?;
        let standing = match device.as_ref().and_then(|device| device.account.as_ref()) {
            None => DeviceStanding::Unbound,
            Some(account) if *account == ask.user_account => DeviceStanding::Own,
            Some(_) => DeviceStanding::Another,
        };
        may_look(standing).map_err(Refusal::Code)?;
        device.ok_or(Refusal::Code(super::ResultCode::Device))
    }

    /// A code that cannot be opened any more is shown without its text: the service it became is there.
    fn usage_row(&self, code: Code) -> Option<UsageRow> {
        let opened = self.ledger.vault().open(&code.sealed, &code.key);
        let act_code = opened.map(|text| text.in_full().to_owned()).unwrap_or_else(|error| {
            tracing::warn!(error = %Chain(&error), "a redeemed code is shown without its text");
            String::new()
        });
        let order_num = code.service_id?.as_str().to_owned();
        Some(UsageRow { order_num, act_code, use_time: code.used_at?, kind: code.about.kind })
    }
}

/// A service that is in force; one that waits, or is asked for, is not.
fn effect_row(on_device: OnDevice) -> Option<EffectRow> {
    let OnDevice { service, state: State::Active, starts_at: Some(start_time), ends_at: Some(end_time) } =
        on_device
    else {
        return None;
    };
    let order_num = service.id.as_str().to_owned();
    Some(EffectRow { order_num, start_time, end_time, kind: service.plan.kind })
}
