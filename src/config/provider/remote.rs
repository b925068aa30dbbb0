//! The keys of a provider of kind `activation`: their words, their check, and the view of them with
//! every default filled in. Leaves calling the remote system to the provider.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::super::Worker;
use super::super::reading::Reading;
use super::{Provider, ProviderKind};

/// The kind of phone we call as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
pub enum PhoneType {
    /// Android.
    #[serde(rename = "a")]
    Android,
    /// iOS.
    #[serde(rename = "i")]
    Ios,
}

impl PhoneType {
    /// Its word on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Android => "a",
            Self::Ios => "i",
        }
    }
}

/// Where parameters are put.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SendAs {
    /// In a form body.
    Form,
    /// In the query; the body is empty.
    Query,
    /// In a flat JSON body.
    Json,
}

/// How a service is begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// By redeeming a code that the remote system issued and our stock holds.
    Code,
    /// By an order of ours.
    Order,
}

/// All a client of the activation-code API needs.
#[derive(Debug, Clone)]
pub struct ActivationRemote {
    /// Where it answers; without a `/` at the end.
    pub base_url: String,
    /// Whether it is to be asked for the regional base first.
    pub redirect: bool,
    /// The key that it knows us by.
    pub partner_key: String,
    /// What we sign with.
    pub partner_secret: SecretString,
    /// Our customer number there.
    pub source_app: u32,
    /// The country whose regional base is asked for.
    pub country_code: String,
    /// The language of its messages.
    pub language: String,
    /// The kind of phone we call as.
    pub phone_type: PhoneType,
    /// Where parameters are put.
    pub send_as: SendAs,
    /// How a service is begun.
    pub mode: Mode,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: u32,
}

impl Provider {
    /// The view of a provider of kind `activation`; `None` for another kind, or where a key without
    /// a default is missing, which [`Config::load`](crate::config::Config::load) refuses.
    #[must_use]
    pub fn activation(&self) -> Option<ActivationRemote> {
        if self.kind != ProviderKind::Activation {
            return None;
        }
        let word =
            |given: &Option<String>, default: &str| given.clone().unwrap_or_else(|| default.to_owned());
        Some(ActivationRemote {
            base_url: self.base_url.clone()?,
            redirect: self.redirect.unwrap_or(false),
            partner_key: self.partner_key.clone()?,
            partner_secret: self.partner_secret.clone()?,
            source_app: self.source_app?,
            country_code: word(&self.country_code, "VN"),
            language: word(&self.language, "en"),
            phone_type: self.phone_type.unwrap_or(PhoneType::Android),
            send_as: self.send_as.unwrap_or(SendAs::Form),
            mode: self.mode.unwrap_or(Mode::Code),
            timeout_ms: self.timeout_ms,
        })
    }

    pub(super) fn check_remote(&self, own: &str, worker: &Worker, reading: &mut Reading) {
        for (key, missing) in [
            ("base_url", self.base_url.is_none()),
            ("partner_key", self.partner_key.is_none()),
            ("partner_secret", self.partner_secret.is_none()),
            ("source_app", self.source_app.is_none()),
        ] {
            if missing {
                reading.fault_in(own, key, "is missing");
            }
        }
        self.check_reach(own, worker, reading);
        let secret = self.partner_secret.as_ref().map(ExposeSecret::expose_secret);
        for (key, value) in [("partner_key", self.partner_key.as_deref()), ("partner_secret", secret)] {
            if value == Some("") {
                reading.fault(&format!("{own}.{key}"), "is empty");
            }
        }
        let is_country = |code: &str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if self.country_code.as_deref().is_some_and(|code| !is_country(code)) {
            reading.fault(&format!("{own}.country_code"), "is not two capitals, such as VN");
        }
        let is_language =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if self.language.as_deref().is_some_and(|text| !is_language(text)) {
            reading.fault(&format!("{own}.language"), "is not a language such as en");
        }
    }
}
