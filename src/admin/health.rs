//! Whether notices can be kept: asked by committing something, not by guessing.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use crate::json;
use crate::ledger::{Ledger, NotKept};
use crate::server::Response;
use crate::telemetry::Chain;
use crate::worker::Beat;

/// How long an answer serves further askers, so that probes cost no more than a commit a second.
const FRESH: Duration = Duration::from_secs(1);

/// A commit that takes longer than this is as good as none.
const PROBE_MAX: Duration = Duration::from_secs(3);

pub(super) struct Health {
    ledger: Ledger,
    worker: Option<Beat>,
    last: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Health {
    pub(super) fn new(ledger: Ledger, worker: Option<Beat>) -> Self {
        Self { ledger, worker, last: Mutex::new(None) }
    }

    /// 200 or 503, with a report. The schema was checked when the ledger was opened. How long ago the worker
    /// of this process got through its round stands beside it and does not count: notices are kept without
    /// one. By `deadline` there is an answer either way.
    pub(super) async fn answer(&self, deadline: Instant) -> Response {
        let ledger = self.ledger(deadline).await;
        let worker_age = self.worker.as_ref().and_then(Beat::age);
        let report = json!({
            "ready": ledger.is_ok(),
            "ledger": ledger.as_ref().err().map_or("ok", String::as_str),
            "schema": "ok",
            "waiting": self.ledger.waiting(),
            "worker_age_s": worker_age.map(|age| age.as_secs()),
        });
        let mut response = json::ok(&report);
        if ledger.is_err() {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        response
    }

    async fn ledger(&self, deadline: Instant) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((at, answer)) = &*last
            && at.elapsed() < FRESH
        {
            return answer.clone();
        }
        let began = Instant::now();
        let answer = match timeout_at(deadline.min(began + PROBE_MAX), self.ledger.probe()).await {
            Ok(Ok(())) => Ok(()),
            // A full queue is a busy writer, unless its last commit failed too.
            Ok(Err(NotKept::Full)) if !self.ledger.is_failing() => Ok(()),
            Ok(Err(error)) => Err(Chain(&error).to_string()),
            Err(_) => Err(format!("a commit takes longer than {} ms", began.elapsed().as_millis())),
        };
        *last = Some((Instant::now(), answer.clone()));
        answer
    }
}
