//! `[[carrier.caller]]`: carriers and proxies known by name. Leaves telling who is calling to the
//! carrier surface.

use std::collections::BTreeMap;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::carrier::Carrier;
use super::reading::Reading;
use super::{net, secret};

pub(super) const SECRETS: &[&str] = &["password"];

/// A named caller of the carrier surface. Without credentials its address is enough.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Caller {
    /// Kept with each of its notices; no two callers share one.
    #[serde(default)]
    pub name: String,
    /// Where it calls from; never empty.
    #[serde(default, deserialize_with = "net::nets")]
    pub allow: Vec<IpNet>,
    /// User of its Basic credentials; there is a password whenever there is a user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Password of its Basic credentials.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub password: Option<SecretString>,
}

pub(super) fn check(callers: &[Caller], reading: &mut Reading) {
    let mut names = BTreeMap::from([(Carrier::UNNAMED, "the caller of carrier.allow".to_owned())]);
    for (at, caller) in callers.iter().enumerate() {
        let own = format!("carrier.caller[{}]", at + 1);
        if let Some(what) = net::name_fault(&caller.name) {
            reading.fault(&format!("{own}.name"), what);
        } else if let Some(first) = names.get(caller.name.as_str()) {
            reading.fault(&format!("{own}.name"), format!("{:?} is the name of {first} too", caller.name));
        } else {
            names.insert(&caller.name, own.clone());
        }
        if caller.allow.is_empty() && !reading.is_refused(&format!("{own}.allow")) {
            reading.fault(&format!("{own}.allow"), "names no network: nobody could call");
        }
        check_credentials(caller, &own, reading);
    }
}

fn check_credentials(caller: &Caller, own: &str, reading: &mut Reading) {
    let (user, password) = (format!("{own}.username"), format!("{own}.password"));
    match (&caller.username, &caller.password) {
        (Some(_), None) if !reading.is_refused(&password) => {
            reading.fault(&user, "is given without a password")
        }
        (None, Some(_)) if !reading.is_refused(&user) => {
            reading.fault(&password, "is given without a username")
        }
        _ => {}
    }
    if caller.username.as_deref().is_some_and(|name| name.is_empty() || name.contains(':')) {
        reading.fault(&user, "is empty or holds a colon, which Basic credentials cannot carry");
    }
    if caller.password.as_ref().is_some_and(|word| word.expose_secret().is_empty()) {
        reading.fault(&password, "is empty");
    }
}
