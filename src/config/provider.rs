//! `[providers.NAME]`: who carries out grants. Leaves doing so to the providers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::net;
use super::reading::Reading;

/// Who carries out grants.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Provider {
    /// What it is.
    #[serde(default)]
    pub kind: ProviderKind,
}

/// What a provider is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Nobody: the gateway's own record is the service.
    #[default]
    Local,
}

/// `kind` is required, though not of serde: a missing one must not make its other keys look wrong.
pub(super) fn check(providers: &BTreeMap<String, Provider>, reading: &mut Reading) {
    for name in providers.keys() {
        let (own, kind) = (format!("providers.{name}"), format!("providers.{name}.kind"));
        if let Some(what) = net::name_fault(name) {
            reading.fault(&own, format!("its name {what}"));
        }
        if name != "local" && !reading.is_given(&kind) && !reading.is_refused(&kind) {
            reading.fault(&kind, "is missing");
        }
    }
}
