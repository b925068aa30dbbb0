//! RSA keys as merchants are given them, and the one signature that payment systems use: PKCS#1 v1.5 over SHA-256
//! (Alipay calls it RSA2, WeChat SHA256-RSA2048). A key is PKCS#1 or PKCS#8, in PEM or as bare Base64, whatever its label
//! says: tools disagree about labels, and the content decides. Certificates are [`certificate`](super::certificate)'s.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaParameters,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_cert::der::Decode as _;

use super::armour::{Armour, unwrapped};
use super::key_fault::KeyFault;

/// A key of fewer bits is refused: the vendors ask for as many.
pub const BITS_MIN: u32 = 2048;

/// Ours, to sign with.
pub struct PrivateKey(rsa::KeyPair);

/// Somebody else's, to verify with.
pub struct PublicKey {
    key: ParsedPublicKey,
    /// The same as PKCS#1, in the one form that it has.
    pkcs1: Vec<u8>,
}

/// The signature could not be made; nothing a caller did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the RSA signature could not be made")]
pub struct SignError;

impl PrivateKey {
    /// Reads one.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        let Armour { label, der } = unwrapped(text)?;
        if label.is_some_and(|label| label.contains("ENCRYPTED")) {
            return Err(KeyFault::Locked);
        }
        Self::of_der(&der)
    }

    fn of_der(der: &[u8]) -> Result<Self, KeyFault> {
        let pkcs8 = rsa::KeyPair::from_pkcs8(der);
        let pkcs1 = rsa::KeyPair::from_der(der);
        let short = [&pkcs8, &pkcs1].iter().any(|read| is_short(read));
        match pkcs8.or(pkcs1) {
            Ok(pair) => Ok(Self(pair)),
            Err(_) if short => Err(KeyFault::Short),
            Err(_) if rsa::PublicKey::from_der(der).is_ok() => Err(KeyFault::Public),
            Err(_) if x509_cert::Certificate::from_der(der).is_ok() => Err(KeyFault::Certificate),
            Err(_) => Err(KeyFault::Unreadable),
        }
    }

    /// The signature of a message, in Base64 with padding.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn sign(&self, message: &str) -> Result<String, SignError> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature);
        signed.map(|()| STANDARD.encode(signature)).map_err(|_| SignError)
    }

    /// Whether that is the public half of this key.
    #[must_use]
    pub fn is_pair_of(&self, public: &PublicKey) -> bool {
        self.0.public_key().as_ref() == public.pkcs1
    }
}

fn is_short(read: &Result<rsa::KeyPair, aws_lc_rs::error::KeyRejected>) -> bool {
    read.as_ref().is_err_and(|why| why.description_() == "TooSmall")
}

impl PublicKey {
    /// Reads one.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn parse(text: &str) -> Result<Self, KeyFault> {
        Self::of_der(&unwrapped(text)?.der)
    }

    pub(super) fn of_der(der: &[u8]) -> Result<Self, KeyFault> {
        let Ok(read) = rsa::PublicKey::from_der(der) else {
            return Err(match PrivateKey::of_der(der) {
                Ok(_) | Err(KeyFault::Short) => KeyFault::Private,
                Err(fault) => fault,
            });
        };
        let pkcs1 = read.as_ref().to_vec();
        if RsaParameters::public_modulus_len(&pkcs1).map_err(|_| KeyFault::Unreadable)? < BITS_MIN {
            return Err(KeyFault::Short);
        }
        let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &pkcs1);
        Ok(Self { key: key.map_err(|_| KeyFault::Unreadable)?, pkcs1 })
    }

    /// Whether `signature`, in Base64 with padding, is this key's of that message.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &str) -> bool {
        let signature = STANDARD.decode(signature);
        signature.is_ok_and(|signature| self.key.verify_sig(message, &signature).is_ok())
    }
}
