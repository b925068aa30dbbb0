//! An offer: a package of one of the carrier's services. Leaves reading it from a file to `read`.

use serde::{Deserialize, Serialize};

use super::grant::Grant;
use super::resolve::Sent;

/// A package of one of the carrier's services, and what it grants.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Our name of it, unique: 1 to 64 of `a-z 0-9 -`.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// The carrier's service; never empty, without blanks around it.
    pub service_id: String,
    /// The carrier's package; likewise.
    pub package_id: String,
    /// The service's readable name, a second way to match.
    pub service_code: Option<String>,
    /// The package's readable name, a second way to match.
    pub package_code: Option<String>,
    /// Whether a number holds only one package of the service; all offers of a service agree.
    pub exclusive: bool,
    /// How long one cycle is, where a notice does not say.
    pub period: Period,
    /// List price of one cycle, in whole units of `currency`.
    pub price: u64,
    /// ISO 4217 code.
    pub currency: String,
    /// How long an auto-renewing subscription stays in `grace`, in days: its own, else the carrier's.
    pub renewal_grace_days: u32,
    /// Where an SMS that registers goes.
    pub sms_short_code: Option<String>,
    /// What an SMS that registers says.
    pub sms_text: Option<String>,
    /// What it grants; may be nothing.
    pub grants: Vec<Grant>,
}

/// A cycle by the carrier's calendar (its rules are in `subscription`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// To the end of the same day.
    Day,
    /// Seven days, the first included.
    Week,
    /// To the day before the same day of the next month.
    Month,
}

impl Offer {
    /// Whether `sent` names this offer by an id and something else by the code beside it. The id
    /// rules; the caller should say so in the log.
    #[must_use]
    pub fn disagrees(&self, sent: &Sent<'_>) -> bool {
        let contradicts = |id: Option<&str>, sent: Option<&str>, own: Option<&str>| {
            id.is_some() && sent.zip(own).is_some_and(|(sent, own)| sent != own)
        };
        contradicts(sent.service_id, sent.service_code, self.service_code.as_deref())
            || contradicts(sent.package_id, sent.package_code, self.package_code.as_deref())
    }
}
