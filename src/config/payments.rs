//! `[payments.sdp]`, `[payments.alipay]`, `[payments.wechat]`: how orders may be paid, and the keys for it. Leaves paying
//! to `payments`. Keys are read here only to say what is wrong with them.

mod alipay;
mod verify;
mod wechat;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::reading::Reading;
use crate::signature::KeyFault;
use crate::signature::rsa::PrivateKey;

pub use alipay::Alipay;
pub use verify::Verify;
pub(crate) use verify::{PUBLIC_KEY_ID, serial as wechat_serial};
pub use wechat::WeChat;

pub(super) const SECRETS: &[&str] = &["private_key", "alipay_public_key", "api_v3_key"];
pub(super) const VERIFY_SECRETS: &[&str] = &["public_key", "certificate"];

/// How orders may be paid; without a table of its own a way is closed.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Payments {
    /// By registering at the carrier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sdp: Option<Sdp>,
    /// With Alipay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alipay: Option<Alipay>,
    /// With WeChat Pay.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wechat: Option<WeChat>,
}

/// `[payments.sdp]`: all it needs stands in the catalog and in `[[partner]]`.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
pub struct Sdp {}

impl Payments {
    /// With the keys that WeChat's signatures are verified with, which the settings give as a list.
    pub(super) fn with_verify(mut self, verify: Vec<Verify>) -> Self {
        if !verify.is_empty() {
            self.wechat.get_or_insert_default().verify = verify;
        }
        self
    }

    pub(super) fn check(&self, reading: &mut Reading) {
        if let Some(alipay) = &self.alipay {
            alipay.check(reading);
        }
        if let Some(wechat) = &self.wechat {
            wechat.check(reading);
        }
    }

    /// Whether there is no way to pay.
    pub(super) fn is_empty(&self) -> bool {
        self.sdp.is_none() && self.alipay.is_none() && self.wechat.is_none()
    }

    /// What is no fault, and yet to be thought about; `public_url` is the server's.
    pub(super) fn warnings(&self, public_url: Option<&str>) -> Vec<String> {
        let mut warnings = Vec::new();
        let is_called_back = self.alipay.is_some() || self.wechat.is_some();
        if is_called_back && !public_url.is_some_and(|url| url.starts_with("https://")) {
            let what = "server.public_url does not begin with https://, and Alipay and WeChat call back there to say \
                        that an order was paid: WeChat refuses other addresses";
            warnings.push(what.to_owned());
        }
        let verify = self.wechat.iter().flat_map(|wechat| &wechat.verify);
        warnings.extend((1..).zip(verify).filter_map(|(at, verify)| {
            let what = verify.is_over()?;
            Some(format!("payments.wechat.verify[{at}].certificate {what}"))
        }));
        warnings
    }
}

/// Notes that a key was not given. What was given and could not be had was noted before.
fn missing(own: &str, key: &str, reading: &mut Reading) {
    reading.fault_in(own, key, "is missing");
}

/// Reads a key that has to be there, and notes what is wrong with it.
fn read<T>(
    (own, key): (&str, &str),
    given: Option<&SecretString>,
    parse: impl FnOnce(&str) -> Result<T, KeyFault>,
    reading: &mut Reading,
) -> Option<T> {
    let Some(given) = given else {
        missing(own, key, reading);
        return None;
    };
    match parse(given.expose_secret()) {
        Ok(read) => Some(read),
        Err(fault) => {
            reading.fault(&format!("{own}.{key}"), fault.to_string());
            None
        }
    }
}

/// The private key that we sign with.
fn read_private(own: &str, given: Option<&SecretString>, reading: &mut Reading) -> Option<PrivateKey> {
    read((own, "private_key"), given, PrivateKey::parse, reading)
}

/// Notes a text that has to be there and is not, or is none of `form`.
fn check_text(
    own: &str,
    key: &str,
    text: &str,
    is_fit: impl Fn(&str) -> bool,
    form: &str,
    reading: &mut Reading,
) {
    match text {
        "" => missing(own, key, reading),
        _ if !is_fit(text) => reading.fault(&format!("{own}.{key}"), format!("is not {form}")),
        _ => {}
    }
}

fn is_digits(text: &str) -> bool {
    text.len() <= 32 && text.bytes().all(|byte| byte.is_ascii_digit())
}
