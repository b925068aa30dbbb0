//! One signed call of the remote system: its parameters, where the settings want them put, and what the
//! envelope of the answer says. Leaves what that means for a task to the stories.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use form_urlencoded::Serializer;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::code::{Class, meaning};
use crate::clock::Clock;
use crate::config::{ActivationRemote, SendAs};
use crate::http::{Answer, Ask, Failure, Http};
use crate::providers::{Attempted, ClientError, Why};
use crate::signature;

/// The remote system as we reach it.
pub(super) struct Remote {
    pub(super) name: String,
    pub(super) settings: ActivationRemote,
    /// What is signed with; the settings have the one of the start.
    secret: ArcSwap<SecretString>,
    /// The regional base, once asked for.
    pub(super) regional: Mutex<Option<String>>,
    http: Http,
    clock: Clock,
}

/// Parameters by name, those of every call left out.
pub(super) type Parameters = Vec<(&'static str, String)>;

/// What came of a call.
pub(super) enum Reply {
    /// The other side said something.
    Said { class: Class, why: Why, result: Value },
    /// It was not carried out.
    Not { why: Why, after: Option<Duration> },
    /// Nobody knows.
    Unsure(Why),
}

/// The answer's frame. `resultCode` is a string, and a number is forgiven.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    result_code: Value,
    #[serde(default)]
    result: Value,
}

impl Remote {
    pub(super) fn new(name: &str, settings: ActivationRemote, clock: Clock) -> Result<Self, ClientError> {
        let http = Http::new(Duration::from_millis(u64::from(settings.timeout_ms)))?;
        let secret = ArcSwap::from_pointee(settings.partner_secret.clone());
        Ok(Self { name: name.to_owned(), settings, secret, regional: Mutex::new(None), http, clock })
    }

    /// Signs with this from now on.
    pub(super) fn renew(&self, secret: SecretString) {
        self.secret.store(Arc::new(secret));
    }

    /// Calls `path` at the base of the account's region.
    ///
    /// # Errors
    /// What to say of the task when the base is not to be had; nothing was sent then.
    pub(super) async fn call(
        &self,
        path: &str,
        parameters: Parameters,
        deadline: Instant,
    ) -> Result<Reply, Attempted> {
        let base = self.base(deadline).await?;
        let (reply, reached) = self.call_at(&base, path, parameters, deadline).await;
        if !reached {
            self.forget_base().await;
        }
        Ok(reply)
    }

    /// Calls `path` at `base`; also says whether the request may have reached it.
    pub(super) async fn call_at(
        &self,
        base: &str,
        path: &str,
        parameters: Parameters,
        deadline: Instant,
    ) -> (Reply, bool) {
        let started = Instant::now();
        let Ok(nonce) = getrandom::u64() else {
            let why = Why::new("the operating system gave no random bytes");
            return (Reply::Not { why, after: None }, true);
        };
        let ask = self.ask(&format!("{base}{path}"), self.signed(parameters, nonce));
        let (reply, reached) = match self.http.call(ask, deadline).await {
            Ok(answer) => (read(&answer), true),
            Err(Failure::Before(text)) => (Reply::Not { why: Why::new(text), after: None }, false),
            Err(Failure::After(text)) => (Reply::Unsure(Why::new(text)), true),
        };
        let ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::info!(provider = self.name, path, said = %reply.why(), ms, "called");
        (reply, reached)
    }

    /// All parameters with their signature. Time and nonce are always sent: some of the system's own
    /// papers require them, and none refuses them.
    fn signed(&self, parameters: Parameters, nonce: u64) -> Vec<(&'static str, String)> {
        let mut all = parameters;
        all.extend([
            ("partnerKey", self.settings.partner_key.clone()),
            ("signatureMethod", "HMAC-SHA1".to_owned()),
            ("signatureNonce", nonce.to_string()),
            ("signatureVersion", "1.0".to_owned()),
            ("timestamp", self.clock.now().0.to_string()),
        ]);
        let string = signature::canonical(all.iter().map(|(name, value)| (*name, value.as_str())));
        let signature = signature::sign(&self.secret.load(), &string);
        all.push((signature::PARAMETER, signature));
        all
    }

    fn ask(&self, url: &str, parameters: Vec<(&'static str, String)>) -> Ask {
        let encoded = || Serializer::new(String::new()).extend_pairs(&parameters).finish();
        let ask = |url| Ask::new(Method::POST, url);
        match self.settings.send_as {
            SendAs::Query => ask(format!("{url}?{}", encoded())),
            SendAs::Form => ask(url.to_owned()).with("application/x-www-form-urlencoded", encoded()),
            SendAs::Json => {
                let text = |(name, value): (&str, String)| (name.to_owned(), Value::String(value));
                let body: Map<_, _> = parameters.into_iter().map(text).collect();
                ask(url.to_owned()).with("application/json", Value::Object(body).to_string())
            }
        }
    }
}

impl Reply {
    fn why(&self) -> &Why {
        match self {
            Self::Said { why, .. } | Self::Not { why, .. } | Self::Unsure(why) => why,
        }
    }
}

/// An answer that is no envelope may come from anything on the way, before or after the system itself.
fn read(answer: &Answer) -> Reply {
    if answer.status == 429 {
        return Reply::Not { why: Why::new("too many calls"), after: answer.retry_after };
    }
    let speaks = matches!(answer.status, 200..=299 | 400..=499);
    let envelope = serde_json::from_slice::<Envelope>(&answer.body).ok().filter(|_| speaks);
    let code = envelope.as_ref().and_then(|envelope| text(&envelope.result_code));
    match (envelope, code) {
        (Some(envelope), Some(code)) => {
            let (class, words) = meaning(&code);
            Reply::Said { class, why: Why::answered(&code, words), result: envelope.result }
        }
        _ => Reply::Unsure(Why::new(format!("HTTP {} without a result code", answer.status))),
    }
}

/// Ids are texts, and numbers are forgiven; empty is absent.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::config::{Provider, ProviderKind};

    #[test]
    fn a_renewed_secret_signs_what_comes_after_it() {
        let settings = Provider {
            kind: ProviderKind::Activation,
            base_url: Some("http://127.0.0.1:1".to_owned()),
            partner_key: Some("k".to_owned()),
            partner_secret: Some("first".to_owned().into()),
            source_app: Some(1),
            ..Provider::default()
        };
        let remote = settings.activation().expect("whole settings");
        let remote = Remote::new("test", remote, Clock::from_fn(|| Timestamp(0))).expect("a client");
        let signature = |remote: &Remote| {
            let signed = remote.signed(vec![("a", "b".to_owned())], 7);
            signed.into_iter().find(|(name, _)| *name == signature::PARAMETER).map(|(_, value)| value)
        };
        let first = signature(&remote);
        assert_eq!(signature(&remote), first);
        remote.renew("second".to_owned().into());
        assert_ne!(signature(&remote), first);
    }
}
