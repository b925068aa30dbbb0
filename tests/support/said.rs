//! What the carrier says in tests: notices about the daily package of the shipped catalog, their
//! times around now. The including test also includes `gateway`.
#![allow(dead_code, reason = "no test uses all of it")]

use chrono::{DateTime, Duration, FixedOffset, Utc};
use serde_json::Value;

use crate::gateway::{Answer, Gateway, notice};

pub(crate) const REG: &str = "/vascloud/v1/notify_reg";
pub(crate) const CHECK: &str = "/vascloud/v1/notify_check";

/// The exclusive service of the shipped catalog, and its packages.
pub(crate) const SERVICE: &str = "1000625";
pub(crate) const DAY: &str = "1003013";
pub(crate) const MONTH: &str = "1003015";

/// A notice on its way.
#[derive(Clone)]
pub(crate) struct Said(Vec<(&'static str, String)>);

/// A register of the daily package: an hour ago, for twelve hours from now.
pub(crate) fn register(queue_id: &str, msisdn: &str) -> Said {
    base(queue_id, msisdn, "1").with("subcribeTime", &at(-1)).with("expiredTime", &at(12))
}

/// A cancel of the daily package, a minute ago.
pub(crate) fn cancel(queue_id: &str, msisdn: &str) -> Said {
    base(queue_id, msisdn, "2").with("updateTime", &carrier_time(Utc::now() - Duration::minutes(1)))
}

/// Each register begins a run of its own, and a cancel is of the one just before it: what has the regID and the second
/// of another would be told again.
fn base(queue_id: &str, msisdn: &str, reg_type: &str) -> Said {
    let place: u64 = queue_id.trim().parse().unwrap_or(1);
    let run = if reg_type == "2" { place.saturating_sub(1) } else { place };
    let reg_id = format!("3{run:07}");
    let fields = [
        ("queueID", queue_id),
        ("resultCode", "0"),
        ("regID", reg_id.as_str()),
        ("msisdn", msisdn),
        ("regType", reg_type),
        ("channel", "SMS"),
        ("service_id", SERVICE),
        ("package_id", DAY),
        ("price", "3000"),
        ("autoRenew", "1"),
    ];
    Said(fields.map(|(name, value)| (name, value.to_owned())).to_vec())
}

impl Said {
    /// The same with another value of a field.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, value.to_owned()));
        self
    }

    /// The same without a field.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| *known != name);
        self
    }

    /// As XML.
    pub(crate) fn xml(&self) -> String {
        let fields: Vec<_> = self.0.iter().map(|(name, value)| (*name, value.as_str())).collect();
        notice(&fields)
    }

    /// As the parameters of a query or a form; its values need no escapes.
    pub(crate) fn pairs(&self) -> String {
        self.0.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
    }

    /// Sends it, whatever comes of it.
    pub(crate) fn send(&self, gateway: &Gateway) -> Answer {
        gateway.post(REG, &self.xml())
    }

    /// Sends it; it must be acknowledged.
    #[track_caller]
    pub(crate) fn tell(&self, gateway: &Gateway) {
        let answer = self.send(gateway);
        let said = (answer.status, answer.element("error_id"));
        assert_eq!(said, (200, "0".to_owned()), "{}", answer.text());
    }

    /// Sends it; answers the id of the newest notice, which is this one if it was new.
    #[track_caller]
    pub(crate) fn kept(&self, gateway: &Gateway) -> i64 {
        self.tell(gateway);
        newest(gateway)["id"].as_i64().expect("an id")
    }
}

/// The newest notice of the journal.
pub(crate) fn newest(gateway: &Gateway) -> Value {
    gateway.admin("/api/v1/notices?limit=1").json()["notices"][0].clone()
}

/// What became of a notice: `applied`, or the reason where it is parked.
pub(crate) fn outcome(gateway: &Gateway, id: i64) -> String {
    let notice = gateway.admin(&format!("/api/v1/notices/{id}")).json();
    let word = if notice["outcome"] == "parked" { &notice["reason"] } else { &notice["outcome"] };
    word.as_str().expect("a word").to_owned()
}

/// The state of the only subscription of a number, or how many it has.
pub(crate) fn state(gateway: &Gateway, msisdn: &str) -> String {
    match gateway.story(msisdn)["subscriptions"].as_array().expect("a list").as_slice() {
        [one] => one["state"].as_str().expect("a state").to_owned(),
        many => many.len().to_string(),
    }
}

/// Hours from now as the carrier writes them.
pub(crate) fn at(hours: i64) -> String {
    carrier_time(Utc::now() + Duration::hours(hours))
}

/// Hours from now in RFC 3339, with whole seconds.
pub(crate) fn rfc3339(hours: i64) -> String {
    (Utc::now() + Duration::hours(hours)).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

pub(crate) fn carrier_time(at: DateTime<Utc>) -> String {
    let offset = FixedOffset::east_opt(7 * 3600).expect("an offset");
    at.with_timezone(&offset).format("%Y%m%d%H%M%S").to_string()
}

/// A carrier's 14 digits as the JSON surfaces write the same moment.
pub(crate) fn as_rfc3339(carrier: &str) -> String {
    let local = chrono::NaiveDateTime::parse_from_str(carrier, "%Y%m%d%H%M%S").expect("14 digits");
    (local - Duration::hours(7)).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}
