//! The one call to WeChat: an order is made known there, and gets a prepay id. The same order asked for again gets one
//! again, as long as all of it is the same; so nothing in the body depends on when it is sent.

use hyper::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

use super::super::beijing;
use super::super::charge::Charge;
use super::super::pay_type::PayType;
use super::super::refused::Refused;
use super::{WeChat, nonce};
use crate::http::{Answer, Ask, Failure};
use crate::ids::visible::one_line;

const PATH: &str = "/v3/pay/transactions/app";

/// Real answers have some hundred bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// WeChat takes no longer description, in bytes.
const DESCRIPTION_BYTES_MAX: usize = 127;

/// Characters of its words that are kept, at most.
const WORDS_MAX: usize = 200;

#[derive(Deserialize)]
struct Prepared {
    prepay_id: String,
}

#[derive(Deserialize)]
struct Denial {
    code: String,
    #[serde(default)]
    message: String,
}

impl WeChat {
    pub(super) async fn prepay(&self, charge: &Charge) -> Result<String, Refused> {
        let started = Instant::now();
        let called = self.http.call(self.ask(charge)?, started + self.timeout).await;
        let prepared = called.map_err(unanswered).and_then(|answer| self.prepay_id(&answer));
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Whoever asked says more of what failed.
        let end = prepared.as_ref().map_or_else(Refused::word, |_| "done");
        tracing::info!(system = "WeChat", path = PATH, ms, end, "called");
        prepared
    }

    fn ask(&self, charge: &Charge) -> Result<Ask, Refused> {
        let body = json!({
            "appid": self.app_id,
            "mchid": self.mch_id,
            "description": description(&charge.subject),
            "out_trade_no": charge.order_id,
            "time_expire": beijing::rfc3339(charge.expires_at),
            "notify_url": charge.callback(PayType::WeChat),
            "amount": { "total": charge.money.minor, "currency": charge.money.currency.code() },
        })
        .to_string();
        let url = format!("{}{PATH}", self.base_url);
        let authorization = self.authorization(&path(&url), &body)?;
        let mut ask = Ask::new(Method::POST, url).with("application/json", body);
        ask.answer_bytes_max = ANSWER_BYTES_MAX;
        ask.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        ask.headers.insert(AUTHORIZATION, header(&authorization)?);
        if let Some(serial) = &self.keys.wanted {
            ask.headers.insert("wechatpay-serial", header(serial)?);
        }
        Ok(ask)
    }

    fn authorization(&self, path: &str, body: &str) -> Result<String, Refused> {
        let (timestamp, nonce) = (self.seconds(), nonce()?);
        let signature = self.private_key.sign(&format!("POST\n{path}\n{timestamp}\n{nonce}\n{body}\n"))?;
        let (mch_id, serial_no) = (&self.mch_id, &self.serial_no);
        Ok(format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{mch_id}\",nonce_str=\"{nonce}\",signature=\"{signature}\",\
             timestamp=\"{timestamp}\",serial_no=\"{serial_no}\""
        ))
    }

    /// Only what is signed is believed: whoever stands between could else have other orders paid.
    fn prepay_id(&self, answer: &Answer) -> Result<String, Refused> {
        if answer.status != 200 {
            return Err(denied(answer));
        }
        self.keys.verify(&answer.headers, &answer.body, self.clock.now()).map_err(Refused::Unproven)?;
        let prepared: Result<Prepared, _> = serde_json::from_slice(&answer.body);
        let prepared = prepared.ok().filter(|prepared| !prepared.prepay_id.is_empty());
        prepared
            .map(|prepared| prepared.prepay_id)
            .ok_or_else(|| Refused::Unreadable("it has no prepay_id".to_owned()))
    }
}

/// What is signed of the address: all behind the host.
fn path(url: &str) -> String {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    host.find('/').map_or_else(String::new, |at| host[at..].to_owned())
}

fn header(text: &str) -> Result<HeaderValue, Refused> {
    HeaderValue::from_str(text).map_err(|_| Refused::Unsigned)
}

fn unanswered(failure: Failure) -> Refused {
    let (Failure::Before(why) | Failure::After(why)) = failure;
    Refused::Unanswered(why)
}

/// A refusal is not signed by everybody who stands before WeChat, and changes nothing: it is told as it is.
fn denied(answer: &Answer) -> Refused {
    let status = answer.status;
    match serde_json::from_slice::<Denial>(&answer.body) {
        Ok(Denial { code, message }) => {
            let words: String = one_line(&format!("{code} {message}")).chars().take(WORDS_MAX).collect();
            Refused::Denied { status, words }
        }
        Err(_) => Refused::Unreadable(format!("status {status}, and no words of WeChat's")),
    }
}

/// Cut between two characters.
fn description(text: &str) -> &str {
    &text[..text.floor_char_boundary(DESCRIPTION_BYTES_MAX)]
}
