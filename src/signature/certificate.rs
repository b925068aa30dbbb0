//! X.509 certificates, as far as a payment system's signatures need them: the key, the serial number that it is found
//! by, and until when it is good. Who issued one is not asked: an operator put it there by hand.

use x509_cert::der::Decode as _;

use super::armour::unwrapped;
use super::key_fault::KeyFault;
use super::rsa::PublicKey;
use crate::clock::Timestamp;

/// One certificate.
pub struct Certificate {
    /// In capital hexadecimal digits, without zeros before it.
    pub serial: String,
    /// Its last moment.
    pub ends_at: Timestamp,
    /// Whose signatures it is for.
    pub key: PublicKey,
}

impl Certificate {
    /// Reads one; of a chain, the first.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        let der = unwrapped(text)?.der;
        let read = x509_cert::Certificate::from_der(&der).map_err(|_| match PublicKey::of_der(&der) {
            Ok(_) | Err(KeyFault::Short) => KeyFault::Key,
            Err(KeyFault::Private) => KeyFault::Private,
            Err(_) => KeyFault::NoCertificate,
        })?;
        let read = read.tbs_certificate;
        let ends_s = read.validity.not_after.to_unix_duration().as_secs();
        Ok(Self {
            serial: hexadecimal(read.serial_number.as_bytes()),
            ends_at: Timestamp(i64::try_from(ends_s).unwrap_or(i64::MAX).saturating_mul(1000)),
            key: PublicKey::of_der(read.subject_public_key_info.subject_public_key.raw_bytes())?,
        })
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    digits.trim_start_matches('0').to_owned()
}
