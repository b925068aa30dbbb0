//! `[[partner]]`: who may call the partner and activation surfaces. Leaves recognizing them to the
//! surfaces.

use std::collections::{BTreeMap, BTreeSet};

use secrecy::{ExposeSecret, SecretString};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::reading::Reading;
use super::{net, secret};
use crate::ids::Tenant;

pub(super) const SECRETS: &[&str] = &["token", "secrets"];

/// A caller of the partner surface (by token), of the activation surface (by key and secrets), or of
/// both. No two share a name, a token or a key.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Partner {
    /// Its name, in logs and limits.
    #[serde(default)]
    pub name: String,
    /// What it sends as `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub token: Option<SecretString>,
    /// `partnerKey` in signed requests: a name, not a secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What signed requests may be signed with; any is accepted. Empty where there is no key.
    #[serde(default, skip_serializing_if = "Vec::is_empty", serialize_with = "secret::mask_all")]
    pub secrets: Vec<SecretString>,
    /// Whose devices, accounts and codes it makes and sees; none: those that are no tenant's.
    #[serde(
        default,
        deserialize_with = "tenant",
        serialize_with = "write_tenant",
        skip_serializing_if = "Option::is_none"
    )]
    pub tenant: Option<Tenant>,
    /// The services (`service_id`) whose subscriptions and entitlements it reads; none: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<Vec<String>>,
}

fn tenant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Tenant>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Tenant::parse(&text).map(Some).map_err(|error| D::Error::custom(format!("{text:?} is {error}")))
}

fn write_tenant<S: Serializer>(tenant: &Option<Tenant>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(tenant.as_ref().map_or("", Tenant::as_str))
}

pub(super) fn check(partners: &[Partner], reading: &mut Reading) {
    let mut seen = BTreeMap::new();
    for (at, partner) in partners.iter().enumerate() {
        let own = format!("partner[{}]", at + 1);
        let name = Some(partner.name.as_str()).filter(|name| !name.is_empty());
        let token = partner.token.as_ref().map(ExposeSecret::expose_secret);
        for (key, value) in [("name", name), ("token", token), ("key", partner.key.as_deref())] {
            let Some(value) = value else { continue };
            match seen.get(&(key, value)) {
                Some(first) => reading.fault(&format!("{own}.{key}"), format!("is the {key} of {first} too")),
                None => drop(seen.insert((key, value), own.clone())),
            }
        }
        check_one(partner, &own, reading);
    }
}

fn check_one(partner: &Partner, own: &str, reading: &mut Reading) {
    let key_of = |key: &str| format!("{own}.{key}");
    if let Some(what) = net::name_fault(&partner.name) {
        reading.fault(&key_of("name"), what);
    }
    if let Some(what) = partner.token.as_ref().and_then(|token| secret::token_fault(token.expose_secret())) {
        reading.fault(&key_of("token"), what);
    }
    if partner.key.as_deref() == Some("") {
        reading.fault(&key_of("key"), "is empty");
    }
    if partner.secrets.iter().any(|secret| secret.expose_secret().is_empty()) {
        reading.fault(&key_of("secrets"), "holds an empty one");
    }
    let mut seen = BTreeSet::new();
    for service in partner.services.iter().flatten() {
        if service.trim().is_empty() || service.trim() != service {
            reading.fault(&key_of("services"), format!("{service:?} is empty or has blanks around it"));
        } else if !seen.insert(service) {
            reading.fault(&key_of("services"), format!("{service:?} is given twice"));
        }
    }
    if ["token", "key", "secrets"].iter().any(|key| reading.is_refused(&key_of(key))) {
        return;
    }
    match (&partner.token, &partner.key, partner.secrets.is_empty()) {
        (_, Some(_), true) => reading.fault(&key_of("key"), "is given without secrets"),
        (_, None, false) => reading.fault(&key_of("secrets"), "are given without a key"),
        (None, None, true) => reading.fault(own, "has neither a token nor a key: it could call nothing"),
        _ => {}
    }
}
