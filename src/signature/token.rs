//! Play tokens: what a playback URL carries so that the streamer's question about it can be answered. A
//! token is good for one stream, one device, one account and until one second; whether anything may be
//! played then is left to whoever is asked.
//!
//! ```text
//! v1.BODY.SEAL        Base64 for URLs, without padding
//! BODY   expiry (8 bytes, seconds since 1970) | length of the device (1 byte) | device | account
//! SEAL   HMAC-SHA256 over a label with the version, the stream's length (4 bytes), the stream, BODY
//! ```
//!
//! The stream itself is not in the token: whoever asks names it, and the seal fits no other. The account can be
//! read out of it, as it can out of what the viewer's own app sends.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::clock::Timestamp;
use crate::config;
use crate::ids::{DeviceId, UserAccount};

/// What every token of this version begins with.
const VERSION: &str = "v1.";

/// What is sealed begins with this, so that a seal made for anything else is none.
const LABEL: &[u8] = b"sdp-gateway play token v1\0";

/// No token that we make is longer: three names of 64 bytes, the rest, and a third more for Base64.
const TOKEN_BYTES_MAX: usize = 384;

/// Who may ask to play what, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The device whose recordings are meant.
    pub device: DeviceId,
    /// Whom it was bound to when the token was made.
    pub account: UserAccount,
    /// The end, exclusive; kept in whole seconds.
    pub expires_at: Timestamp,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// It is not of our making: another form, another seal, or made for another stream.
    #[error("not a token of ours for this stream")]
    Forged,
    /// It was ours, and its time is over.
    #[error("a token that has expired")]
    Expired,
}

/// A token for a stream as the settings have tokens made, from now on; none where they have no secret for it.
#[must_use]
pub fn issue(
    settings: &config::Flussonic,
    stream: &str,
    device: DeviceId,
    account: UserAccount,
    now: Timestamp,
) -> Option<String> {
    let expires_at = now.plus_ms(i64::from(settings.token_life_s) * 1000);
    Some(sign(settings.token_secret.as_ref()?, stream, &Ticket { device, account, expires_at }))
}

/// The token of a ticket for a stream, which the streamer names as its `name`.
#[must_use]
pub fn sign(secret: &SecretString, stream: &str, ticket: &Ticket) -> String {
    let (device, account) = (ticket.device.as_str().as_bytes(), ticket.account.in_full().as_bytes());
    let mut body = ticket.expires_at.0.div_euclid(1000).to_be_bytes().to_vec();
    // The name of a device has 64 bytes at most.
    body.push(u8::try_from(device.len()).unwrap_or(u8::MAX));
    body.extend_from_slice(device);
    body.extend_from_slice(account);
    let seal = seal(secret, stream, &body);
    format!("{VERSION}{}.{}", URL_SAFE_NO_PAD.encode(&body), URL_SAFE_NO_PAD.encode(seal))
}

/// The ticket of a token that was sent for a stream. What it says is sealed again and the whole token
/// compared, in constant time, so that no second spelling of a token is one.
///
/// # Errors
/// [`BadToken`]; that a token has expired is only said of one of ours.
pub fn verify(secret: &SecretString, stream: &str, token: &str, now: Timestamp) -> Result<Ticket, BadToken> {
    let ticket = read(token).ok_or(BadToken::Forged)?;
    let ours = sign(secret, stream, &ticket);
    match bool::from(ours.as_bytes().ct_eq(token.as_bytes())) {
        false => Err(BadToken::Forged),
        true if now >= ticket.expires_at => Err(BadToken::Expired),
        true => Ok(ticket),
    }
}

fn seal(secret: &SecretString, stream: &str, body: &[u8]) -> [u8; 32] {
    let mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes());
    let mut mac = mac.expect("a key of HMAC may have any length");
    mac.update(LABEL);
    // No stream's name comes near four gibibytes: it came in the line of a request.
    mac.update(&u32::try_from(stream.len()).unwrap_or(u32::MAX).to_be_bytes());
    mac.update(stream.as_bytes());
    mac.update(body);
    mac.finalize().into_bytes().into()
}

/// What a token says, true or not.
fn read(token: &str) -> Option<Ticket> {
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let (body, _) = token.strip_prefix(VERSION)?.split_once('.')?;
    let body = URL_SAFE_NO_PAD.decode(body).ok()?;
    let (expiry, rest) = body.split_first_chunk::<8>()?;
    let (length, names) = rest.split_first()?;
    let (device, account) = names.split_at_checked(usize::from(*length))?;
    let name = |bytes| std::str::from_utf8(bytes).ok();
    Some(Ticket {
        device: DeviceId::parse(name(device)?).ok()?,
        account: UserAccount::from_full(name(account)?).ok()?,
        expires_at: Timestamp(i64::from_be_bytes(*expiry).checked_mul(1000)?),
    })
}
