//! The keys of a provider of kind `watcher` and of the billing beside it: their check, and the views of them
//! with every default filled in. Leaves calling either system to the clients.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::super::reading::Reading;
use super::super::{Worker, secret};
use super::{Provider, ProviderKind, check_base};
use crate::ids::vsaas::{FolderId, OrganizationId, PresetId};

/// Recordings are kept no longer by a camera's preset, in days; ten years.
const KEEP_DAYS_MAX: u32 = 3650;

/// Cameras are compared with services at least this often where they are at all, in seconds; a week.
const RECONCILE_S_MAX: u32 = 604_800;

/// What an end of service disables.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Suspend {
    /// The camera: nothing is recorded any more.
    #[default]
    Camera,
    /// The user: nobody can look, and the camera goes on recording.
    User,
}

/// `[providers.NAME.billing]`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Billing {
    /// Where it answers; without a `/` at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The administrator that we call as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The administrator's password.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub password: Option<SecretString>,
    /// Our domain there: digits, and a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain_id: Option<String>,
    /// Who owns the organizations that we make.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// All a client of Watcher needs, and how services are carried out there.
#[derive(Debug, Clone)]
pub struct WatcherRemote {
    /// Where it answers; without a `/` at the end.
    pub base_url: String,
    /// The key that every call is made with.
    pub api_key: SecretString,
    /// The organization that all subscribers share; `None`: each has its own.
    pub organization_id: Option<OrganizationId>,
    /// The folder that subscribers get rights in; `None`: the organization's root folder.
    pub folder_id: Option<FolderId>,
    /// The organization that new users land in; `None`: Watcher is asked which.
    pub default_organization_id: Option<OrganizationId>,
    /// The preset that a camera falls back to.
    pub default_preset_id: PresetId,
    /// What follows the `@` in the logins of subscribers.
    pub login_domain: String,
    /// What an end of service disables.
    pub suspend: Suspend,
    /// How long a camera keeps its preset after the end, in days.
    pub retention_keep_days: u32,
    /// Whether cameras are taken out of the default organization into their subscribers'.
    pub move_cameras: bool,
    /// How often the worker compares cameras with services, in seconds; 0: never.
    pub reconcile_every_s: u32,
    /// Calls in a second, for whoever makes many; 0: no limit.
    pub per_second: u32,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u32,
}

/// All a client of billing needs.
#[derive(Debug, Clone)]
pub struct BillingRemote {
    /// Where it answers; without a `/` at the end.
    pub base_url: String,
    /// The administrator that we call as.
    pub user: String,
    /// The administrator's password.
    pub password: SecretString,
    /// Our domain there.
    pub domain_id: String,
    /// Who owns the organizations that we make.
    pub owner: Option<String>,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u32,
}

impl Provider {
    /// The view of a provider of kind `watcher`; `None` for another kind, or where a key without a
    /// default is missing, which [`Config::load`](crate::config::Config::load) refuses.
    #[must_use]
    pub fn watcher(&self) -> Option<WatcherRemote> {
        if self.kind != ProviderKind::Watcher {
            return None;
        }
        let id = |given: Option<u64>| given.and_then(|id| i64::try_from(id).ok());
        Some(WatcherRemote {
            base_url: self.base_url.clone()?,
            api_key: self.api_key.clone()?,
            organization_id: id(self.organization_id).map(OrganizationId),
            folder_id: id(self.folder_id).map(FolderId),
            default_organization_id: id(self.default_organization_id).map(OrganizationId),
            default_preset_id: id(self.default_preset_id).map(PresetId)?,
            login_domain: self.login_domain.clone()?,
            suspend: self.suspend.unwrap_or_default(),
            retention_keep_days: self.keep_days_after_end(),
            move_cameras: self.move_cameras.unwrap_or(false),
            reconcile_every_s: self.reconcile_every_s.unwrap_or(0),
            per_second: self.per_second,
            timeout_ms: self.timeout_ms,
        })
    }

    /// The view of the billing beside a provider of kind `watcher`; `None` where there is none.
    #[must_use]
    pub fn billing(&self) -> Option<BillingRemote> {
        if self.kind != ProviderKind::Watcher {
            return None;
        }
        let billing = self.billing.as_ref()?;
        Some(BillingRemote {
            base_url: billing.base_url.clone()?,
            user: billing.user.clone()?,
            password: billing.password.clone()?,
            domain_id: billing.domain_id.clone()?,
            owner: billing.owner.clone(),
            timeout_ms: self.timeout_ms,
        })
    }

    pub(super) fn check_watcher(&self, own: &str, worker: &Worker, reading: &mut Reading) {
        for (key, missing) in [
            ("base_url", self.base_url.is_none()),
            ("api_key", self.api_key.is_none()),
            ("default_preset_id", self.default_preset_id.is_none()),
            ("login_domain", self.login_domain.is_none()),
        ] {
            if missing {
                reading.fault_in(own, key, "is missing");
            }
        }
        self.check_reach(own, worker, reading);
        self.check_ids(own, reading);
        let api_key = self.api_key.as_ref().map(ExposeSecret::expose_secret);
        if let Some(what) = api_key.and_then(secret::token_fault) {
            reading.fault(&format!("{own}.api_key"), what);
        }
        if self.login_domain.as_deref().is_some_and(|domain| !is_domain(domain)) {
            reading.fault(&format!("{own}.login_domain"), "is not a domain such as sdp.example");
        }
        reading.range(
            &format!("{own}.retention_keep_days"),
            &self.retention_keep_days.unwrap_or(0),
            0..=KEEP_DAYS_MAX,
        );
        reading.range(
            &format!("{own}.reconcile_every_s"),
            &self.reconcile_every_s.unwrap_or(0),
            0..=RECONCILE_S_MAX,
        );
        // Without billing Watcher itself makes each subscriber's organization.
        if let Some(billing) = &self.billing {
            billing.check(own, self.organization_id.is_none(), reading);
        }
    }

    fn check_ids(&self, own: &str, reading: &mut Reading) {
        for (key, id) in [
            ("organization_id", self.organization_id),
            ("folder_id", self.folder_id),
            ("default_organization_id", self.default_organization_id),
            ("default_preset_id", self.default_preset_id),
        ] {
            if id == Some(0) {
                reading.fault(&format!("{own}.{key}"), "0 is no id: they begin at 1");
            }
        }
        if self.organization_id.is_some() && self.organization_id == self.default_organization_id {
            let what = "is the organization that users are removed from (default_organization_id)";
            reading.fault(&format!("{own}.organization_id"), what);
        }
    }
}

impl Billing {
    fn check(&self, of: &str, needs_owner: bool, reading: &mut Reading) {
        let own = format!("{of}.billing");
        let password = self.password.as_ref().map(ExposeSecret::expose_secret);
        for (key, value, required) in [
            ("base_url", self.base_url.as_deref(), true),
            ("user", self.user.as_deref(), true),
            ("password", password, true),
            ("domain_id", self.domain_id.as_deref(), true),
            ("owner", self.owner.as_deref(), needs_owner),
        ] {
            match value.map(header_fault) {
                None if required => reading.fault_in(&own, key, "is missing"),
                Some(Some(what)) if key != "base_url" => reading.fault(&format!("{own}.{key}"), what),
                _ => {}
            }
        }
        check_base(&format!("{own}.base_url"), self.base_url.as_deref(), reading);
    }
}

/// What makes `text` unfit to be sent in a header, if anything does.
fn header_fault(text: &str) -> Option<&'static str> {
    match text {
        "" => Some("is empty"),
        _ if text.chars().any(char::is_control) => Some("holds a control character"),
        _ if text.trim() != text => Some("has blanks around it"),
        _ => None,
    }
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        let fit = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(fit)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(label)
}
