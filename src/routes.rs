//! Which path is whose: one table, listener and method and path to a call.

use std::sync::Arc;

use hyper::{Method, StatusCode};

use crate::activation::{self, Activation};
use crate::admin::{self, Admin};
use crate::carrier::Carrier;
use crate::flussonic::Flussonic;
use crate::json;
use crate::partner::{self, Partners};
use crate::server::{Request, Response};
use crate::wire::request::Expected;

const OF_SUBSCRIBER: &str = "/v1/subscribers/{msisdn}/devices/{device_id}";
const OF_ACCOUNT: &str = "/v1/accounts/{user_account}/devices/{device_id}";

/// The paths of the JSON surfaces, as the OpenAPI document names them.
pub const JSON_ROUTES: [(Method, &str, Call); 24] = {
    use admin::Call as A;
    use partner::Call as P;
    [
        (Method::GET, "/v1/subscribers/{msisdn}/subscriptions", Call::Partner(P::Subscriptions)),
        (Method::GET, "/v1/subscribers/{msisdn}/entitlements", Call::Partner(P::Entitlements)),
        (Method::PUT, OF_SUBSCRIBER, Call::Partner(P::BindToNumber)),
        (Method::DELETE, OF_SUBSCRIBER, Call::Partner(P::UnbindFromNumber)),
        (Method::PUT, OF_ACCOUNT, Call::Partner(P::BindToAccount)),
        (Method::DELETE, OF_ACCOUNT, Call::Partner(P::UnbindFromAccount)),
        (Method::GET, "/flussonic/v1/auth", Call::Flussonic),
        (Method::GET, "/flussonic/v1/auth/{key}", Call::Flussonic),
        (Method::GET, "/livez", Call::Admin(A::Livez)),
        (Method::GET, "/readyz", Call::Admin(A::Readyz)),
        (Method::GET, "/metrics", Call::Admin(A::Metrics)),
        (Method::GET, "/openapi.json", Call::Admin(A::Openapi)),
        (Method::GET, "/api/v1/subscribers/{msisdn}", Call::Admin(A::Subscriber)),
        (Method::POST, "/api/v1/subscribers/{msisdn}/end", Call::Admin(A::End)),
        (Method::POST, "/api/v1/subscribers/{msisdn}/grant", Call::Admin(A::Grant)),
        (Method::GET, "/api/v1/notices", Call::Admin(A::Notices)),
        (Method::GET, "/api/v1/notices/{id}", Call::Admin(A::Notice)),
        (Method::POST, "/api/v1/notices/{id}/retry", Call::Admin(A::Retry)),
        (Method::POST, "/api/v1/notices/{id}/discard", Call::Admin(A::Discard)),
        (Method::GET, "/api/v1/tasks", Call::Admin(A::Tasks)),
        (Method::POST, "/api/v1/tasks/{id}/retry", Call::Admin(A::RetryTask)),
        (Method::POST, "/api/v1/tasks/{id}/discard", Call::Admin(A::DiscardTask)),
        (Method::GET, "/api/v1/audit", Call::Admin(A::Audit)),
        (Method::GET, "/api/v1/stats", Call::Admin(A::Stats)),
    ]
};

/// The carrier's paths: whatever the method, each also with `.html` and with `/` at its end.
const CARRIER_ROUTES: [(&str, Expected); 5] = [
    ("/vascloud/v1/notify_reg", Expected::Notify),
    ("/vascloud/v1/notify_sub", Expected::Notify),
    ("/vascloud/v1/notifySubscriber", Expected::Notify),
    ("/vascloud/v1/notify_check", Expected::Check),
    ("/vascloud/v1/notifyCheckSubscriber", Expected::Check),
];

/// Health in a word, on every listener but the operators', who have the whole report on the same paths: a
/// balancer asks where it sends what it balances.
const HEALTH_ROUTES: [(&str, admin::Call); 2] =
    [("/livez", admin::Call::Livez), ("/readyz", admin::Call::Readyz)];

/// What a path is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// A carrier's message, of either kind.
    Carrier(Expected),
    /// A partner's call.
    Partner(partner::Call),
    /// A signed request about codes.
    Activation(activation::Call),
    /// A streamer's question.
    Flussonic,
    /// An operator's call.
    Admin(admin::Call),
    /// A balancer's question.
    Health(admin::Call),
}

/// A path's calls by method; `None` takes every method and answers the wrong ones itself.
type Calls = Vec<(Option<Method>, Call)>;

/// Paths and their calls.
type Table = Vec<(String, Calls)>;

/// One listener's paths.
pub struct Routes {
    paths: matchit::Router<Calls>,
    /// Where a path that is not in the table belongs.
    elsewhere: Option<&'static str>,
    carrier: Option<Arc<Carrier>>,
    partners: Option<Arc<Partners>>,
    activation: Option<Arc<Activation>>,
    flussonic: Option<Arc<Flussonic>>,
    admin: Option<Arc<Admin>>,
    health: Option<Arc<Admin>>,
}

impl Routes {
    /// The listener of every surface but admin; without the carrier's where that has its own.
    #[must_use]
    pub fn main(
        carrier: Option<Arc<Carrier>>,
        partners: Arc<Partners>,
        activation: Arc<Activation>,
        flussonic: Arc<Flussonic>,
        health: Arc<Admin>,
    ) -> Self {
        let mut table = json_routes(|call| matches!(call, Call::Partner(_) | Call::Flussonic));
        table.extend(carrier.iter().flat_map(|_| carrier_routes()));
        table.extend(activation_routes());
        table.extend(health_routes());
        let (partners, activation, flussonic) = (Some(partners), Some(activation), Some(flussonic));
        let health = Some(health);
        Self { elsewhere: Some("/v1/"), carrier, partners, activation, flussonic, health, ..Self::of(table) }
    }

    /// The carrier's own listener.
    #[must_use]
    pub fn carrier(carrier: Arc<Carrier>, health: Arc<Admin>) -> Self {
        let mut table = carrier_routes();
        table.extend(health_routes());
        Self { carrier: Some(carrier), health: Some(health), ..Self::of(table) }
    }

    /// The operators' listener.
    #[must_use]
    pub fn admin(admin: Arc<Admin>) -> Self {
        let table = json_routes(|call| matches!(call, Call::Admin(_)));
        Self { elsewhere: Some("/"), admin: Some(admin), ..Self::of(table) }
    }

    fn of(table: Table) -> Self {
        let mut paths = matchit::Router::new();
        for (path, calls) in table {
            // The tables above are constants without a conflict: the tests of this module see to it.
            let _ = paths.insert(path, calls);
        }
        Self {
            paths,
            elsewhere: None,
            carrier: None,
            partners: None,
            activation: None,
            flussonic: None,
            admin: None,
            health: None,
        }
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request) -> Response {
        let path = request.uri.path().to_owned();
        let Ok(found) = self.paths.at(&path) else { return self.unknown(&path, request).await };
        let mut items = found.params.iter().map(|(_, value)| value);
        let items = [items.next().unwrap_or_default(), items.next().unwrap_or_default()];
        // A HEAD is a GET whose body the server leaves out.
        let asked = if request.method == Method::HEAD { Method::GET } else { request.method.clone() };
        let fits = |method: &Option<Method>| method.as_ref().is_none_or(|method| *method == asked);
        match found.value.iter().find(|(method, _)| fits(method)) {
            Some((_, call)) => self.call(*call, items, request).await,
            None => json::method_not_allowed(&methods(found.value), self.json_surface(), request.peer),
        }
    }

    /// `items`: what stands in the path, up to two. Each surface's work is in a box of its own: a request has room
    /// for its own and not for the largest.
    async fn call(&self, call: Call, items: [&str; 2], request: Request) -> Response {
        match call {
            Call::Carrier(expected) => {
                let Some(carrier) = &self.carrier else { return not_found() };
                Box::pin(carrier.answer(expected, request)).await
            }
            Call::Partner(call) => {
                let Some(partners) = &self.partners else { return not_found() };
                Box::pin(partners.answer(call, items, request)).await
            }
            Call::Activation(call) => {
                let Some(activation) = &self.activation else { return not_found() };
                Box::pin(activation.answer(call, request)).await
            }
            Call::Flussonic => {
                let Some(flussonic) = &self.flussonic else { return not_found() };
                Box::pin(flussonic.answer(items[0], request)).await
            }
            Call::Admin(call) => {
                let Some(admin) = &self.admin else { return not_found() };
                Box::pin(admin.answer(call, items[0], request)).await
            }
            Call::Health(call) => {
                let Some(health) = &self.health else { return not_found() };
                health.say(call, request.deadline).await
            }
        }
    }

    /// Whose word a wrong method gets, for the log: the carrier and the activation surface have their own.
    const fn json_surface(&self) -> &'static str {
        if self.admin.is_some() { "admin" } else { "partner" }
    }

    /// A path in nobody's table: plain text, but in a JSON surface's own words below its prefix.
    async fn unknown(&self, path: &str, request: Request) -> Response {
        if self.elsewhere.is_none_or(|prefix| !path.starts_with(prefix)) {
            return not_found();
        }
        match (&self.partners, &self.admin) {
            (Some(partners), _) => partners.answer(partner::Call::Nothing, [""; 2], request).await,
            (_, Some(admin)) => admin.answer(admin::Call::Nothing, "", request).await,
            _ => not_found(),
        }
    }
}

fn carrier_routes() -> Table {
    let spelled = |(path, expected): (&str, Expected)| {
        ["", ".html", "/", ".html/"]
            .map(|end| (format!("{path}{end}"), vec![(None, Call::Carrier(expected))]))
    };
    CARRIER_ROUTES.into_iter().flat_map(spelled).collect()
}

/// The activation surface answers wrong methods itself, in its own grammar.
fn activation_routes() -> Table {
    let route = |(path, call): (&str, _)| (path.to_owned(), vec![(None, Call::Activation(call))]);
    activation::PATHS.into_iter().map(route).collect()
}

fn health_routes() -> Table {
    let route = |(path, call): (&str, _)| (path.to_owned(), vec![(Some(Method::GET), Call::Health(call))]);
    HEALTH_ROUTES.into_iter().map(route).collect()
}

fn json_routes(wanted: fn(&Call) -> bool) -> Table {
    let mut table = Table::new();
    for (method, path, call) in JSON_ROUTES.into_iter().filter(|(.., call)| wanted(call)) {
        match table.iter_mut().find(|(known, _)| known == path) {
            Some((_, calls)) => calls.push((Some(method), call)),
            None => table.push((path.to_owned(), vec![(Some(method), call)])),
        }
    }
    table
}

fn methods(calls: &[(Option<Method>, Call)]) -> String {
    let names: Vec<&str> = calls.iter().filter_map(|(method, _)| Some(method.as_ref()?.as_str())).collect();
    names.join(", ")
}

fn not_found() -> Response {
    let mut response = Response::new(http_body_util::Full::from("not found\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    let plain = hyper::header::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, plain);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_of_the_table_hides_another() {
        for table in [carrier_routes(), activation_routes(), health_routes(), json_routes(|_| true)] {
            let mut paths = matchit::Router::new();
            for (path, _) in table {
                paths.insert(path.clone(), ()).unwrap_or_else(|error| panic!("{path}: {error}"));
            }
        }
    }
}
