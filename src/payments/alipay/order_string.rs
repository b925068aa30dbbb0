//! The string that an app hands to Alipay's: what is to be paid, signed.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use super::super::beijing;
use super::super::charge::Charge;
use super::super::pay_type::PayType;
use crate::clock::Timestamp;
use crate::money::Currency;
use crate::signature::rsa::{PrivateKey, SignError};

/// Everything but what is never taken for anything else (RFC 3986, unreserved): a blank becomes `%20`.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Alipay takes no longer subject, in characters.
const SUBJECT_MAX: usize = 256;

/// Sorted by name, signed over the values as they are, and encoded afterwards; `sign` comes last.
pub(super) fn signed(
    app_id: &str,
    charge: &Charge,
    now: Timestamp,
    key: &PrivateKey,
) -> Result<String, SignError> {
    let mut content = json!({
        "out_trade_no": charge.order_id,
        "product_code": "QUICK_MSECURITY_PAY",
        "subject": subject(&charge.subject),
        "time_expire": beijing::text(charge.expires_at),
        "total_amount": charge.money.decimal(),
    });
    // Without its currency an amount is one of yuan.
    if charge.money.currency != Currency::Cny {
        content["trans_currency"] = charge.money.currency.code().into();
    }
    let parameters = [
        ("app_id", app_id.to_owned()),
        ("biz_content", content.to_string()),
        ("charset", "utf-8".to_owned()),
        ("format", "JSON".to_owned()),
        ("method", "alipay.trade.app.pay".to_owned()),
        ("notify_url", charge.callback(PayType::Alipay)),
        ("sign_type", "RSA2".to_owned()),
        ("timestamp", beijing::text(now)),
        ("version", "1.0".to_owned()),
    ];
    let plain: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let sign = key.sign(&plain.join("&"))?;
    let all = parameters.iter().map(|(name, value)| (*name, value.as_str())).chain([("sign", sign.as_str())]);
    let encoded: Vec<String> =
        all.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, VALUE))).collect();
    Ok(encoded.join("&"))
}

/// Alipay refuses a subject with `/`, `=` or `&`; blanks stand in for them.
fn subject(text: &str) -> String {
    text.chars().take(SUBJECT_MAX).map(|c| if "/=&".contains(c) { ' ' } else { c }).collect()
}
