//! Calls of camera apps as a partner's server makes them: one JSON object, signed by an implementation of its own. The
//! including test also includes `gateway` and `signed`.
#![allow(dead_code, reason = "no test uses all of it")]

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};

use crate::gateway::{Answer, Gateway, request};
use crate::signed::{KEY, SECRET, now_ms, signature};

/// A call of a method.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) params: Map<String, Value>,
}

/// A call for an account, of now and with a nonce of its own.
pub(crate) fn call(method: &str, account: &str, params: Value) -> Call {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let common = json!({
        "userAccount": account,
        "partnerKey": KEY,
        "timestamp": now_ms(),
        "signatureNonce": format!("n-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)),
    });
    let (Value::Object(mut all), Value::Object(more)) = (common, params) else { panic!("objects") };
    all.extend(more);
    Call { method: method.to_owned(), params: all }
}

impl Call {
    /// The same with another value of a parameter; null takes it away.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        match value.into() {
            Value::Null => drop(self.params.remove(name)),
            value => drop(self.params.insert(name.to_owned(), value)),
        }
        self
    }

    /// The same by another partner's key.
    pub(crate) fn by(self, key: &str) -> Self {
        self.with("partnerKey", key)
    }

    /// The same, signed.
    pub(crate) fn sign_by(self, secret: &str) -> Self {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs: Vec<_> = self.params.iter().map(|(name, value)| (name.clone(), text(value))).collect();
        let signature = signature(secret, &pairs);
        self.with("signature", signature)
    }

    /// The same, signed by the partner of `signed`.
    pub(crate) fn sign(self) -> Self {
        self.sign_by(SECRET)
    }

    pub(crate) fn path(&self) -> String {
        format!("/vas/v1/{}", self.method)
    }

    pub(crate) fn body(&self) -> String {
        Value::Object(self.params.clone()).to_string()
    }

    /// Posts it as it is.
    pub(crate) fn send(&self, gateway: &Gateway) -> Answer {
        post(gateway, &self.path(), &self.body())
    }

    /// Signs and posts it; the code.
    #[track_caller]
    pub(crate) fn code(&self, gateway: &Gateway) -> i64 {
        code(&self.clone().sign().send(gateway))
    }

    /// Signs and posts it; what is said beside the code.
    #[track_caller]
    pub(crate) fn msg(&self, gateway: &Gateway) -> String {
        let answer = self.clone().sign().send(gateway);
        code(&answer);
        answer.json()["msg"].as_str().expect("a text").to_owned()
    }

    /// Signs and posts it; it must be done, with this data.
    #[track_caller]
    pub(crate) fn data(&self, gateway: &Gateway) -> Value {
        let answer = self.clone().sign().send(gateway);
        assert_eq!((answer.status, code(&answer)), (200, 0), "{}", answer.text());
        answer.json()["data"].clone()
    }
}

/// Posts a body as JSON.
pub(crate) fn post(gateway: &Gateway, path: &str, body: &str) -> Answer {
    request(gateway.main, "POST", path, &[("Content-Type", "application/json")], body.as_bytes())
}

/// The code of an answer, which must be in the envelope.
#[track_caller]
pub(crate) fn code(answer: &Answer) -> i64 {
    let envelope = answer.json();
    let keys: Vec<_> = envelope.as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(keys, ["code", "msg", "data", "requestId"], "{envelope}");
    assert!(envelope["msg"].is_string() && envelope["requestId"].is_string(), "{envelope}");
    let code = envelope["code"].as_i64().expect("a number");
    assert_eq!(envelope["data"].is_null(), code != 0, "{envelope}");
    code
}

/// Settings with a catalog beside them, written into a folder.
pub(crate) fn settings(folder: &std::path::Path, catalog: &str, more: &str) -> String {
    std::fs::write(folder.join("shop.toml"), catalog).expect("a catalog");
    format!("{more}[catalog]\npath = 'shop.toml'\n")
}
