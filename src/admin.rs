//! What operators call: health, metrics, and JSON about what is kept (contract section 7). On a
//! listener of its own, guarded against pages in an operator's browser.

mod audit;
mod guard;
mod health;
mod notices;
mod orders;
mod query;
mod repairs;
mod tasks;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::SecretString;
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::catalog::GrantKind;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::json::{self, Problem};
use crate::ledger::fulfil::TaskOperation;
use crate::ledger::{Ledger, Operation, StoreError, WOULD_BE};
use crate::order::payment::Became;
use crate::server::{Guesses, Request, Response};
use crate::story;
use crate::subscription::judge::Reason;
use crate::surface::{Listener, Route, Surface};
use crate::telemetry::{self, Recorder};
pub use health::Health;

/// The OpenAPI document of all JSON surfaces, as it is printed and served.
pub const OPENAPI: &str = include_str!("openapi.json");

const PLAIN: &str = "text/plain; charset=utf-8";

/// How long a scrape waits for the ledger: those who scrape wait 10 seconds, if nobody told them otherwise.
const COUNT_MAX: Duration = Duration::from_secs(2);

/// The admin surface.
pub struct Admin {
    ledger: Ledger,
    clock: Clock,
    recorder: Recorder,
    token: Option<SecretString>,
    hosts: Vec<config::Host>,
    guesses: Guesses,
    /// The providers' names, for what is counted of each.
    providers: Vec<String>,
    health: Arc<Health>,
}

/// The calls there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Whether we work at all.
    Livez,
    /// Whether notices can be kept.
    Readyz,
    /// Counters, for a scrape.
    Metrics,
    /// The OpenAPI document.
    Openapi,
    /// A number's whole story.
    Subscriber,
    /// All that a number has ends.
    End,
    /// An operator's own grant.
    Grant,
    /// The journal.
    Notices,
    /// One notice.
    Notice,
    /// A notice is judged again.
    Retry,
    /// A notice is laid aside.
    Discard,
    /// What providers are owed.
    Tasks,
    /// A task is owed again.
    RetryTask,
    /// A task is owed no more.
    DiscardTask,
    /// What camera apps sold.
    Orders,
    /// One order.
    Order,
    /// An order was paid back.
    RefundOrder,
    /// Payments for orders.
    Payments,
    /// A payment that settled none was paid back.
    RefundPayment,
    /// What operators changed.
    Audit,
    /// How many there are of each.
    Stats,
    /// A path that there is none for.
    Nothing,
}

/// Its paths, as the OpenAPI document names them.
pub const ROUTES: [(Method, &str, Call); 21] = [
    (Method::GET, "/livez", Call::Livez),
    (Method::GET, "/readyz", Call::Readyz),
    (Method::GET, "/metrics", Call::Metrics),
    (Method::GET, "/openapi.json", Call::Openapi),
    (Method::GET, "/api/v1/subscribers/{msisdn}", Call::Subscriber),
    (Method::POST, "/api/v1/subscribers/{msisdn}/end", Call::End),
    (Method::POST, "/api/v1/subscribers/{msisdn}/grant", Call::Grant),
    (Method::GET, "/api/v1/notices", Call::Notices),
    (Method::GET, "/api/v1/notices/{id}", Call::Notice),
    (Method::POST, "/api/v1/notices/{id}/retry", Call::Retry),
    (Method::POST, "/api/v1/notices/{id}/discard", Call::Discard),
    (Method::GET, "/api/v1/tasks", Call::Tasks),
    (Method::POST, "/api/v1/tasks/{id}/retry", Call::RetryTask),
    (Method::POST, "/api/v1/tasks/{id}/discard", Call::DiscardTask),
    (Method::GET, "/api/v1/orders", Call::Orders),
    (Method::GET, "/api/v1/orders/{id}", Call::Order),
    (Method::POST, "/api/v1/orders/{id}/refund", Call::RefundOrder),
    (Method::GET, "/api/v1/payments", Call::Payments),
    (Method::POST, "/api/v1/payments/refund", Call::RefundPayment),
    (Method::GET, "/api/v1/audit", Call::Audit),
    (Method::GET, "/api/v1/stats", Call::Stats),
];

impl Surface for Admin {
    type Call = Call;

    const NAME: &'static str = "admin";
    const LISTENERS: &'static [Listener] = &[Listener::Admin];
    const ELSEWHERE: Option<(&'static str, Call)> = Some(("/", Call::Nothing));

    fn routes() -> Vec<Route<Call>> {
        ROUTES.into_iter().map(|(method, path, call)| Route::of(method, path, call)).collect()
    }

    /// `item`: a number or an id.
    async fn answer(&self, call: Call, [item, _]: [&str; 2], mut request: Request) -> Response {
        let answered = match self.admit(call, &request) {
            Ok(()) => json::by(request.deadline, self.call(call, item, &mut request)).await,
            Err(problem) => Err(problem),
        };
        answered.unwrap_or_else(|problem| problem.response(Self::NAME, request.peer))
    }
}

impl Admin {
    /// Builds the surface from its settings.
    #[must_use]
    pub fn new(
        config: &Config,
        guesses: Guesses,
        ledger: Ledger,
        clock: Clock,
        recorder: Recorder,
        health: Arc<Health>,
    ) -> Self {
        let settings = &config.admin;
        Self {
            providers: config.providers.keys().cloned().collect(),
            health,
            token: settings.token.clone(),
            hosts: settings.hosts.clone(),
            guesses,
            ledger,
            clock,
            recorder,
        }
    }

    /// Probes of health carry no token and call by address: they come from machines that hold no secrets,
    /// and learn nothing but whether we work. No page of a browser knows the token, so that who bears it may
    /// name us as he likes.
    fn admit(&self, call: Call, request: &Request) -> Result<(), Problem> {
        let headers = &request.headers;
        guard::origin(&request.method, headers)?;
        let probe = matches!(call, Call::Livez | Call::Readyz);
        let Some(token) = &self.token else {
            guard::direct(headers)?;
            return if probe { Ok(()) } else { guard::host(headers, &self.hosts) };
        };
        if probe {
            return Ok(());
        }
        let sender = self.guesses.admit(request).map_err(Problem::unheard)?;
        guard::token(headers, token).or_else(|refusal| {
            // Whoever sends none guesses nothing.
            headers.get(AUTHORIZATION).inspect(|_| self.guesses.wrong(sender));
            guard::host(headers, &self.hosts).and(Err(refusal))
        })
    }

    async fn call(&self, call: Call, item: &str, request: &mut Request) -> Result<Response, Problem> {
        let nothing = || Problem::not_found("there is no such path");
        let known = query::names(call).ok_or_else(nothing)?;
        let query = json::Query::read(request.uri.query(), known)?;
        match call {
            Call::Livez => Ok(text("ok\n", PLAIN)),
            Call::Readyz => Ok(self.health.report(request.deadline).await),
            Call::Metrics => Ok(self.metrics(request.deadline).await),
            Call::Openapi => Ok(text(OPENAPI, "application/json")),
            Call::Subscriber => self.subscriber(item).await,
            Call::End => self.end(item, request).await,
            Call::Grant => self.grant(item, request).await,
            Call::Notices => self.notices(&query).await,
            Call::Notice => self.notice(json::notice_id(item)?).await,
            Call::Retry => self.operate(Operation::Retry, json::notice_id(item)?, request).await,
            Call::Discard => self.operate(Operation::Discard, json::notice_id(item)?, request).await,
            Call::Tasks => self.tasks(&query).await,
            Call::RetryTask => self.operate_task(TaskOperation::Retry, item).await,
            Call::DiscardTask => self.operate_task(TaskOperation::Discard, item).await,
            Call::Orders => self.orders(&query).await,
            Call::Order => self.order(item).await,
            Call::RefundOrder => self.refund_order(item, request).await,
            Call::Payments => self.payments(&query).await,
            Call::RefundPayment => self.refund_payment(request).await,
            Call::Audit => self.audit(&query).await,
            Call::Stats => self.stats().await,
            Call::Nothing => Err(nothing()),
        }
    }

    /// Counters as they stand; what is parked, in stock or owed as counted now, or last where the ledger does
    /// not answer: who scrapes waits no longer than he must.
    async fn metrics(&self, deadline: Instant) -> Response {
        // What this process knows of itself is told all the same, and in time.
        let counting = COUNT_MAX.min(deadline.saturating_duration_since(Instant::now()) / 2);
        if timeout(counting, self.count_rows()).await.is_err() {
            tracing::warn!("what is in the ledger was not counted: it does not answer");
        }
        self.ledger.measure();
        telemetry::process();
        text(self.recorder.render(), "text/plain; version=0.0.4; charset=utf-8")
    }

    /// What is parked, in stock or owed, from indexes.
    async fn count_rows(&self) {
        count(Reason::ALL.map(Reason::as_str), self.ledger.parked().await, telemetry::parked);
        count(WOULD_BE, self.ledger.would_be().await, telemetry::would_be);
        count(
            GrantKind::ALL.map(GrantKind::word),
            self.ledger.codes_in_stock(self.clock.now()).await,
            telemetry::codes_unused,
        );
        count(Became::kept(), self.ledger.payments_kept().await, telemetry::payments_kept);
        if let Err(error) = self.measure_tasks().await {
            tracing::warn!(error = %telemetry::Chain(&error), "tasks not counted");
        }
    }

    async fn subscriber(&self, number: &str) -> Result<Response, Problem> {
        let number = json::number(number)?;
        let told = story::tell(&self.ledger, &number, self.clock.now()).await;
        told.map(|story| json::ok(&story)).map_err(|error| Problem::unavailable(&error))
    }

    async fn stats(&self) -> Result<Response, Problem> {
        let stats =
            self.ledger.stats(self.clock.now()).await.map_err(|error| Problem::unavailable(&error))?;
        Ok(json::ok(&json!({
            "subscriptions": stats.subscriptions,
            "tasks": stats.tasks,
            "oldest_due_s": stats.oldest_due_s,
            "parked": stats.parked,
            "would_be": stats.would_be,
            "codes": stats.codes,
        })))
    }
}

/// Shows a count of each word, 0 where there is none: an alarm needs the zero.
fn count(
    words: impl IntoIterator<Item = &'static str>,
    counted: Result<BTreeMap<String, i64>, StoreError>,
    show: fn(&'static str, u32),
) {
    match counted {
        Ok(counts) => {
            for word in words {
                let many = counts.get(word).copied().unwrap_or_default();
                show(word, u32::try_from(many).unwrap_or(u32::MAX));
            }
        }
        Err(error) => tracing::warn!(error = %telemetry::Chain(&error), "not counted for the metrics"),
    }
}

fn text(body: impl Into<bytes::Bytes>, content_type: &'static str) -> Response {
    let mut response = Response::new(body.into().into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
