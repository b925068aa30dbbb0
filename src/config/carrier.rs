//! `[carrier]`: who may call the carrier surface and how its messages are judged. Leaves admitting
//! callers to the surface and judging to `subscription`.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use chrono::FixedOffset;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::caller::{self, Caller};
use super::net;
use super::reading::Reading;

/// The carrier surface and how its messages are judged.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Carrier {
    /// When set, the carrier surface answers only there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// Networks of the unnamed caller [`Carrier::UNNAMED`].
    #[serde(deserialize_with = "net::nets")]
    pub allow: Vec<IpNet>,
    /// Peers whose `X-Forwarded-For` is believed.
    #[serde(deserialize_with = "net::nets")]
    pub trusted_proxies: Vec<IpNet>,
    /// Zone of 14-digit times.
    #[serde(deserialize_with = "net::offset", serialize_with = "net::write_offset")]
    pub utc_offset: FixedOffset,
    /// What a check's `status` says, where the channel has no say of its own.
    pub check_answers: CheckAnswers,
    /// `<status>` beside `error_id` 1 in RPLY: 0 or 1.
    pub check_error_status: u8,
    /// What becomes of a notice whose `resultCode` is not 0.
    pub failed_result: FailedResult,
    /// Keep and acknowledge every notice, apply none.
    pub record_only: bool,
    /// How long an auto-renewing subscription stays in `grace` after it expired, in days.
    pub renewal_grace_days: u32,
    /// A start at most this far ahead of our clock has begun, in seconds.
    pub clock_skew_s: u32,
    /// How far apart two event times may be for queueIDs to decide their order, in seconds.
    pub queue_disorder_max_s: u32,
    /// An `expiredTime` more of the offer's periods after its start is odd.
    pub expiry_periods_max: u32,
    /// What an operator's own values of `regType` mean, beside 1 and 2.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reg_types: BTreeMap<String, RegMeaning>,
    /// Settings of single channels, by name in upper case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<String, Channel>,
    /// The named callers. Read apart, as a list of tables.
    #[serde(skip_deserializing, skip_serializing_if = "Vec::is_empty")]
    pub caller: Vec<Caller>,
}

/// What one channel has its own setting for.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
pub struct Channel {
    /// What a check's `status` says on this channel; none: as everywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check_answers: Option<CheckAnswers>,
}

/// What a check's `status` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckAnswers {
    /// 1: the number may register.
    MayRegister,
    /// 1: the number is subscribed.
    IsSubscribed,
}

/// What a value of `regType` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RegMeaning {
    /// As 1.
    Register,
    /// As 2.
    Cancel,
    /// Kept, without effect.
    Ignore,
}

/// What becomes of a notice whose `resultCode` is not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedResult {
    /// Parked as `held` until an operator decides.
    Hold,
    /// Judged as if it were 0.
    Apply,
    /// Kept, without effect.
    Ignore,
}

impl Carrier {
    /// The name of the caller that `carrier.allow` admits.
    pub const UNNAMED: &str = "carrier";

    /// What a check that names `channel` is answered; names compare without regard to case.
    #[must_use]
    pub fn check_answers_for(&self, channel: Option<&str>) -> CheckAnswers {
        let own = channel.and_then(|sent| {
            let found = self.channels.iter().find(|(name, _)| name.eq_ignore_ascii_case(sent));
            found.and_then(|(_, channel)| channel.check_answers)
        });
        own.unwrap_or(self.check_answers)
    }

    pub(super) fn check(&self, reading: &mut Reading, server: SocketAddr) {
        reading.range("carrier.check_error_status", &self.check_error_status, 0..=1);
        reading.range("carrier.renewal_grace_days", &self.renewal_grace_days, 0..=3650);
        reading.range("carrier.clock_skew_s", &self.clock_skew_s, 0..=86_400);
        reading.range("carrier.queue_disorder_max_s", &self.queue_disorder_max_s, 0..=31_536_000);
        reading.range("carrier.expiry_periods_max", &self.expiry_periods_max, 1..=1000);
        if let Some(listen) = self.listen {
            net::check_apart(reading, "carrier.listen", listen, &[Some(server)]);
        }
        caller::check(&self.caller, reading);
    }
}
