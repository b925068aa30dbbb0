//! `[[payments.wechat.verify]]`: one key that WeChat signs with, and its serial. For weeks, while a merchant moves from
//! certificates to public keys, it signs with both.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::super::reading::Reading;
use super::super::secret;
use super::{missing, read};
use crate::clock::Clock;
use crate::signature::KeyFault;
use crate::signature::certificate::Certificate;
use crate::signature::rsa::{PrivateKey, PublicKey};

/// How the serial of a public key begins; a certificate's is hexadecimal.
pub(crate) const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";

/// One key of WeChat's: `public_key`, or the `certificate` that has it.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Verify {
    /// What `Wechatpay-Serial` calls it.
    pub serial: String,
    /// The key.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub public_key: Option<SecretString>,
    /// The certificate.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub certificate: Option<SecretString>,
}

/// A serial in its one spelling: capitals, and no zeros before a certificate's.
pub(crate) fn serial(sent: &str) -> String {
    let capitals = sent.trim().to_ascii_uppercase();
    if capitals.starts_with(PUBLIC_KEY_ID) { capitals } else { capitals.trim_start_matches('0').to_owned() }
}

impl Verify {
    /// Its serial in the one spelling that serials are compared by.
    #[must_use]
    pub fn key_serial(&self) -> String {
        serial(&self.serial)
    }

    /// The key, whichever way it was given.
    ///
    /// # Errors
    /// [`KeyFault`]; where neither is given, [`KeyFault::Empty`].
    pub fn key(&self) -> Result<PublicKey, KeyFault> {
        match (&self.public_key, &self.certificate) {
            (Some(key), _) => PublicKey::parse(key.expose_secret()),
            (None, Some(certificate)) => Ok(Certificate::parse(certificate.expose_secret())?.key),
            (None, None) => Err(KeyFault::Empty),
        }
    }

    pub(super) fn check(&self, own: &str, private: Option<&PrivateKey>, reading: &mut Reading) {
        self.check_serial(own, reading);
        let given = match (&self.public_key, &self.certificate) {
            (Some(_), Some(_)) => {
                reading.fault_in(own, "certificate", "give public_key or certificate, not both");
                return;
            }
            (None, None) => {
                reading.fault_in(own, "public_key", "is missing, and so is certificate: give one of them");
                return;
            }
            (Some(_), None) => "public_key",
            (None, Some(_)) => "certificate",
        };
        let key = match &self.certificate {
            None => read((own, given), self.public_key.as_ref(), PublicKey::parse, reading),
            Some(_) => {
                let read = read((own, given), self.certificate.as_ref(), Certificate::parse, reading);
                read.map(|certificate| self.of_serial(certificate, own, reading))
            }
        };
        if private.zip(key).is_some_and(|(private, key)| private.is_pair_of(&key)) {
            let what = "has the public half of private_key, the merchant's own; WeChat's is meant, which its console \
                        gives out for verifying";
            reading.fault(&format!("{own}.{given}"), what);
        }
    }

    fn check_serial(&self, own: &str, reading: &mut Reading) {
        let serial = self.key_serial();
        let is_hexadecimal = serial.len() <= 40 && serial.bytes().all(|byte| byte.is_ascii_hexdigit());
        if serial.is_empty() {
            missing(own, "serial", reading);
        } else if !is_hexadecimal && !serial.starts_with(PUBLIC_KEY_ID) {
            let what = "is neither a certificate's serial number in hexadecimal digits nor PUB_KEY_ID_…";
            reading.fault(&format!("{own}.serial"), what);
        }
    }

    /// A certificate's key, whose serial has to be the one that is stated.
    fn of_serial(&self, certificate: Certificate, own: &str, reading: &mut Reading) -> PublicKey {
        if !self.serial.is_empty() && certificate.serial != self.key_serial() {
            let what = format!("has the serial number {}, which is not serial", certificate.serial);
            reading.fault(&format!("{own}.certificate"), what);
        }
        certificate.key
    }

    /// What to say of a certificate that is over.
    pub(super) fn is_over(&self) -> Option<String> {
        let certificate = Certificate::parse(self.certificate.as_ref()?.expose_secret()).ok()?;
        let is_over = certificate.ends_at < Clock::system().now();
        is_over.then(|| {
            let ended = certificate.ends_at.rfc3339();
            format!("ended at {ended}: WeChat signs with another by now, take it from its console")
        })
    }
}
