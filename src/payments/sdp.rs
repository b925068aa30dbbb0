//! Paying by registering at the carrier: how to, signed as partners sign, so that an app knows it for ours. The carrier's
//! notice settles it.

use std::future::ready;

use serde_json::{Map, Value, json};

use super::charge::Charge;
use super::pay_type::PayType;
use super::refused::Refused;
use super::{Payment, Preparing};
use crate::signature;

/// The carrier.
pub(super) struct Sdp;

impl Payment for Sdp {
    fn prepare<'a>(&'a self, charge: &'a Charge) -> Preparing<'a> {
        Box::pin(ready(signed(charge)))
    }
}

/// What is not known of how to send the message is an empty text, and signed as one.
fn signed(charge: &Charge) -> Result<Value, Refused> {
    let how = charge.registration.as_ref().ok_or(Refused::NotSold)?;
    let mut info = Map::new();
    let expires_s = charge.expires_at.0.div_euclid(1000);
    for (name, value) in [
        ("payType", json!(PayType::Sdp.word())),
        ("smsShortCode", json!(how.sms_short_code.as_deref().unwrap_or_default())),
        ("smsText", json!(how.sms_text.as_deref().unwrap_or_default())),
        ("serviceId", json!(how.service_id)),
        ("packageId", json!(how.package_id)),
        ("expireTime", json!(expires_s)),
    ] {
        info.insert(name.to_owned(), value);
    }
    let texts: Vec<(&str, String)> = info.iter().map(|(name, value)| (name.as_str(), text(value))).collect();
    let canonical = signature::canonical(texts.iter().map(|(name, value)| (*name, value.as_str())));
    let signature = signature::sign(&how.secret, &canonical);
    info.insert(signature::PARAMETER.to_owned(), json!(signature));
    Ok(Value::Object(info))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
