//! Requests of the activation surface as a partner's server makes them, signed by an implementation of its
//! own. The including test also includes `gateway`.
#![allow(dead_code, reason = "no test uses all of it")]

use base64::Engine as _;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};

use crate::gateway::{Answer, Gateway, request, try_request};

pub(crate) const KEY: &str = "pk-test";
pub(crate) const SECRET: &str = "unit-test-partner-secret";
pub(crate) const REDEEM: &str = "/v3/third/sdk/actCode/service";
pub(crate) const USAGE: &str = "/v3/third/sdk/actCode/usage/record";
pub(crate) const EFFECT: &str = "/v3/third/sdk/device/services/effect";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// The partner whose requests these are; it may call `/v1` too.
pub(crate) const PARTNER: &str = "[[partner]]\nname = 'app'\ntoken = 'app-token'\nkey = 'pk-test'\n\
    secrets = ['unit-test-partner-secret', 'unit-test-older-secret']\n";

/// Parameters on their way, as pairs in the order of sending.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) path: &'static str,
    pub(crate) pairs: Vec<(String, String)>,
}

/// The seed's parameters of a question about a device.
pub(crate) fn ask(path: &'static str, account: &str, device: &str) -> Ask {
    let pairs = [
        ("userAccount", account),
        ("deviceID", device),
        ("phoneType", "a"),
        ("sourceApp", "72"),
        ("lngType", "en"),
        ("partnerKey", KEY),
        ("signatureVersion", "1.0"),
    ];
    Ask { path, pairs: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec() }
}

/// A code for a device; `kind` is 0, 1 or 2.
pub(crate) fn redeem(account: &str, device: &str, code: &str, kind: &str) -> Ask {
    ask(REDEEM, account, device).with("actCode", code).with("type", kind)
}

impl Ask {
    /// The same with another value of a parameter.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        let mut ask = self.without(name);
        ask.pairs.push((name.to_owned(), value.to_owned()));
        ask
    }

    /// The same with one more pair, of a name that may be there.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.pairs.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a parameter.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.pairs.retain(|(known, _)| known != name);
        self
    }

    /// The same, signed by the partner's newer secret.
    pub(crate) fn sign(self) -> Self {
        self.sign_by(SECRET)
    }

    /// The same, signed.
    pub(crate) fn sign_by(self, secret: &str) -> Self {
        let signature = signature(secret, &self.pairs);
        self.with("signature", &signature)
    }

    /// As a form or a query.
    pub(crate) fn form(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.pairs).finish()
    }

    /// As a flat JSON body.
    pub(crate) fn json(&self) -> String {
        let member = |(name, value): &(String, String)| (name.clone(), Value::from(value.clone()));
        Value::Object(self.pairs.iter().map(member).collect::<Map<_, _>>()).to_string()
    }

    /// Posts it as a form.
    pub(crate) fn send(&self, gateway: &Gateway) -> Answer {
        request(gateway.main, "POST", self.path, &[("Content-Type", FORM)], self.form().as_bytes())
    }

    /// The same, where the gateway may be gone.
    pub(crate) fn try_send(&self, gateway: &Gateway) -> std::io::Result<Answer> {
        try_request(gateway.main, "POST", self.path, &[("Content-Type", FORM)], self.form().as_bytes())
    }

    /// Signs and posts it; the result code.
    #[track_caller]
    pub(crate) fn code(&self, gateway: &Gateway) -> String {
        code(&self.clone().sign().send(gateway))
    }

    /// Signs and posts it; it must be answered 1001, with this result.
    #[track_caller]
    pub(crate) fn result(&self, gateway: &Gateway) -> Value {
        let answer = self.clone().sign().send(gateway);
        assert_eq!(code(&answer), "1001", "{}", answer.text());
        answer.json()["result"].clone()
    }
}

/// The result code of an answer, which must be a string in the envelope.
#[track_caller]
pub(crate) fn code(answer: &Answer) -> String {
    let envelope = answer.json();
    assert!(envelope["t"].is_i64() && envelope["result"].is_object(), "{envelope}");
    envelope["resultCode"].as_str().unwrap_or_else(|| panic!("{envelope}")).to_owned()
}

/// HMAC-SHA1 in Base64 over all pairs but the signature, in the order of their names.
pub(crate) fn signature(secret: &str, pairs: &[(String, String)]) -> String {
    let mut signed: Vec<_> = pairs.iter().filter(|(name, _)| name != "signature").collect();
    signed.sort_by(|(one, _), (other, _)| one.cmp(other));
    let text: Vec<String> = signed.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(text.join("&").as_bytes());
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

/// Codes made by the command beside the gateway, with these options.
pub(crate) fn generate(gateway: &Gateway, settings: &str, options: &str) -> Vec<String> {
    let mut command = Gateway::cli(&gateway.folder, settings);
    command.args(["codes", "generate", "--json"]).args(options.split_whitespace());
    let output = command.output().expect("the command runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let made: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let codes = made["codes"].as_array().expect("a list").iter();
    codes.map(|code| code["code"].as_str().expect("a code").to_owned()).collect()
}

/// One code of that kind for 30 days.
pub(crate) fn one_code(gateway: &Gateway, kind: &str) -> String {
    generate(gateway, PARTNER, &format!("--kind {kind} --count 1 --days 30")).remove(0)
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
