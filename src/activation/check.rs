//! Whether a request is its partner's, unrepeated and complete, in the order the contract gives. Pure:
//! the time and the ledger's word on a nonce are handed in, and the device and the code, which only
//! the ledger knows, are left to `redeem`.

use super::params::Params;
use super::{Call, ResultCode};
use crate::catalog::GrantKind;
use crate::clock::Timestamp;
use crate::config::{Activation, Partner};
use crate::ids::{DeviceId, UserAccount};
use crate::signature;
use crate::stock::CodeText;

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

/// What the ledger says of a nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonce {
    /// The partner has not sent this request, or sent no nonce.
    Fresh,
    /// The partner has sent this request: the same call with the same nonce and signature.
    Seen,
}

/// What is asked, by whom, of which device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The account.
    pub user_account: UserAccount,
    /// The device.
    pub device_id: DeviceId,
    /// The code to redeem; for [`Call::Redeem`] and only there.
    pub redeem: Option<Redeem>,
}

/// A code to redeem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redeem {
    /// None: no code looks like what was sent. Told as any unknown code, once the device is in order.
    pub code: Option<CodeText>,
    /// The type of service it is said to be for.
    pub kind: GrantKind,
}

/// The checks before the ledger has to be asked about the nonce: key, signature, two readings, time.
///
/// # Errors
/// The code of the first that fails.
pub fn verify<'p>(
    params: &Params,
    partners: &'p [Partner],
    rules: &Activation,
    now: Timestamp,
) -> Result<Verified<'p>, ResultCode> {
    let partner = signer(params, partners).ok_or(ResultCode::Signature)?;
    if params.are_ambiguous() {
        return Err(ResultCode::Parameter);
    }
    let nonce = lately(params, rules, now).ok_or(ResultCode::Signature)?;
    Ok(Verified { partner, nonce })
}

/// The checks after it: the nonce, then each parameter.
///
/// # Errors
/// The code of the first that fails.
pub fn ask(call: Call, params: &Params, nonce: Nonce) -> Result<Ask, ResultCode> {
    if nonce == Nonce::Seen {
        return Err(ResultCode::Signature);
    }
    read(call, params).ok_or(ResultCode::Parameter)
}

/// Whose signature the request bears; none where no partner's.
pub(super) fn signer<'p>(params: &Params, partners: &'p [Partner]) -> Option<&'p Partner> {
    let (key, sent) = (params.get("partnerKey")?, params.get(signature::PARAMETER)?);
    let partner = partners.iter().find(|partner| partner.key.as_deref() == Some(key))?;
    let strings = params.signed_strings();
    strings.iter().any(|string| signature::verify(&partner.secrets, string, sent)).then_some(partner)
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

/// `None`: a parameter is missing or wrong. What tells of the app (`phoneType`, `sourceApp`, `lngType`)
/// may be missing, since nothing here depends on it, but not be wrong.
fn read(call: Call, params: &Params) -> Option<Ask> {
    let user_account = UserAccount::parse(params.get("userAccount")?).ok()?;
    let device_id = DeviceId::parse(params.get("deviceID")?).ok()?;
    let phone_fits = params.get("phoneType").is_none_or(|text| matches!(text, "a" | "i"));
    let app_fits = params.get("sourceApp").is_none_or(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let redeem = match call {
        Call::Redeem => {
            let code = CodeText::parse(params.get("actCode")?).ok();
            Some(Redeem { code, kind: GrantKind::from_service_type(params.get("type")?)? })
        }
        Call::UsageRecord | Call::Effect => None,
    };
    (phone_fits && app_fits).then_some(Ask { user_account, device_id, redeem })
}
