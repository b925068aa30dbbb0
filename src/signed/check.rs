//! Whether a request is its partner's and of now, by its parameters alone. Pure: the time is handed in, and whether a
//! nonce was used before is the ledger's to say.

use secrecy::SecretString;

use super::params::Params;
use super::unheard::Unheard;
use crate::clock::Timestamp;
use crate::config::{Activation, Partner};
use crate::signature;

/// No nonce is longer; a sender's request number or a UUID is far below.
const NONCE_BYTES_MAX: usize = 128;

/// A request that its partner signed, and that is not stale.
#[derive(Debug)]
pub struct Verified<'p> {
    /// Who signed it.
    pub partner: &'p Partner,
    /// What the ledger has yet to be asked about.
    pub nonce: Option<NonceUse>,
}

/// A nonce that its partner may use once for each request: vendors' clients have one value for two calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonceUse {
    /// As sent.
    pub nonce: String,
    /// Of the request that it came with; another request of the same call has another one.
    pub signature: String,
    /// Until when it must be remembered: later, its request is stale by itself.
    pub until: Timestamp,
}

/// The checks before the ledger has to be asked about the nonce: key, signature, two readings, time.
///
/// # Errors
/// As the first that fails has it.
pub fn verify<'p>(
    params: &Params,
    partners: &'p [Partner],
    rules: &Activation,
    now: Timestamp,
) -> Result<Verified<'p>, Unheard> {
    let partner = signer(params, partners).ok_or(Unheard::Unsigned)?;
    if params.are_ambiguous() {
        return Err(Unheard::Ambiguous);
    }
    let nonce = lately(params, rules, now).ok_or(Unheard::Stale)?;
    Ok(Verified { partner, nonce })
}

/// Whose signature the request bears; none where no partner's.
fn signer<'p>(params: &Params, partners: &'p [Partner]) -> Option<&'p Partner> {
    let (key, sent) = (params.get("partnerKey")?, params.get(signature::PARAMETER)?);
    let partner = partners.iter().find(|partner| partner.key.as_deref() == Some(key))?;
    let strings = params.signed_strings();
    strings.iter().any(|string| signature::verify(&partner.secrets, string, sent)).then_some(partner)
}

/// Which of the partner's secrets it was.
#[must_use]
pub fn secret<'p>(params: &Params, partner: &'p Partner) -> Option<&'p SecretString> {
    let (sent, strings) = (params.get(signature::PARAMETER)?, params.signed_strings());
    let signed = |secret: &&SecretString| {
        strings.iter().any(|string| signature::verify(std::slice::from_ref(*secret), string, sent))
    };
    partner.secrets.iter().find(signed)
}

/// `None`: stale, ahead of time, unreadable, or missing where it must not be.
fn lately(params: &Params, rules: &Activation, now: Timestamp) -> Option<Option<NonceUse>> {
    let skew_ms = i64::from(rules.clock_skew_s) * 1000;
    let (time, nonce) = (params.get("timestamp"), params.get("signatureNonce"));
    if rules.require_nonce && (time.is_none() || nonce.is_none()) {
        return None;
    }
    if let Some(text) = time {
        let apart_ms = now.0.abs_diff(timestamp(text)?.0);
        (apart_ms <= skew_ms.unsigned_abs()).then_some(())?;
    }
    // A server's text cannot hold a U+0000.
    if nonce.is_some_and(|nonce| nonce.len() > NONCE_BYTES_MAX || nonce.contains('\0')) {
        return None;
    }
    let signature = params.get(signature::PARAMETER).map(signature::spelled)?;
    Some(nonce.map(|nonce| NonceUse { nonce: nonce.to_owned(), signature, until: now.plus_ms(2 * skew_ms) }))
}

/// 10 digits of seconds, 13 of milliseconds, or ISO 8601 in UTC.
fn timestamp(text: &str) -> Option<Timestamp> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.len() {
        10 if is_number => text.parse::<i64>().ok().map(|seconds| Timestamp(seconds * 1000)),
        13 if is_number => text.parse().ok().map(Timestamp),
        _ if text.ends_with('Z') => Timestamp::from_rfc3339(text),
        _ => None,
    }
}
