//! `[[partner]]`: who may call the partner and activation surfaces. Leaves recognizing them to the
//! surfaces.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::{net, secret};

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
