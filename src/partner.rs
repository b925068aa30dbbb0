//! Our own JSON API for partners: what a number is subscribed to and entitled to, and which devices are
//! whose (contract section 4). A partner is known by its Bearer token, and sees what its [`View`] shows.

mod devices;

use std::sync::Arc;

use hyper::Method;
use hyper::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use subtle::ConstantTimeEq;

use crate::clock::Clock;
use crate::config;
use crate::json::{self, Problem, Query};
use crate::ledger::Ledger;
use crate::limits::Limiter;
use crate::server::{Guesses, Request, Response};
use crate::service::wanted::Owner;
use crate::story::{self, View};
use crate::surface::{Listener, Route, Surface};

const OF_SUBSCRIBER: &str = "/v1/subscribers/{msisdn}/devices/{device_id}";
const OF_ACCOUNT: &str = "/v1/accounts/{user_account}/devices/{device_id}";

/// Its paths, as the OpenAPI document names them.
pub const ROUTES: [(Method, &str, Call); 6] = [
    (Method::GET, "/v1/subscribers/{msisdn}/subscriptions", Call::Subscriptions),
    (Method::GET, "/v1/subscribers/{msisdn}/entitlements", Call::Entitlements),
    (Method::PUT, OF_SUBSCRIBER, Call::BindToNumber),
    (Method::DELETE, OF_SUBSCRIBER, Call::UnbindFromNumber),
    (Method::PUT, OF_ACCOUNT, Call::BindToAccount),
    (Method::DELETE, OF_ACCOUNT, Call::UnbindFromAccount),
];

/// The partner surface.
pub struct Partners {
    ledger: Ledger,
    clock: Clock,
    partners: Vec<Known>,
    limiter: Arc<Limiter<String>>,
    guesses: Guesses,
}

/// A partner that may call.
struct Known {
    name: String,
    token: SecretString,
    view: View,
}

/// The calls there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// What a number is subscribed to.
    Subscriptions,
    /// What it is entitled to.
    Entitlements,
    /// A device becomes a number's.
    BindToNumber,
    /// It is so no more.
    UnbindFromNumber,
    /// A device becomes an account's.
    BindToAccount,
    /// It is so no more.
    UnbindFromAccount,
    /// A path or method that there is none for.
    Nothing,
}

impl Call {
    /// The names of its parameters; none of a path that there is no call for.
    const fn parameters(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Entitlements => Some(&["at"]),
            Self::Nothing => None,
            _ => Some(&[]),
        }
    }
}

impl Surface for Partners {
    type Call = Call;

    const NAME: &'static str = "partner";
    const LISTENERS: &'static [Listener] = &[Listener::Main];
    const ELSEWHERE: Option<(&'static str, Call)> = Some(("/v1/", Call::Nothing));

    fn routes() -> Vec<Route<Call>> {
        ROUTES.into_iter().map(|(method, path, call)| Route::of(method, path, call)).collect()
    }

    /// `items`: a number or an account, and a device.
    async fn answer(&self, call: Call, items: [&str; 2], mut request: Request) -> Response {
        let answered = match self.admit(&request) {
            Ok(view) => json::by(request.deadline, self.call(view, call, items, &mut request)).await,
            Err(problem) => Err(problem),
        };
        answered.unwrap_or_else(|problem| problem.response(Self::NAME, request.peer))
    }
}

impl Partners {
    /// Builds the surface. Partners without a token cannot call it; the limiter is by partner.
    #[must_use]
    pub fn new(
        partners: &[config::Partner],
        limiter: Arc<Limiter<String>>,
        guesses: Guesses,
        ledger: Ledger,
        clock: Clock,
    ) -> Self {
        let known = |partner: &config::Partner| {
            let (name, token) = (partner.name.clone(), partner.token.clone()?);
            Some(Known { name, token, view: View::of(partner) })
        };
        let partners = partners.iter().filter_map(known).collect();
        Self { ledger, clock, partners, limiter, guesses }
    }

    fn admit(&self, request: &Request) -> Result<&View, Problem> {
        let sender = self.guesses.admit(request).map_err(Problem::unheard)?;
        let header = request.headers.get(AUTHORIZATION);
        let partner = self.partner(header).ok_or_else(|| {
            // Whoever sends none guesses nothing.
            header.inspect(|_| self.guesses.wrong(sender));
            Problem::unauthorized("a partner's Bearer token is needed")
        })?;
        self.limiter.check(&partner.name).map_err(Problem::limited)?;
        Ok(&partner.view)
    }

    /// Whose token it is. Every token is compared, in constant time.
    fn partner(&self, header: Option<&HeaderValue>) -> Option<&Known> {
        let sent = json::bearer(header)?;
        let same = |token: &SecretString| bool::from(token.expose_secret().as_bytes().ct_eq(sent));
        self.partners.iter().rfind(|partner| same(&partner.token))
    }

    async fn call(
        &self,
        view: &View,
        call: Call,
        [owner, device]: [&str; 2],
        request: &mut Request,
    ) -> Result<Response, Problem> {
        let nothing = || Problem::not_found("there is no such path");
        let known = call.parameters().ok_or_else(nothing)?;
        let query = Query::read(request.uri.query(), known)?;
        match call {
            Call::Subscriptions | Call::Entitlements => self.held(view, call, owner, &query).await,
            Call::BindToNumber => self.bind_to_number(view, owner, device, request).await,
            Call::BindToAccount => self.bind_to_account(view, owner, device, request).await,
            Call::UnbindFromNumber => self.unbind(view, Owner::Number(json::number(owner)?), device).await,
            Call::UnbindFromAccount => {
                let account = json::account(owner)?.within(view.tenant());
                self.unbind(view, Owner::Account(account), device).await
            }
            Call::Nothing => Err(nothing()),
        }
    }

    /// What a number holds.
    async fn held(&self, view: &View, call: Call, number: &str, query: &Query) -> Result<Response, Problem> {
        let number = json::number(number)?;
        let now = self.clock.now();
        let at = query.time("at")?;
        let holdings = self.ledger.holdings(&number).await.map_err(|error| Problem::unavailable(&error))?;
        let holdings = view.held(holdings);
        let msisdn = number.in_full();
        if call == Call::Subscriptions {
            let subscriptions = story::subscriptions(&holdings, now);
            return Ok(json::ok(&json!({"msisdn": msisdn, "subscriptions": subscriptions})));
        }
        let rights = view.rights(&self.ledger, &number, &holdings, at.unwrap_or(now), now);
        let entitlements = rights.await.map_err(|error| Problem::unavailable(&error))?;
        Ok(json::ok(&json!({"msisdn": msisdn, "entitlements": entitlements})))
    }
}
