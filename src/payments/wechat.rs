//! WeChat Pay, API v3, for apps: a prepay id is asked for, and callbacks are sealed JSON. What comes from there, answers
//! and callbacks alike, is signed with a key that its serial names ([`keys`]); no key is ever fetched.

mod keys;
mod prepay;
mod sealed;

use std::time::Duration;

use hyper::HeaderMap;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::called::{Answer, Outcome, Told, Unproven};
use super::charge::Charge;
use super::pay_type::PayType;
use super::refused::Refused;
use super::{BuildError, CallsBack, Payment, Preparing};
use crate::clock::{Clock, Timestamp};
use crate::config;
use crate::http::Http;
use crate::signature::KeyFault;
use crate::signature::rsa::{PrivateKey, SignError};
use keys::Keys;

/// A merchant at WeChat Pay.
pub(super) struct WeChat {
    app_id: String,
    mch_id: String,
    serial_no: String,
    private_key: PrivateKey,
    api_v3_key: SecretString,
    base_url: String,
    timeout: Duration,
    keys: Keys,
    http: Http,
    clock: Clock,
}

impl WeChat {
    pub(super) fn new(settings: &config::WeChat, clock: Clock) -> Result<Self, BuildError> {
        let given = |key: &Option<SecretString>| key.clone().ok_or(BuildError::Key(KeyFault::Empty));
        let private_key = PrivateKey::parse(given(&settings.private_key)?.expose_secret());
        let timeout = Duration::from_millis(u64::from(settings.timeout_ms));
        Ok(Self {
            app_id: settings.app_id.clone(),
            mch_id: settings.mch_id.clone(),
            serial_no: settings.serial_no.clone(),
            private_key: private_key.map_err(BuildError::Key)?,
            api_v3_key: given(&settings.api_v3_key)?,
            base_url: settings.base_url.clone(),
            timeout,
            keys: Keys::read(&settings.verify).map_err(BuildError::Key)?,
            http: Http::below(&settings.base_url, timeout, HeaderMap::new())?,
            clock,
        })
    }

    async fn info(&self, charge: &Charge) -> Result<Value, Refused> {
        let prepay_id = self.prepay(charge).await?;
        Ok(self.signed(&prepay_id, &nonce()?)?)
    }

    /// What the app hands to WeChat's.
    fn signed(&self, prepay_id: &str, nonce: &str) -> Result<Value, SignError> {
        let timestamp = self.seconds();
        let message = format!("{}\n{timestamp}\n{nonce}\n{prepay_id}\n", self.app_id);
        Ok(json!({
            "payType": PayType::WeChat.word(),
            "appid": self.app_id,
            "partnerid": self.mch_id,
            "prepayid": prepay_id,
            "package": "Sign=WXPay",
            "noncestr": nonce,
            "timestamp": timestamp,
            "sign": self.private_key.sign(&message)?,
        }))
    }

    /// Now, as signatures have it.
    fn seconds(&self) -> String {
        self.clock.now().0.div_euclid(1000).to_string()
    }
}

/// A text that is used once, of 32 hexadecimal digits.
fn nonce() -> Result<String, Refused> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Refused::Unsigned)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02X}")).collect())
}

impl Payment for WeChat {
    fn prepare<'a>(&'a self, charge: &'a Charge) -> Preparing<'a> {
        Box::pin(self.info(charge))
    }

    fn calls_back(&self) -> Option<&dyn CallsBack> {
        Some(self)
    }
}

impl CallsBack for WeChat {
    fn called(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Told, Unproven> {
        self.keys.verify(headers, body, now)?;
        self.open(body, now)
    }

    fn answer(&self, outcome: Outcome) -> Answer {
        let message = match outcome {
            Outcome::Done => None,
            Outcome::Unproven(why) => Some(why.to_string()),
            Outcome::Later => Some("it could not be kept, send it again".to_owned()),
        };
        let body = match message {
            None => json!({ "code": "SUCCESS", "message": "OK" }),
            Some(message) => json!({ "code": "FAIL", "message": message }),
        };
        Answer { status: outcome.status(), content_type: "application/json", body: body.to_string() }
    }
}
