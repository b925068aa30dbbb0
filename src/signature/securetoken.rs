//! The streamer's own signed tokens (securetoken), for streamers that ask no backend: whoever shares their key
//! can allow a stream until a time, but can take nothing back before it. Making playback URLs of them is left
//! to the caller.

use std::fmt::Write as _;

use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};

use crate::clock::Timestamp;

/// What stands in the place of an address where the streamer is set not to look at it.
pub const NO_CHECK_IP: &str = "no_check_ip";

/// What a token allows.
#[derive(Debug, Clone, Copy)]
pub struct Pass<'a> {
    /// The stream's name.
    pub stream: &'a str,
    /// The viewer's address as the streamer sees it, or [`NO_CHECK_IP`].
    pub ip: &'a str,
    /// From when; a few minutes ago, since clocks differ.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Something random, so that no two tokens are the same: 16 bytes in hexadecimal are usual.
    pub salt: &'a str,
    /// Who plays, where the streamer is set to count sessions by user.
    pub user_id: Option<&'a str>,
}

/// The token: `hash-salt-end-start`, times in whole seconds, the hash SHA-1 in hexadecimal.
#[must_use]
pub fn sign(key: &SecretString, pass: &Pass<'_>) -> String {
    let seconds = |at: Timestamp| at.0.div_euclid(1000).to_string();
    let (start, end) = (seconds(pass.starts_at), seconds(pass.ends_at));
    let mut hash = Sha1::new();
    let key = key.expose_secret();
    for part in [pass.stream, pass.ip, &start, &end, key, pass.salt, pass.user_id.unwrap_or_default()] {
        hash.update(part.as_bytes());
    }
    let mut token = String::with_capacity(100);
    for byte in hash.finalize() {
        // Writing into a string cannot fail.
        let _ = write!(token, "{byte:02x}");
    }
    token + &format!("-{}-{end}-{start}", pass.salt)
}
