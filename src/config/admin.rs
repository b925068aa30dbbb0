//! `[admin]`: the operators' listener. Leaves letting operators in to `admin`.

use std::net::SocketAddr;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

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
    /// Host names, in lower case and without a port, that `Host` may say beside loopback.
    pub hosts: Vec<String>,
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
        for host in self.hosts.iter().filter(|host| !is_host(host)) {
            reading
                .fault("admin.hosts", format!("{host:?} is not a host name in lower case, without a port"));
        }
    }
}

/// A name, or an address (IPv6 in brackets, as `Host` spells it).
fn is_host(host: &str) -> bool {
    let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
    let six = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match six {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.len() <= 253 && host.chars().all(fit),
    }
}
