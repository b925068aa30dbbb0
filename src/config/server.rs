//! `[server]`: the listener of all surfaces but admin, and what it bears. Leaves listening to `server`.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::net;
use super::reading::Reading;

/// The listener of all surfaces but admin, and its bounds.
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Server {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Prefix of URLs handed out, without a trailing `/`; none: the request's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_url: Option<String>,
    /// Largest body taken, in bytes.
    pub body_bytes_max: usize,
    /// How long a request's head may take, in milliseconds.
    pub header_timeout_ms: u64,
    /// How long a kept connection may lie idle between two requests, in milliseconds.
    pub idle_timeout_ms: u64,
    /// How long the rest of a request may take, in milliseconds: its body and our answer.
    pub request_timeout_ms: u64,
    /// Connections open at once.
    pub connections_max: usize,
    /// Connections open at once from one address that is no trusted proxy's.
    pub connections_per_address_max: usize,
    /// How long a stop waits for accepted messages, in milliseconds.
    pub shutdown_timeout_ms: u64,
}

impl Server {
    /// [`Self::header_timeout_ms`] as a duration.
    #[must_use]
    pub fn header_timeout(&self) -> Duration {
        Duration::from_millis(self.header_timeout_ms)
    }

    /// [`Self::idle_timeout_ms`] as a duration.
    #[must_use]
    pub fn idle_timeout(&self) -> Duration {
        Duration::from_millis(self.idle_timeout_ms)
    }

    /// [`Self::request_timeout_ms`] as a duration.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// [`Self::shutdown_timeout_ms`] as a duration.
    #[must_use]
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_millis(self.shutdown_timeout_ms)
    }

    pub(super) fn check(&self, reading: &mut Reading) {
        reading.range("server.body_bytes_max", &self.body_bytes_max, 1024..=16 * 1024 * 1024);
        reading.range("server.header_timeout_ms", &self.header_timeout_ms, 1..=600_000);
        reading.range("server.idle_timeout_ms", &self.idle_timeout_ms, 1..=86_400_000);
        reading.range("server.request_timeout_ms", &self.request_timeout_ms, 1..=600_000);
        reading.range("server.connections_max", &self.connections_max, 1..=1_000_000);
        let per_address = &self.connections_per_address_max;
        reading.range("server.connections_per_address_max", per_address, 1..=1_000_000);
        reading.range("server.shutdown_timeout_ms", &self.shutdown_timeout_ms, 0..=600_000);
        if self.public_url.as_deref().is_some_and(|url| !net::is_url_prefix(url)) {
            reading.fault(
                "server.public_url",
                "is not of the form https://HOST[:PORT][/PATH], without a trailing /",
            );
        }
    }
}
