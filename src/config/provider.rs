//! `[providers.NAME]`: who carries out grants. Leaves doing so to the providers.
//!
//! The keys of all kinds stand in one struct, since each is read by itself and one that is wrong must
//! hide no other; which of them a kind takes is checked afterwards.

mod remote;
mod script;
mod watcher;

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::{Worker, net, secret};

pub use remote::{ActivationRemote, Mode, PhoneType, SendAs};
pub use script::ScriptWord;
pub use watcher::{Billing, BillingRemote, Suspend, WatcherRemote};

pub(super) const SECRETS: &[&str] = &["partner_secret", "api_key", "password"];

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

    /// The key that every call to Watcher is made with.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub api_key: Option<SecretString>,
    /// The organization that all subscribers share, by Watcher's id; absent: each has its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<u64>,
    /// The folder that subscribers get rights in; absent: the organization's root folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder_id: Option<u64>,
    /// The organization that new users land in, and are removed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_organization_id: Option<u64>,
    /// The preset that a camera falls back to, by Watcher's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_preset_id: Option<u64>,
    /// What follows the `@` in the logins of subscribers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_domain: Option<String>,
    /// What an end of service disables.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspend: Option<Suspend>,
    /// How long a camera keeps its preset after the end, in days.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_keep_days: Option<u32>,
    /// Whether cameras are taken out of the default organization into their subscribers'.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub move_cameras: Option<bool>,
    /// How often the worker compares cameras with services, in seconds; 0: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconcile_every_s: Option<u32>,
    /// The billing system beside Watcher.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing: Option<Billing>,

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
            api_key: None,
            organization_id: None,
            folder_id: None,
            default_organization_id: None,
            default_preset_id: None,
            login_domain: None,
            suspend: None,
            retention_keep_days: None,
            move_cameras: None,
            reconcile_every_s: None,
            billing: None,
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
    /// Flussonic Watcher, with VSAAS.IO billing beside it or without.
    Watcher,
    /// Nobody: answers as its script says, in tests and rehearsals.
    Scripted,
}

impl ProviderKind {
    fn word(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Activation => "activation",
            Self::Watcher => "watcher",
            Self::Scripted => "scripted",
        }
    }
}

/// The keys that only some kinds take.
const KEYS: [(&str, &[ProviderKind]); 22] = [
    ("base_url", &[ProviderKind::Activation, ProviderKind::Watcher]),
    ("redirect", &[ProviderKind::Activation]),
    ("partner_key", &[ProviderKind::Activation]),
    ("partner_secret", &[ProviderKind::Activation]),
    ("source_app", &[ProviderKind::Activation]),
    ("country_code", &[ProviderKind::Activation]),
    ("language", &[ProviderKind::Activation]),
    ("phone_type", &[ProviderKind::Activation]),
    ("send_as", &[ProviderKind::Activation]),
    ("mode", &[ProviderKind::Activation]),
    ("api_key", &[ProviderKind::Watcher]),
    ("organization_id", &[ProviderKind::Watcher]),
    ("folder_id", &[ProviderKind::Watcher]),
    ("default_organization_id", &[ProviderKind::Watcher]),
    ("default_preset_id", &[ProviderKind::Watcher]),
    ("login_domain", &[ProviderKind::Watcher]),
    ("suspend", &[ProviderKind::Watcher]),
    ("retention_keep_days", &[ProviderKind::Watcher]),
    ("move_cameras", &[ProviderKind::Watcher]),
    ("reconcile_every_s", &[ProviderKind::Watcher]),
    ("billing", &[ProviderKind::Watcher]),
    ("script", &[ProviderKind::Scripted]),
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
        for (key, kinds) in KEYS.into_iter().filter(|(_, kinds)| !kinds.contains(&provider.kind)) {
            let key = format!("{own}.{key}");
            if reading.is_given_within(&key) {
                reading.fault(&key, format!("is for kind = {}", words(kinds)));
            }
        }
        match provider.kind {
            ProviderKind::Activation => provider.check_remote(&own, worker, reading),
            ProviderKind::Watcher => provider.check_watcher(&own, worker, reading),
            ProviderKind::Local | ProviderKind::Scripted => {}
        }
    }
}

fn words(kinds: &[ProviderKind]) -> String {
    let words: Vec<_> = kinds.iter().map(|kind| format!("\"{}\"", kind.word())).collect();
    words.join(" or ")
}

impl Provider {
    /// For how many days recordings are kept after the end of a service of this provider.
    #[must_use]
    pub fn keep_days_after_end(&self) -> u32 {
        self.retention_keep_days.unwrap_or(KEEP_DAYS_AFTER_END)
    }

    fn check_common(&self, own: &str, reading: &mut Reading) {
        reading.range(&format!("{own}.concurrency"), &self.concurrency, 1..=256);
        reading.range(&format!("{own}.per_second"), &self.per_second, 0..=10_000);
        reading.range(&format!("{own}.timeout_ms"), &self.timeout_ms, 1..=600_000);
        reading.range(&format!("{own}.breaker_failures"), &self.breaker_failures, 0..=1_000_000);
        reading.range(&format!("{own}.breaker_open_s"), &self.breaker_open_s, 1..=86_400);
    }
    /// A remote system's base and the time an attempt may take there.
    fn check_reach(&self, own: &str, worker: &Worker, reading: &mut Reading) {
        check_base(&format!("{own}.base_url"), self.base_url.as_deref(), reading);
        if u64::from(self.timeout_ms) >= u64::from(worker.lease_s) * 1000 {
            reading.fault_in(
                own,
                "timeout_ms",
                "is not below worker.lease_s, so that a task could be sent twice at once",
            );
        }
    }
}

fn check_base(key: &str, base: Option<&str>, reading: &mut Reading) {
    if base.is_some_and(|url| !net::is_url_prefix(url)) {
        reading.fault(key, "is not of the form https://HOST[:PORT][/PATH], without a trailing /");
    }
}
