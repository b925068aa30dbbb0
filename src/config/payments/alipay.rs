//! `[payments.alipay]`.

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::super::reading::Reading;
use super::super::secret;
use super::{check_text, is_digits, read, read_private};
use crate::signature::rsa::PublicKey;

const OWN: &str = "payments.alipay";

/// An application at Alipay that signs with keys (not with certificates), by RSA2.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Alipay {
    /// The application.
    pub app_id: String,
    /// The application's private key: what we sign with.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub private_key: Option<SecretString>,
    /// Alipay's public key: what its callbacks are verified with.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub alipay_public_key: Option<SecretString>,
    /// Who is paid; where it is set, callbacks about another are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller_id: Option<String>,
}

impl Alipay {
    pub(super) fn check(&self, reading: &mut Reading) {
        check_text(OWN, "app_id", &self.app_id, is_digits, "of digits, at most 32", reading);
        if let Some(seller_id) = &self.seller_id {
            check_text(OWN, "seller_id", seller_id, is_digits, "of digits, at most 32", reading);
        }
        let private = read_private(OWN, self.private_key.as_ref(), reading);
        let key = (OWN, "alipay_public_key");
        let public = read(key, self.alipay_public_key.as_ref(), PublicKey::parse, reading);
        if private.zip(public).is_some_and(|(private, public)| private.is_pair_of(&public)) {
            let what = "is the public half of private_key, our own; Alipay's is meant, which its console shows once \
                        ours was given to it";
            reading.fault("payments.alipay.alipay_public_key", what);
        }
    }
}
