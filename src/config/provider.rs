//! `[providers.NAME]`: who carries out grants. Leaves doing so to the providers.
//!
//! The keys of all kinds stand in one struct, since each is read by itself and one that is wrong must
//! hide no other; which of them a kind takes is checked afterwards.

mod remote;
mod script;

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::{Worker, net, secret};

pub use remote::{ActivationRemote, Mode, PhoneType, SendAs};
pub use script::ScriptWord;

pub(super) const SECRETS: &[&str] = &["partner_secret"];

/// For how many days recordings are kept after a service's end, where its provider has no say of its own.
pub(super) const KEEP_DAYS_AFTER_END: u32 = 7;

/// Who carries out grants.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct Provider {
    /// What it is.
    pub kind: ProviderKind,
    /// Tasks sent at once.
    pub concurrency: u32,
    /// Tasks sent in a second; 0: no limit.
    pub per_second: u32,
    /// How long one attempt may take with all its calls, in milliseconds.
    pub timeout_ms: u32,
    /// Failures in a row after which nothing is sent for a while; 0: never.
    pub breaker_failures: u32,
    /// How long that while is, in seconds.
    pub breaker_open_s: u32,

    /// Where the remote system answers; without a `/` at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// Whether `base_url` is to be asked for the regional base first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<bool>,
    /// The key that it knows us by: a name, not a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partner_key: Option<String>,
    /// What we sign with.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub partner_secret: Option<SecretString>,
    /// Our customer number there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_app: Option<u32>,
    /// The country whose regional base is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    /// The language of its messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The kind of phone we call as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_type: Option<PhoneType>,
    /// Where parameters are put.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_as: Option<SendAs>,
    /// How a service is begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<Mode>,

    /// What each attempt in turn is answered; the last word stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<Vec<ScriptWord>>,
}

impl Default for Provider {
    fn default() -> Self {
        Self {
            kind: ProviderKind::Local,
            concurrency: 4,
            per_second: 0,
            timeout_ms: 10_000,
            breaker_failures: 10,
            breaker_open_s: 30,
            base_url: None,
            redirect: None,
            partner_key: None,
            partner_secret: None,
            source_app: None,
            country_code: None,
            language: None,
            phone_type: None,
            send_as: None,
            mode: None,
            script: None,
        }
    }
}

/// What a provider is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Nobody: the gateway's own record is the service.
    #[default]
    Local,
    /// A remote system with the activation-code API.
    Activation,
    /// Nobody: answers as its script says, in tests and rehearsals.
    Scripted,
}

impl ProviderKind {
    fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Activation => "activation",
            Self::Scripted => "scripted",
        }
    }
}

/// The keys that only one kind takes.
const KEYS: [(&str, ProviderKind); 11] = [
    ("base_url", ProviderKind::Activation),
    ("redirect", ProviderKind::Activation),
    ("partner_key", ProviderKind::Activation),
    ("partner_secret", ProviderKind::Activation),
    ("source_app", ProviderKind::Activation),
    ("country_code", ProviderKind::Activation),
    ("language", ProviderKind::Activation),
    ("phone_type", ProviderKind::Activation),
    ("send_as", ProviderKind::Activation),
    ("mode", ProviderKind::Activation),
    ("script", ProviderKind::Scripted),
];

/// `kind` is required, though not of serde: a missing one must not make its other keys look wrong.
pub(super) fn check(providers: &BTreeMap<String, Provider>, worker: &Worker, reading: &mut Reading) {
    for (name, provider) in providers {
        let (own, kind) = (format!("providers.{name}"), format!("providers.{name}.kind"));
        if let Some(what) = net::name_fault(name) {
            reading.fault(&own, format!("its name {what}"));
        }
        provider.check_common(&own, reading);
        if reading.is_refused(&kind) {
            continue;
        }
        if name != "local" && !reading.is_given(&kind) {
            reading.fault_in(&own, "kind", "is missing");
            continue;
        }
        for (key, of) in KEYS.into_iter().filter(|(_, of)| *of != provider.kind) {
            let key = format!("{own}.{key}");
            if reading.is_given(&key) {
                reading.fault(&key, format!("is for kind = \"{}\"", of.word()));
            }
        }
        if provider.kind == ProviderKind::Activation {
            provider.check_remote(&own, worker, reading);
        }
    }
}

impl Provider {
    /// For how many days recordings are kept after the end of a service of this provider.
    #[must_use]
    pub fn keep_days_after_end(&self) -> u32 {
        KEEP_DAYS_AFTER_END
    }

    fn check_common(&self, own: &str, reading: &mut Reading) {
        reading.range(&format!("{own}.concurrency"), &self.concurrency, 1..=256);
        reading.range(&format!("{own}.per_second"), &self.per_second, 0..=10_000);
        reading.range(&format!("{own}.timeout_ms"), &self.timeout_ms, 1..=600_000);
        reading.range(&format!("{own}.breaker_failures"), &self.breaker_failures, 0..=1_000_000);
        reading.range(&format!("{own}.breaker_open_s"), &self.breaker_open_s, 1..=86_400);
    }
}
