//! `[admin]`: the operators' listener. Leaves letting operators in to `admin`.

use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::host::{self, Host};
use super::reading::Reading;
use super::{net, secret};

pub(super) const SECRETS: &[&str] = &["token"];

/// The operators' listener.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Admin {
    /// Where to listen; loopback unless there is a token.
    pub listen: SocketAddr,
    /// When set, every call but the probes carries it as `Authorization: Bearer`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub token: Option<SecretString>,
    /// What `Host` may say beside loopback.
    #[serde(deserialize_with = "host::read")]
    pub hosts: Vec<Host>,
}

impl Admin {
    pub(super) fn check(&self, reading: &mut Reading, others: &[Option<SocketAddr>]) {
        net::check_apart(reading, "admin.listen", self.listen, others);
        if let Some(what) = self.token.as_ref().and_then(|token| secret::token_fault(token.expose_secret())) {
            reading.fault("admin.token", what);
        }
        let loopback = self.listen.ip().to_canonical().is_loopback();
        if self.token.is_none() && !loopback && !reading.is_refused("admin.token") {
            reading.fault("admin.listen", format!("{} is not loopback: set admin.token too", self.listen));
        }
    }
}
