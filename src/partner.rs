//! Our own JSON API for partners: what a number is subscribed to and entitled to (contract section
//! 4). A partner is known by its Bearer token.

use hyper::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::clock::Clock;
use crate::config;
use crate::json::{self, Problem};
use crate::ledger::Ledger;
use crate::limits::Limiter;
use crate::server::{Request, Response};
use crate::story;
use crate::telemetry::{self, StatusClass};

/// The partner surface.
pub struct Partners {
    ledger: Ledger,
    clock: Clock,
    tokens: Vec<(String, SecretString)>,
    limiter: Limiter<String>,
}

/// The calls there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// `GET /v1/subscribers/{msisdn}/subscriptions`.
    Subscriptions,
    /// `GET /v1/subscribers/{msisdn}/entitlements`.
    Entitlements,
    /// A path or method that there is none for.
    Nothing,
}

impl Partners {
    /// Builds the surface. Partners without a token cannot call it.
    #[must_use]
    pub fn new(partners: &[config::Partner], per_second: u32, ledger: Ledger, clock: Clock) -> Self {
        let token = |partner: &config::Partner| Some((partner.name.clone(), partner.token.clone()?));
        let tokens = partners.iter().filter_map(token).collect();
        Self { ledger, clock, tokens, limiter: Limiter::new(per_second) }
    }

    /// Answers one request; `number` is the path's.
    pub async fn answer(&self, call: Call, number: &str, request: Request) -> Response {
        let response = match self.admit(&request) {
            Ok(()) => self.call(call, number, request.uri.query()).await.unwrap_or_else(|p| p.response()),
            Err(problem) => problem.response(),
        };
        telemetry::request("partner", StatusClass::of(response.status().as_u16()));
        response
    }

    fn admit(&self, request: &Request) -> Result<(), Problem> {
        let partner = self.partner(request.headers.get(AUTHORIZATION));
        let partner = partner.ok_or_else(|| Problem::unauthorized("a partner's Bearer token is needed"))?;
        self.limiter.check(partner).map_err(|limited| Problem::limited(limited.retry_after_s()))
    }

    /// Whose token it is. Every token is compared, in constant time.
    fn partner(&self, header: Option<&HeaderValue>) -> Option<&String> {
        let sent = json::bearer(header)?;
        let same = |token: &SecretString| bool::from(token.expose_secret().as_bytes().ct_eq(sent));
        self.tokens.iter().filter(|(_, token)| same(token)).map(|(name, _)| name).next_back()
    }

    async fn call(&self, call: Call, number: &str, query: Option<&str>) -> Result<Response, Problem> {
        if call == Call::Nothing {
            return Err(Problem::not_found("there is no such path"));
        }
        let number = json::number(number)?;
        let now = self.clock.now();
        let at = json::time_parameter(query, "at")?;
        let holdings = self.ledger.holdings(&number).await.map_err(|error| Problem::unavailable(&error))?;
        let msisdn = number.in_full();
        Ok(json::ok(&match call {
            Call::Entitlements => {
                let rights = story::rights(&self.ledger, &number, &holdings, at.unwrap_or(now), now);
                let entitlements = rights.await.map_err(|error| Problem::unavailable(&error))?;
                json!({"msisdn": msisdn, "entitlements": entitlements})
            }
            Call::Subscriptions | Call::Nothing => {
                json!({"msisdn": msisdn, "subscriptions": story::subscriptions(&holdings, now)})
            }
        }))
    }
}
