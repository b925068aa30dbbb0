//! Whether notices can be kept: asked by doing what a notice takes and undoing it, not by guessing. Operators have the
//! whole report; on every other listener it is a surface of its own, which says a word: a balancer asks where it sends
//! what it balances.

use std::time::Duration;

use hyper::{Method, StatusCode};
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::{PLAIN, text};
use crate::json;
use crate::ledger::{Ledger, MigrateError, NotKept};
use crate::server::{Request, Response};
use crate::surface::{Listener, Route, Surface};
use crate::telemetry::Chain;
use crate::worker::Beat;

/// How long an answer serves further askers, so that probes cost no more than a commit a second.
const FRESH: Duration = Duration::from_secs(1);

/// A commit that takes longer than this is as good as none.
const PROBE_MAX: Duration = Duration::from_secs(3);

/// What it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Whether we work at all.
    Live,
    /// Whether notices can be kept.
    Ready,
}

/// Knows, or finds out.
pub struct Health {
    ledger: Ledger,
    worker: Option<Beat>,
    last: Mutex<Option<(Instant, Found)>>,
}

/// What was found, and how many notices had been refused before.
#[derive(Clone)]
struct Found {
    refusals: u64,
    ledger: Result<(), String>,
    schema: Result<(), String>,
}

impl Surface for Health {
    type Call = Probe;

    const NAME: &'static str = "admin";
    const LISTENERS: &'static [Listener] = &[Listener::Carrier, Listener::Main];

    fn routes() -> Vec<Route<Probe>> {
        [("/livez", Probe::Live), ("/readyz", Probe::Ready)]
            .map(|(path, probe)| Route::of(Method::GET, path, probe))
            .into()
    }

    /// A word and a status: nothing of why.
    async fn answer(&self, probe: Probe, _: [&str; 2], request: Request) -> Response {
        let status = match probe {
            Probe::Live => StatusCode::OK,
            Probe::Ready => self.report(request.deadline).await.status(),
        };
        let mut response = text(if status.is_success() { "ok\n" } else { "not ready\n" }, PLAIN);
        *response.status_mut() = status;
        response
    }
}

impl Health {
    /// `worker` is this process's, where it has one.
    #[must_use]
    pub fn new(ledger: Ledger, worker: Option<Beat>) -> Self {
        Self { ledger, worker, last: Mutex::new(None) }
    }

    /// 200 or 503, with a report. A schema that another gateway has brought up to date meanwhile is not ours
    /// any more. How long ago the worker of this process got through its round stands beside it and does not
    /// count: notices are kept without one. By `deadline` there is an answer either way.
    pub(super) async fn report(&self, deadline: Instant) -> Response {
        let Found { ledger, schema, .. } = self.found(deadline).await;
        let ready = ledger.is_ok() && schema.is_ok();
        let worker_age = self.worker.as_ref().and_then(Beat::age);
        let report = json!({
            "ready": ready,
            "ledger": ledger.as_ref().err().map_or("ok", String::as_str),
            "schema": schema.as_ref().err().map_or("ok", String::as_str),
            "waiting": self.ledger.waiting(),
            "worker_age_s": worker_age.map(|age| age.as_secs()),
        });
        let mut response = json::ok(&report);
        if !ready {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        response
    }

    async fn found(&self, deadline: Instant) -> Found {
        let mut last = self.last.lock().await;
        let refusals = self.ledger.refusals();
        // A notice that was refused since says more than an older answer that none would be.
        if let Some((at, found)) = &*last
            && at.elapsed() < FRESH
            && (found.ledger.is_err() || found.refusals == refusals)
        {
            return found.clone();
        }
        let began = Instant::now();
        let until = deadline.min(began + PROBE_MAX);
        let ledger = match timeout_at(until, self.ledger.probe()).await {
            Ok(Ok(())) => Ok(()),
            // A full queue is a busy writer, unless its last commit failed too.
            Ok(Err(NotKept::Full)) if !self.ledger.is_failing() => Ok(()),
            Ok(Err(error)) => Err(Chain(&error).to_string()),
            Err(_) => Err(format!("a commit takes longer than {} ms", began.elapsed().as_millis())),
        };
        let schema = match &ledger {
            Ok(()) => self.schema(until).await,
            Err(_) => Err("not known: the ledger does not answer".to_owned()),
        };
        let found = Found { refusals, ledger, schema };
        *last = Some((Instant::now(), found.clone()));
        found
    }

    async fn schema(&self, until: Instant) -> Result<(), String> {
        match timeout_at(until, self.ledger.check_schema()).await {
            Ok(Err(error @ (MigrateError::Newer(_) | MigrateError::Older))) => Err(Chain(&error).to_string()),
            // Where it cannot be read, readers are in trouble: notices are kept all the same.
            Ok(_) | Err(_) => Ok(()),
        }
    }
}
