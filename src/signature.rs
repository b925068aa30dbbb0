//! Partner signatures: the string that is signed, HMAC-SHA1 over it, and its check in constant time.
//! The same rule both ways: partners sign what they ask of us, we sign what we ask of a provider.
//!
//! Every parameter that is sent takes part but the signature itself, sorted by name, each as
//! `name=value` with its value as it was before any encoding for the wire, parted by `&`. Method,
//! path and host take no part, and the secret is the key as it stands.
//!
//! Beside it what allows a play: [`token`], ours, which its streamer asks us about, and [`securetoken`], the
//! streamer's own; and what payment systems sign with, [`rsa`] keys, alone or in a [`certificate`].

mod armour;
pub mod certificate;
mod key_fault;
pub mod rsa;
pub mod securetoken;
pub mod token;

pub use key_fault::KeyFault;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use subtle::{Choice, ConstantTimeEq};

/// The parameter that carries the signature, and is not signed.
pub const PARAMETER: &str = "signature";

/// The string that is signed. A parameter without a value takes part as `name=`; one that is absent
/// must not be given. Pairs of one name stay in the order given.
#[must_use]
pub fn canonical<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut signed: Vec<_> = pairs.into_iter().filter(|(name, _)| *name != PARAMETER).collect();
    // The order of UTF-8 bytes is that of code points.
    signed.sort_by_key(|(name, _)| *name);
    let signed: Vec<String> = signed.iter().map(|(name, value)| format!("{name}={value}")).collect();
    signed.join("&")
}

/// The signature of `canonical`: Base64 with padding, 28 characters. In a URL or a form `+`, `/` and
/// `=` are to be escaped as anywhere.
#[must_use]
pub fn sign(secret: &SecretString, canonical: &str) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(secret.expose_secret().as_bytes());
    let mut mac = mac.expect("a key of HMAC may have any length");
    mac.update(canonical.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

/// A signature as it was sent, in its one spelling: a blank is a `+` that its sender did not escape.
#[must_use]
pub fn spelled(sent: &str) -> String {
    sent.replace(' ', "+")
}

/// Whether `sent` is the signature of `canonical` by any of `secrets`. All are tried whatever the
/// first ones say, so that the time taken tells nothing. No other [spelling](spelled) of a signature is one.
#[must_use]
pub fn verify(secrets: &[SecretString], canonical: &str, sent: &str) -> bool {
    let sent = spelled(sent);
    let matches = secrets.iter().map(|secret| sign(secret, canonical).as_bytes().ct_eq(sent.as_bytes()));
    matches.fold(Choice::from(0), |any, one| any | one).into()
}
