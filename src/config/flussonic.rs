//! `[flussonic]`: the answers to a streamer that asks whether somebody may play, and the tokens it asks about.
//! Leaves answering to `flussonic`.

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::net;
use super::reading::Reading;
use super::secret;

pub(super) const SECRETS: &[&str] = &["key", "token_secret"];

/// Playback authorization: somebody may play where there is a [`Self::token_secret`].
#[derive(Debug, Clone, Deserialize, Serialize)]
pub struct Flussonic {
    /// After how long the streamer asks again, in seconds.
    pub auth_duration_s: u32,
    /// Networks of the streamers.
    #[serde(deserialize_with = "net::nets")]
    pub allow: Vec<IpNet>,
    /// What a streamer sends as the parameter `key`; none: its address is enough.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub key: Option<SecretString>,
    /// What our tokens are signed with; none: no tokens are made, and nobody may play.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub token_secret: Option<SecretString>,
    /// Sessions that one account may have at once; 0: the streamer is told no number.
    pub sessions_max: u32,
    /// How long a token is good, in seconds.
    pub token_life_s: u32,
}

impl Flussonic {
    /// Whether others than this machine may ask without a key.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let own = |net: &IpNet| net.addr().is_loopback() && net.broadcast().is_loopback();
        self.key.is_none() && !self.allow.iter().all(own)
    }

    pub(super) fn check(&self, reading: &mut Reading) {
        reading.range("flussonic.auth_duration_s", &self.auth_duration_s, 1..=3600);
        reading.range("flussonic.sessions_max", &self.sessions_max, 0..=1_000_000);
        reading.range("flussonic.token_life_s", &self.token_life_s, 60..=2_592_000);
        for (name, secret) in [("key", &self.key), ("token_secret", &self.token_secret)] {
            if secret.as_ref().is_some_and(|secret| secret.expose_secret().is_empty()) {
                reading.fault(&format!("flussonic.{name}"), "is empty");
            }
        }
    }
}
