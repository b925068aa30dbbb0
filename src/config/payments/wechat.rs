//! `[payments.wechat]`.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::super::reading::Reading;
use super::super::{net, secret};
use super::verify::Verify;
use super::{check_text, is_digits, missing, read_private};

const OWN: &str = "payments.wechat";

/// AES-256 takes no other key.
const API_V3_KEY_BYTES: usize = 32;

/// A merchant at WeChat Pay, API v3.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(default)]
pub struct WeChat {
    /// The app that pays.
    pub app_id: String,
    /// The merchant.
    pub mch_id: String,
    /// The serial number of the merchant's own certificate, in hexadecimal.
    pub serial_no: String,
    /// That certificate's private key: what we sign with.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub private_key: Option<SecretString>,
    /// What callbacks are encrypted with: 32 bytes.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "secret::mask")]
    pub api_v3_key: Option<SecretString>,
    /// Where it answers; without a `/` at the end.
    pub base_url: String,
    /// How long a call there may take, in milliseconds.
    pub timeout_ms: u32,
    /// What its answers and callbacks are verified with; any of them, by its serial.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub verify: Vec<Verify>,
}

impl Default for WeChat {
    fn default() -> Self {
        Self {
            app_id: String::new(),
            mch_id: String::new(),
            serial_no: String::new(),
            private_key: None,
            api_v3_key: None,
            base_url: "https://api.mch.weixin.qq.com".to_owned(),
            timeout_ms: 10_000,
            verify: Vec::new(),
        }
    }
}

impl WeChat {
    pub(super) fn check(&self, reading: &mut Reading) {
        let is_name = |text: &str| text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_serial = |text: &str| text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        check_text(OWN, "app_id", &self.app_id, is_name, "1 to 32 of A-Z a-z 0-9", reading);
        check_text(OWN, "mch_id", &self.mch_id, is_digits, "of digits, at most 32", reading);
        let form = "a certificate's serial number in hexadecimal digits";
        check_text(OWN, "serial_no", &self.serial_no, is_serial, form, reading);
        if !net::is_url_prefix(&self.base_url) {
            let what = "is not of the form https://HOST[:PORT][/PATH], without a trailing /";
            reading.fault("payments.wechat.base_url", what);
        }
        reading.range("payments.wechat.timeout_ms", &self.timeout_ms, 1..=60_000);
        match self.api_v3_key.as_ref().map(|key| key.expose_secret().len()) {
            None => missing(OWN, "api_v3_key", reading),
            Some(API_V3_KEY_BYTES) => {}
            Some(bytes) => {
                let what = format!("has {bytes} bytes, and must have {API_V3_KEY_BYTES}");
                reading.fault("payments.wechat.api_v3_key", what);
            }
        }
        self.check_verify(reading);
    }

    fn check_verify(&self, reading: &mut Reading) {
        let private = read_private(OWN, self.private_key.as_ref(), reading);
        if self.verify.is_empty() {
            let what = "is missing: [[payments.wechat.verify]] with WeChat's key, or nothing of it could be believed";
            reading.fault_in(OWN, "verify", what);
        }
        let mut seen = BTreeMap::new();
        for (at, verify) in (1..).zip(&self.verify) {
            let own = format!("{OWN}.verify[{at}]");
            verify.check(&own, private.as_ref(), reading);
            let serial = verify.key_serial();
            if let Some(first) = seen.get(&serial).filter(|_| !serial.is_empty()) {
                reading.fault(&format!("{own}.serial"), format!("is the serial of {first} too"));
            }
            seen.entry(serial).or_insert(own);
        }
    }
}
