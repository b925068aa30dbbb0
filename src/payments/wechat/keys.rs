//! The keys that WeChat signs with, by serial, and the check of what it has signed: the raw body, with a time and a
//! nonce before it.

use std::collections::BTreeMap;

use hyper::HeaderMap;

use super::super::called::Unproven;
use crate::clock::Timestamp;
use crate::config::{PUBLIC_KEY_ID, Verify, wechat_serial};
use crate::signature::KeyFault;
use crate::signature::rsa::PublicKey;

/// How far the time of a signature may be from ours, either way, in seconds.
const SKEW_S: u64 = 300;

/// The only kind of signature there is for these keys.
const KIND: &str = "WECHATPAY2-SHA256-RSA2048";

/// Keys by serial.
pub(super) struct Keys {
    by_serial: BTreeMap<String, PublicKey>,
    /// The public key's id that answers are to be signed with, as it was given; none: there are certificates alone.
    pub(super) wanted: Option<String>,
}

impl Keys {
    pub(super) fn read(verify: &[Verify]) -> Result<Self, KeyFault> {
        let keys = verify.iter().map(|verify| Ok((verify.key_serial(), verify.key()?)));
        let by_serial = keys.collect::<Result<_, _>>()?;
        let mut serials = verify.iter().map(|verify| verify.serial.trim());
        let wanted = serials.find(|given| wechat_serial(given).starts_with(PUBLIC_KEY_ID));
        Ok(Self { by_serial, wanted: wanted.map(str::to_owned) })
    }

    /// Whether WeChat has signed this body, now.
    ///
    /// # Errors
    /// [`Unproven`].
    pub(super) fn verify(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<(), Unproven> {
        let header = |name| {
            let text = headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
            text.filter(|text| !text.is_empty()).ok_or(Unproven::Unsigned)
        };
        let (timestamp, nonce) = (header("wechatpay-timestamp")?, header("wechatpay-nonce")?);
        let (signature, serial) = (header("wechatpay-signature")?, header("wechatpay-serial")?);
        if header("wechatpay-signature-type").is_ok_and(|kind| kind != KIND) {
            return Err(Unproven::Signature);
        }
        let made_s: i64 = timestamp.parse().map_err(|_| Unproven::Unsigned)?;
        if now.0.div_euclid(1000).abs_diff(made_s) > SKEW_S {
            return Err(Unproven::Stale);
        }
        let key = self.by_serial.get(&wechat_serial(serial)).ok_or(Unproven::UnknownSerial)?;
        let message = [timestamp.as_bytes(), b"\n", nonce.as_bytes(), b"\n", body, b"\n"].concat();
        if key.verify(&message, signature) { Ok(()) } else { Err(Unproven::Signature) }
    }
}
